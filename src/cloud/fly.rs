//! Fly.io: a token is judged and narrowed offline, an account is looked at before anything is made
//! in it, and a deployment is two apps on a network of their own.

use std::sync::Arc;

use async_trait::async_trait;

use crate::account::GeoPoint;
use crate::clock::Clock;
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::{
    Account, Cloud, CloudError, DeploymentKeys, FailureCause, Organisation, OrganisationStatus,
    Provider, RegionOffer,
};
use crate::credential_format::CredentialRejection;
use crate::http::SharedTransport;
use crate::random::Random;
use crate::secret::{Secret, SecretKind};
use crate::spec::{CloudKind, Region, Role, Spec};

pub use self::account::FlyAccount;
use self::client::FlyClient;
pub use self::endpoints::{CLIENT_HEADER, FlyEndpoints};
use self::token::FlyToken;

mod account;
mod client;
mod endpoints;
mod errors;
mod find;
mod gates;
mod limits;
pub mod macaroon;
mod plan;
mod resources;
#[cfg(test)]
mod tests;
pub mod token;
mod wire;

/// Fly.io. One value serves all accounts, so that they share its rate limits.
#[derive(Clone)]
pub struct FlyProvider {
    client: FlyClient,
    random: Random,
}

impl FlyProvider {
    /// Fly at these endpoints.
    pub fn new(
        transport: SharedTransport,
        endpoints: FlyEndpoints,
        clock: Clock,
        random: Random,
    ) -> Self {
        let endpoints = Arc::new(endpoints);
        Self { client: FlyClient { transport, endpoints, limits: Arc::default(), clock }, random }
    }

    /// Looks at an account before anything is made in it.
    pub async fn preflight(&self, token: &Arc<Secret>) -> Result<Account, CloudError> {
        let (opened, regions) =
            futures::join!(self.client.opened_organisations(token), self.client.regions(token));
        let organisations = opened?;
        let listed = regions?;
        let regions: Vec<_> = listed.all().filter_map(region_offer).collect();
        if regions.is_empty() {
            // Fly has regions: this is some other answer, and a person would be asked to choose
            // among none.
            let detail = "no region is listed".to_owned();
            return Err(CloudError { cause: FailureCause::RetryLater { after_ms: None }, detail });
        }
        Ok(Account {
            organisations,
            regions,
            nearest: listed.nearest().and_then(|code| Region::try_from(code.clone()).ok()),
        })
    }

    /// Opens an account, with the keys of one deployment where it is to deploy.
    pub fn account(&self, token: Arc<Secret>, keys: Option<DeploymentKeys>) -> FlyAccount {
        FlyAccount::new(self.client.clone(), self.random.clone(), token, keys)
    }
}

#[async_trait]
impl Provider for FlyProvider {
    fn kind(&self) -> CloudKind {
        CloudKind::Fly
    }

    /// Narrows the token to [`token::WINDOW`].
    fn check_format(&self, pasted: &str) -> Result<Arc<Secret>, CredentialRejection> {
        let now_ms = self.client.clock.now_ms();
        let narrow = token::parse_pasted(pasted, now_ms)?.narrowed_to_window(now_ms, token::WINDOW);
        Ok(Arc::new(self.client.token(narrow.text())))
    }

    async fn check(&self, token: &Arc<Secret>) -> Result<Account, CredentialRejection> {
        self.preflight(token).await.map_err(|error| match error.cause {
            FailureCause::TokenRefused => CredentialRejection::RefusedByVendor,
            _ => {
                tracing::info!(%error, "an account could not be looked at");
                CredentialRejection::VendorUnreachable
            }
        })
    }

    fn open(&self, token: Arc<Secret>, keys: DeploymentKeys) -> Arc<dyn Cloud> {
        Arc::new(self.account(token, Some(keys)))
    }

    fn open_for_teardown(&self, token: Arc<Secret>) -> Arc<dyn Cloud> {
        Arc::new(self.account(token, None))
    }

    fn secret_stores(&self) -> Vec<String> {
        vec![self.client.endpoints.machines_api.authority().to_owned()]
    }

    fn token_setting(&self) -> &'static str {
        "FLY_API_TOKEN"
    }

    fn relay_url(&self, spec: &Spec) -> String {
        self.client.endpoints.public(&spec.app(Role::Relay))
    }
}

impl FlyClient {
    /// A bundle as a secret that only Fly's interfaces may see.
    fn token(&self, bundle: zeroize::Zeroizing<String>) -> Secret {
        Secret::new(SecretKind::FlyToken, bundle, self.endpoints.token_audience())
    }

    /// The organisations that a token opens, at least one: those that Fly names for the token, else
    /// those of the holder's list.
    ///
    /// The list, and with it Fly's word on billing, may be missing where Fly names organisations
    /// for the token, as flyctl allows: the first create shows it.
    async fn opened_organisations(&self, token: &Secret) -> Result<Vec<Organisation>, CallFailure> {
        let (tokens, listed) =
            futures::join!(self.current_tokens(token), self.organisations(token));
        let sealed = FlyToken::read(token.expose()).ok().and_then(|it| it.only_organisation());
        let named: Vec<_> = tokens?.tokens.into_iter().filter_map(|token| token.org_slug).collect();
        let listed = if named.is_empty() { listed? } else { listed.unwrap_or_default() };
        let mut opened = organisations(named, &listed.organizations);
        if let ([only], Some(number)) = (&mut opened[..], sealed) {
            only.number = Some(number);
        }
        if opened.is_empty() {
            return Err(CallFailure::token_refused("the token opens no organisation"));
        }
        Ok(opened)
    }
}

/// The named organisations, with their entries in the list; all of the list where none is named.
fn organisations(named: Vec<String>, listed: &[wire::OrganisationBody]) -> Vec<Organisation> {
    let mut opened = named;
    if opened.is_empty() {
        opened = listed.iter().filter_map(|listed| listed.slug.clone()).collect();
    }
    opened.sort_unstable();
    opened.dedup();
    let describe = |slug: String| {
        let known = listed.iter().find(|listed| {
            [&listed.slug, &listed.raw_slug].into_iter().flatten().any(|known| *known == slug)
        });
        Organisation {
            name: known.and_then(|known| known.name.clone()).unwrap_or_else(|| slug.clone()),
            number: known.and_then(|known| known.internal_numeric_id),
            standing: standing(known.and_then(|known| known.billing_status.as_deref()), &slug),
            slug,
        }
    };
    opened.into_iter().map(describe).collect()
}

/// flyctl refuses to launch for want of a payment method and after a trial, and for nothing else.
fn standing(billing_status: Option<&str>, slug: &str) -> OrganisationStatus {
    let link = || format!("https://fly.io/dashboard/{slug}/billing");
    match billing_status {
        Some("SOURCE_REQUIRED" | "TRIAL_ENDED") => {
            OrganisationStatus::PaymentNeeded { link: link() }
        }
        Some("SUSPENDED") => OrganisationStatus::UnderReview { link: link() },
        Some("TRIAL_ACTIVE") => OrganisationStatus::Trial,
        _ => OrganisationStatus::Active,
    }
}

fn region_offer(region: &wire::RegionBody) -> Option<RegionOffer> {
    if region.deprecated == Some(true) {
        return None;
    }
    let code = region.code.clone()?;
    Some(RegionOffer {
        name: region.name.clone().unwrap_or_else(|| code.clone()),
        region: Region::try_from(code).ok()?,
        paid_only: region.requires_paid_plan.unwrap_or_default(),
        place: region
            .latitude
            .zip(region.longitude)
            .map(|(north, east)| GeoPoint::of_degrees(north, east)),
    })
}
