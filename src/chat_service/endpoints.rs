//! Addresses of the chat services' interfaces: the real ones, or simulated ones.

use std::collections::BTreeMap;

use url::Url;

use crate::secret::Audience;

/// An interface of a chat service.
#[derive(Debug)]
pub struct ServiceApi {
    /// The setting that moves it.
    pub setting: &'static str,
    /// The URL of the real one.
    pub real: &'static str,
}

/// The URLs of interfaces that are not the real ones, by their settings.
#[derive(Clone, Debug, Default)]
pub struct ChatEndpoints(BTreeMap<&'static str, Url>);

impl ChatEndpoints {
    /// The real services.
    pub fn real() -> Self {
        Self::default()
    }

    /// The same, with one interface at this URL.
    pub fn with(mut self, api: &ServiceApi, url: Url) -> Self {
        if text(&url) == api.real {
            self.0.remove(api.setting);
        } else {
            self.0.insert(api.setting, url);
        }
        self
    }

    /// The URL of an interface that is not the real one.
    pub fn moved(&self, api: &ServiceApi) -> Option<&Url> {
        self.0.get(api.setting)
    }

    /// The URL of an interface.
    pub fn url(&self, api: &ServiceApi) -> Url {
        let real = || match Url::parse(api.real) {
            Ok(url) => url,
            Err(_) => unreachable!("a profile names URLs"),
        };
        self.moved(api).cloned().unwrap_or_else(real)
    }

    /// The hosts (as in a URL's authority) of these interfaces.
    pub fn hosts(&self, apis: &[ServiceApi]) -> impl Iterator<Item = String> {
        apis.iter().map(|api| self.url(api).authority().to_owned())
    }

    /// These interfaces as the only ones that may see a key.
    pub fn audience(&self, apis: &[ServiceApi]) -> Audience {
        Audience::of(self.hosts(apis))
    }

    /// The settings that tell a relay of the interfaces that are not the real ones.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        self.0.iter().map(|(setting, url)| (*setting, text(url))).collect()
    }
}

fn text(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
