//! The HTTP client of every service.

use reqwest::{Client, ClientBuilder};

/// A client without redirects and without a proxy.
pub(crate) fn direct() -> reqwest::Result<Client> {
    directly(Client::builder())
}

/// Follows no redirects: a credential must not reach another host, and a Telegram bot's token is in
/// the URL, which the other host would get as the referer. Takes no proxy from the environment.
pub(crate) fn directly(builder: ClientBuilder) -> reqwest::Result<Client> {
    builder.redirect(reqwest::redirect::Policy::none()).referer(false).no_proxy().build()
}
