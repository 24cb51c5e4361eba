//! Tokens over the API, and those that tests and the sandbox hand out.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use crate::cloud::fly::macaroon::Caveat;

use super::SimulatedFly;
use super::accounts::FlyOrganisation;
use super::errors::FlyApiError;
use super::state::FlyApp;
use super::tokens::{MintedToken, TokenCaller};

pub(super) fn routes() -> Router<Arc<SimulatedFly>> {
    Router::new()
        .route("/v1/tokens/current", get(current))
        .route("/v1/apps/{app}/deploy_token", post(deploy_token))
}

async fn current(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(caller): Extension<TokenCaller>,
) -> Json<Value> {
    let organisations = fly.organisations.of(&caller);
    let narrowed = caller.narrowed_to_apps();
    let world = fly.world.state();
    let tokens: Vec<Value> = organisations
        .iter()
        .map(|organisation| {
            let mut token = json!({
                "token_id": format!("tok_{}", organisation.number),
                "org_slug": organisation.slug,
                "organization": organisation.name,
                "user": "ada@example.com",
            });
            if let Some(narrowed) = &narrowed {
                let named = world.apps.all().filter(|app| narrowed.contains(&app.number));
                token["apps"] = named.map(|app| app.name.clone()).collect();
            }
            token
        })
        .collect();
    Json(json!({ "tokens": tokens }))
}

async fn deploy_token(
    State(fly): State<Arc<SimulatedFly>>,
    Extension(app): Extension<FlyApp>,
    body: Option<Json<Value>>,
) -> Result<Json<Value>, FlyApiError> {
    if let Some(Json(body)) = body {
        let _: Value = fly.call_log.read("POST deploy_token", &body, &["expiry"])?;
    }
    let organisation = fly.organisations.named(&app.organisation)?;
    let only = Caveat::Apps(BTreeMap::from([(app.number, Caveat::ALL)]));
    let minted = fly.issuer.mint(organisation.number, Caveat::ALL, vec![only], fly.world.now_ms());
    Ok(Json(json!({ "token": minted.text() })))
}

/// A kind of token that people paste.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A correct token of our organisation.
    WholeOrganisation,
    /// A correct token of [`FlyOrganisation::OTHER`].
    OtherOrganisation,
    /// Expired for an hour.
    Expired,
    /// Only for reading.
    ReadOnly,
    /// For one app of other people.
    OneAppOnly,
    /// Only the part before the comma.
    WithoutDischarge,
    /// The end was not copied.
    CutOff,
    /// One character changed.
    Forged,
    /// `fo1_`: works, and cannot be narrowed.
    OAuth,
}

impl TokenKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::WholeOrganisation,
        Self::OtherOrganisation,
        Self::Expired,
        Self::ReadOnly,
        Self::OneAppOnly,
        Self::WithoutDischarge,
        Self::CutOff,
        Self::Forged,
        Self::OAuth,
    ];
}

impl SimulatedFly {
    /// A token for all of our organisation, as its dashboard shows it.
    pub fn mint_org_token(&self) -> String {
        self.mint_token(TokenKind::WholeOrganisation)
    }

    /// A token for all of an organisation.
    pub fn mint_token_of(&self, organisation: &FlyOrganisation) -> String {
        self.issuer.mint(organisation.number, Caveat::ALL, Vec::new(), self.world.now_ms()).text()
    }

    /// A new token of this kind, as a person would paste it.
    pub fn mint_token(&self, kind: TokenKind) -> String {
        let ours = |mask, caveats| {
            self.issuer.mint(FlyOrganisation::OURS.number, mask, caveats, self.world.now_ms())
        };
        let whole = || -> MintedToken { ours(Caveat::ALL, Vec::new()) };
        match kind {
            TokenKind::WholeOrganisation => whole().text(),
            TokenKind::OtherOrganisation => self.mint_token_of(&FlyOrganisation::OTHER),
            TokenKind::Expired => {
                let now_s = i64::try_from(self.world.now_ms() / 1000).unwrap_or(i64::MAX);
                let window =
                    Caveat::ValidityWindow { not_before: now_s - 7200, not_after: now_s - 3600 };
                ours(Caveat::ALL, vec![window]).text()
            }
            TokenKind::ReadOnly => ours(Caveat::READ, Vec::new()).text(),
            TokenKind::OneAppOnly => {
                let apps = Caveat::Apps(BTreeMap::from([(100_001, Caveat::ALL)]));
                ours(Caveat::ALL, vec![apps]).text()
            }
            TokenKind::WithoutDischarge => whole().without_discharge(),
            TokenKind::CutOff => whole().cut_off(),
            TokenKind::Forged => whole().forged(),
            TokenKind::OAuth => self.issuer.mint_oauth(),
        }
    }
}
