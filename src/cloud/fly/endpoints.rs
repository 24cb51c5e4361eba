//! The addresses of Fly: the real one, or a simulated one.

use url::Url;

use crate::model::anthropic;
use crate::secret::Audience;

/// The header in which Fly's proxy names the caller (Fly.io docs, "Request headers").
pub const CLIENT_HEADER: &str = "fly-client-ip";

/// The addresses of Fly's interfaces and of the apps there.
#[derive(Clone, Debug)]
pub struct FlyEndpoints {
    /// The Machines API, with its version (`https://api.machines.dev/v1`).
    pub machines_api: Url,
    /// The API for the rest (`https://api.fly.io`).
    pub platform_api: Url,
    /// An app from the internet, with `{app}` for its name.
    pub public_app: String,
    /// An app from its private network, with `{app}` for its name.
    pub private_app: String,
    /// A relay's model proxy from its private network, with `{app}` for its name. The address leads
    /// to the machine itself: the port has no service, so the internet cannot reach it.
    pub model_proxy: String,
    /// The model API that a relay forwards to.
    pub model_api: String,
    /// Environment variables for a relay, with the addresses of simulated services.
    pub relay_settings: Vec<(&'static str, String)>,
}

impl FlyEndpoints {
    /// Fly.io and Anthropic.
    pub fn real() -> Self {
        let Ok(endpoints) = Self::of(
            "https://api.machines.dev/v1",
            "https://api.fly.io",
            "https://{app}.fly.dev",
            "http://{app}.flycast",
            "http://{app}.internal:8081",
            anthropic::API_URL,
        ) else {
            unreachable!("these are URLs")
        };
        endpoints
    }

    /// A Fly at other addresses.
    ///
    /// # Errors
    /// When one of the APIs' addresses is not a URL.
    pub fn of(
        machines_api: &str,
        platform_api: &str,
        public_app: &str,
        private_app: &str,
        model_proxy: &str,
        model_api: &str,
    ) -> Result<Self, url::ParseError> {
        Ok(Self {
            machines_api: Url::parse(machines_api)?,
            platform_api: Url::parse(platform_api)?,
            public_app: public_app.to_owned(),
            private_app: private_app.to_owned(),
            model_proxy: model_proxy.to_owned(),
            model_api: model_api.to_owned(),
            relay_settings: Vec::new(),
        })
    }

    /// The hosts that may see a token.
    pub fn token_audience(&self) -> Audience {
        Audience::of([self.machines_api.authority(), self.platform_api.authority()])
    }

    /// The public address of this app.
    pub fn public(&self, app: &str) -> String {
        self.public_app.replace("{app}", app)
    }

    /// The address of this app for the other app of its deployment.
    pub fn private(&self, app: &str) -> String {
        self.private_app.replace("{app}", app)
    }

    /// The address of this relay's model proxy for the VM of its deployment.
    pub fn model_proxy(&self, app: &str) -> String {
        self.model_proxy.replace("{app}", app)
    }
}
