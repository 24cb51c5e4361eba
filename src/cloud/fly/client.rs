//! The calls to Fly that we make, one request each, without a retry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use url::Url;

use super::endpoints::Endpoints;
use super::errors::{Effect, Failure};
use super::limits::{Action, Limits};
use super::token::Api;
use super::wire;
use crate::clock::Clock;
use crate::http::{self as transport, Answer, SharedTransport};
use crate::secret::Secret;

#[cfg(test)]
mod tests;

/// Reads answer in milliseconds; this is for a bad day.
const READ_DEADLINE: Duration = Duration::from_secs(20);

/// Fly itself gives up on a slow create after 60 seconds and says so; giving up earlier would turn that
/// answer into a doubt.
const CHANGE_DEADLINE: Duration = Duration::from_secs(65);

/// How long a command may run in a machine, in seconds: two short calls to a chat service.
const EXEC_TIMEOUT_S: u32 = 30;

/// The longest body that is read. Machines have a few kilobytes each; this is an account with hundreds.
const BODY_MAX: usize = 4 * 1024 * 1024;

/// A part of a path: an app's name, or the id of a machine or a volume. Nothing in it can lead
/// elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a>(&'a str);

impl<'a> Segment<'a> {
    /// Fly's longest names.
    const LENGTH_MAX: usize = 63;

    pub(super) fn of(text: &'a str) -> Result<Self, Failure> {
        let well_formed = (1..=Self::LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if well_formed { Ok(Self(text)) } else { Err(Failure::ours("not a name or id of Fly's")) }
    }
}

/// Fly, as one token sees it.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) transport: SharedTransport,
    pub(super) endpoints: Arc<Endpoints>,
    pub(super) limits: Arc<Limits>,
    pub(super) clock: Clock,
}

struct Request<'a> {
    api: Api,
    method: Method,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Option<Vec<u8>>,
    action: Action,
    /// What the limit of the action counts; nothing where that is whose token it is.
    id: &'a str,
}

impl<'a> Request<'a> {
    fn get(action: Action, id: &'a str, path: &'a [&'a str]) -> Self {
        let api = Api::Machines;
        Self { api, method: Method::GET, path, query: &[], body: None, action, id }
    }

    fn delete(action: Action, id: &'a str, path: &'a [&'a str]) -> Self {
        Self { method: Method::DELETE, ..Self::get(action, id, path) }
    }

    fn post(
        action: Action,
        id: &'a str,
        path: &'a [&'a str],
        body: &impl Serialize,
    ) -> Result<Self, Failure> {
        let body = serde_json::to_vec(body).map_err(|_| Failure::ours("a body without JSON"))?;
        Ok(Self { method: Method::POST, body: Some(body), ..Self::get(action, id, path) })
    }

    fn query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    fn effect(&self) -> Effect {
        if self.method == Method::GET { Effect::Read } else { Effect::Change }
    }

    fn url(&self, endpoints: &Endpoints) -> Result<Url, Failure> {
        let mut url = match self.api {
            Api::Platform => endpoints.platform_api.clone(),
            Api::Machines => endpoints.machines_api.clone(),
        };
        url.path_segments_mut()
            .map_err(|()| Failure::ours("a base URL without a path"))?
            .pop_if_empty()
            .extend(self.path);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(self.query);
        }
        Ok(url)
    }
}

impl Client {
    pub(super) async fn current_tokens(&self, token: &Secret) -> Result<wire::Tokens, Failure> {
        self.read(token, Request::get(Action::CurrentTokens, "", &["tokens", "current"])).await
    }

    /// Undocumented, but what flyctl itself uses.
    pub(super) async fn organisations(
        &self,
        token: &Secret,
    ) -> Result<wire::Organisations, Failure> {
        let path = ["api", "v1", "organizations"];
        let request = Request::get(Action::ListOrganisations, "", &path);
        let request = Request { api: Api::Platform, ..request };
        self.read(token, request.query(&[("admin", "false")])).await
    }

    pub(super) async fn regions(&self, token: &Secret) -> Result<wire::Regions, Failure> {
        self.read(token, Request::get(Action::ListRegions, "", &["platform", "regions"])).await
    }

    pub(super) async fn apps(
        &self,
        token: &Secret,
        organisation: &str,
    ) -> Result<wire::Apps, Failure> {
        let request = Request::get(Action::ListApps, organisation, &["apps"]);
        self.read(token, request.query(&[("org_slug", organisation)])).await
    }

    pub(super) async fn app(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
    ) -> Result<wire::App, Failure> {
        self.read(token, Request::get(Action::GetApp, app, &["apps", app])).await
    }

    /// The body of the answer is not in the description, so it is not read.
    pub(super) async fn create_app(
        &self,
        token: &Secret,
        app: &wire::CreateApp<'_>,
    ) -> Result<(), Failure> {
        let request = Request::post(Action::CreateApp, app.name, &["apps"], app)?;
        self.answer(token, request.query(&[("wait", "true")])).await.map(|_| ())
    }

    pub(super) async fn delete_app(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
    ) -> Result<(), Failure> {
        self.limits.permit(Action::DeleteAnyApp, "").await;
        let path = ["apps", app];
        let request = Request::delete(Action::DeleteApp, app, &path);
        self.gone(token, request.query(&[("force", "true")])).await
    }

    pub(super) async fn addresses(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
    ) -> Result<wire::Addresses, Failure> {
        let path = ["apps", app, "ip_assignments"];
        self.read(token, Request::get(Action::ListAddresses, app, &path)).await
    }

    pub(super) async fn assign_address(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
        address: &wire::AssignAddress<'_>,
    ) -> Result<wire::Address, Failure> {
        let path = ["apps", app, "ip_assignments"];
        self.read(token, Request::post(Action::AssignAddress, app, &path, address)?).await
    }

    /// Hands an app its secrets; each must allow the Machines API to see it.
    pub(super) async fn set_secrets(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
        secrets: &[(&'static str, &Secret)],
    ) -> Result<wire::SecretsSet, Failure> {
        let host = self.endpoints.machines_api.authority();
        let values: BTreeMap<_, _> = secrets
            .iter()
            .map(|(name, secret)| Ok((*name, secret.expose_to(host)?)))
            .collect::<Result<_, crate::secret::Misdirected>>()
            .map_err(|misdirected| Failure::ours(&misdirected.to_string()))?;
        let path = ["apps", app, "secrets"];
        let request = Request::post(Action::SetSecrets, app, &path, &wire::SetSecrets { values })?;
        self.read(token, request).await
    }

    pub(super) async fn volumes(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
    ) -> Result<Vec<wire::Volume>, Failure> {
        let path = ["apps", app, "volumes"];
        let list: wire::List<_> =
            self.read(token, Request::get(Action::ListVolumes, app, &path)).await?;
        Ok(list.into())
    }

    pub(super) async fn create_volume(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
        volume: &wire::CreateVolume<'_>,
    ) -> Result<wire::Volume, Failure> {
        let path = ["apps", app, "volumes"];
        self.read(token, Request::post(Action::CreateVolume, app, &path, volume)?).await
    }

    pub(super) async fn delete_volume(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
        Segment(volume): Segment<'_>,
    ) -> Result<(), Failure> {
        let path = ["apps", app, "volumes", volume];
        self.gone(token, Request::delete(Action::DeleteVolume, volume, &path)).await
    }

    pub(super) async fn machines(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
    ) -> Result<Vec<wire::Machine>, Failure> {
        let path = ["apps", app, "machines"];
        let list: wire::List<_> =
            self.read(token, Request::get(Action::ListMachines, app, &path)).await?;
        Ok(list.into())
    }

    pub(super) async fn machine(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
        Segment(machine): Segment<'_>,
    ) -> Result<wire::Machine, Failure> {
        let path = ["apps", app, "machines", machine];
        self.read(token, Request::get(Action::GetMachine, machine, &path)).await
    }

    pub(super) async fn create_machine(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
        machine: &wire::CreateMachine<'_>,
    ) -> Result<wire::Machine, Failure> {
        let path = ["apps", app, "machines"];
        self.read(token, Request::post(Action::CreateMachine, app, &path, machine)?).await
    }

    /// Running or not.
    pub(super) async fn delete_machine(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
        Segment(machine): Segment<'_>,
    ) -> Result<(), Failure> {
        let path = ["apps", app, "machines", machine];
        let request = Request::delete(Action::DeleteMachine, machine, &path);
        self.gone(token, request.query(&[("force", "true")])).await
    }

    /// Starts a machine that is stopped.
    pub(super) async fn start_machine(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
        Segment(machine): Segment<'_>,
    ) -> Result<(), Failure> {
        let path = ["apps", app, "machines", machine, "start"];
        let request = Request::get(Action::StartMachine, machine, &path);
        self.answer(token, Request { method: Method::POST, ..request }).await.map(|_| ())
    }

    /// Runs a command in a started machine; the answer says how it ended.
    pub(super) async fn exec(
        &self,
        token: &Secret,
        Segment(app): Segment<'_>,
        Segment(machine): Segment<'_>,
        command: &[&str],
    ) -> Result<wire::Executed, Failure> {
        let path = ["apps", app, "machines", machine, "exec"];
        let body = wire::Exec { command, timeout: EXEC_TIMEOUT_S };
        self.read(token, Request::post(Action::Exec, machine, &path, &body)?).await
    }

    /// Makes sure that something is on its way out; gone already is success.
    async fn gone(&self, token: &Secret, request: Request<'_>) -> Result<(), Failure> {
        match self.answer(token, request).await {
            Err(Failure { status: Some(http::StatusCode::NOT_FOUND), .. }) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    async fn read<T: DeserializeOwned>(
        &self,
        token: &Secret,
        request: Request<'_>,
    ) -> Result<T, Failure> {
        let effect = request.effect();
        let answer = self.answer(token, request).await?;
        serde_json::from_slice(&answer.body).map_err(|_| Failure::unreadable(effect, &answer))
    }

    async fn answer(&self, token: &Secret, request: Request<'_>) -> Result<Answer, Failure> {
        let effect = request.effect();
        let deadline = match effect {
            Effect::Read => READ_DEADLINE,
            Effect::Change => CHANGE_DEADLINE,
        };
        let (action, id) = (request.action, request.id);
        let request = self.build(token, request)?;
        match id {
            // What one person asks must not hold up another.
            "" => self.limits.permit(action, &whose(&request)).await,
            id => self.limits.permit(action, id).await,
        }
        let answer = transport::call(self.transport.as_ref(), request, deadline, BODY_MAX)
            .await
            .map_err(|unanswered| Failure::unanswered(effect, unanswered))?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(Failure::refused(effect, &answer, self.clock.now_ms()))
        }
    }

    fn build(&self, token: &Secret, request: Request<'_>) -> Result<http::Request<Bytes>, Failure> {
        let url = request.url(&self.endpoints)?;
        let bundle = token
            .expose_to(url.authority())
            .map_err(|misdirected| Failure::ours(&misdirected.to_string()))?;
        let mut authorization = HeaderValue::from_str(&request.api.authorization(bundle))
            .map_err(|_| Failure::ours("a token that does not fit a header"))?;
        authorization.set_sensitive(true);
        let mut built = http::Request::builder()
            .method(request.method)
            .uri(url.as_str())
            .header(http::header::AUTHORIZATION, authorization)
            .header(http::header::ACCEPT, "application/json");
        if request.body.is_some() {
            built = built.header(http::header::CONTENT_TYPE, "application/json");
        }
        built
            .body(request.body.unwrap_or_default().into())
            .map_err(|_| Failure::ours("a request that cannot be written"))
    }
}

/// Tells tokens apart, and nothing more of them.
fn whose(request: &http::Request<Bytes>) -> String {
    let authorization = request.headers().get(http::header::AUTHORIZATION);
    hex::encode(Sha256::digest(authorization.map_or(&[][..], HeaderValue::as_bytes)))
}
