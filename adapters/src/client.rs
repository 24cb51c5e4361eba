//! The HTTP client of every service.

use reqwest::{Client, ClientBuilder};

/// A client that goes where it is sent and nowhere else.
pub(crate) fn direct() -> reqwest::Result<Client> {
    directly(Client::builder())
}

/// Follows no redirects: a credential must not travel to a host that it is not meant for, and a
/// Telegram bot's token is in the URL, which the other host would be told as the referer. Takes no
/// proxy from the environment.
pub(crate) fn directly(builder: ClientBuilder) -> reqwest::Result<Client> {
    builder.redirect(reqwest::redirect::Policy::none()).referer(false).no_proxy().build()
}
