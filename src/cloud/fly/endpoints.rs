//! Where Fly is: the real one, or a simulated one.

use url::Url;

use crate::model::anthropic;
use crate::secret::Audience;

/// The header in which Fly's proxy names the caller (Fly.io docs, "Request headers").
pub const CLIENT_HEADER: &str = "fly-client-ip";

/// The addresses of Fly's interfaces and of what runs there.
#[derive(Clone, Debug)]
pub struct FlyEndpoints {
    /// The Machines API, with its version (`https://api.machines.dev/v1`).
    pub machines_api: Url,
    /// What is not in the Machines API (`https://api.fly.io`).
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
    /// What a relay is told of other services that are not at their real addresses.
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

    /// Where the internet finds this app.
    pub fn public(&self, app: &str) -> String {
        self.public_app.replace("{app}", app)
    }

    /// Where the other app of a deployment finds this one.
    pub fn private(&self, app: &str) -> String {
        self.private_app.replace("{app}", app)
    }

    /// Where the VM of a deployment finds the model proxy of this relay.
    pub fn model_proxy(&self, app: &str) -> String {
        self.model_proxy.replace("{app}", app)
    }
}
