//! The calls to Fly, one request each, without a retry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use url::Url;

use super::endpoints::FlyEndpoints;
use super::errors::{CallEffect, CallFailure};
use super::limits::{FlyOperation, FlyRateLimiter};
use super::token::FlyApi;
use super::wire;
use crate::clock::Clock;
use crate::http::{self as transport, HttpResponse, SharedTransport};
use crate::secret::Secret;

#[cfg(test)]
mod tests;

/// Reads answer in milliseconds; this leaves room for an overloaded Fly.
const READ_DEADLINE: Duration = Duration::from_secs(20);

/// Fly itself gives up on a slow create after 60 seconds and says so; giving up earlier would turn
/// that answer into a doubt.
const CHANGE_DEADLINE: Duration = Duration::from_secs(65);

/// The time that a command may run in a machine, in seconds: two short calls to a chat service.
const EXEC_TIMEOUT_S: u32 = 30;

/// The longest body that is read. Machines have a few kilobytes each; this is an account with
/// hundreds.
const BODY_MAX: usize = 4 * 1024 * 1024;

/// A part of a path: an app's name, or the id of a machine or a volume. Nothing in it can lead
/// elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathSegment<'a>(&'a str);

impl<'a> PathSegment<'a> {
    /// Fly's longest names.
    const LENGTH_MAX: usize = 63;

    pub(super) fn of(text: &'a str) -> Result<Self, CallFailure> {
        let well_formed = (1..=Self::LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if well_formed {
            Ok(Self(text))
        } else {
            Err(CallFailure::our_fault("not a name or id of Fly's"))
        }
    }
}

/// Fly's API with one token.
#[derive(Clone)]
pub(super) struct FlyClient {
    pub(super) transport: SharedTransport,
    pub(super) endpoints: Arc<FlyEndpoints>,
    pub(super) limits: Arc<FlyRateLimiter>,
    pub(super) clock: Clock,
}

struct FlyRequest<'a> {
    api: FlyApi,
    method: Method,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Option<Vec<u8>>,
    action: FlyOperation,
    /// The id by which the action is limited; empty where Fly limits it by token.
    id: &'a str,
}

impl<'a> FlyRequest<'a> {
    fn get(action: FlyOperation, id: &'a str, path: &'a [&'a str]) -> Self {
        let api = FlyApi::Machines;
        Self { api, method: Method::GET, path, query: &[], body: None, action, id }
    }

    fn delete(action: FlyOperation, id: &'a str, path: &'a [&'a str]) -> Self {
        Self { method: Method::DELETE, ..Self::get(action, id, path) }
    }

    fn post(
        action: FlyOperation,
        id: &'a str,
        path: &'a [&'a str],
        body: &impl Serialize,
    ) -> Result<Self, CallFailure> {
        let body =
            serde_json::to_vec(body).map_err(|_| CallFailure::our_fault("a body without JSON"))?;
        Ok(Self { method: Method::POST, body: Some(body), ..Self::get(action, id, path) })
    }

    fn query(self, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { query, ..self }
    }

    fn effect(&self) -> CallEffect {
        if self.method == Method::GET { CallEffect::Read } else { CallEffect::Change }
    }

    fn url(&self, endpoints: &FlyEndpoints) -> Result<Url, CallFailure> {
        let mut url = match self.api {
            FlyApi::Platform => endpoints.platform_api.clone(),
            FlyApi::Machines => endpoints.machines_api.clone(),
        };
        url.path_segments_mut()
            .map_err(|()| CallFailure::our_fault("a base URL without a path"))?
            .pop_if_empty()
            .extend(self.path);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(self.query);
        }
        Ok(url)
    }
}

impl FlyClient {
    pub(super) async fn current_tokens(
        &self,
        token: &Secret,
    ) -> Result<wire::TokenListBody, CallFailure> {
        self.read(token, FlyRequest::get(FlyOperation::CurrentTokens, "", &["tokens", "current"]))
            .await
    }

    /// Undocumented, but what flyctl itself uses.
    pub(super) async fn organisations(
        &self,
        token: &Secret,
    ) -> Result<wire::OrganisationListBody, CallFailure> {
        let path = ["api", "v1", "organizations"];
        let request = FlyRequest::get(FlyOperation::ListOrganisations, "", &path);
        let request = FlyRequest { api: FlyApi::Platform, ..request };
        self.read(token, request.query(&[("admin", "false")])).await
    }

    pub(super) async fn regions(
        &self,
        token: &Secret,
    ) -> Result<wire::RegionListBody, CallFailure> {
        self.read(token, FlyRequest::get(FlyOperation::ListRegions, "", &["platform", "regions"]))
            .await
    }

    pub(super) async fn apps(
        &self,
        token: &Secret,
        organisation: &str,
    ) -> Result<wire::AppListBody, CallFailure> {
        let request = FlyRequest::get(FlyOperation::ListApps, organisation, &["apps"]);
        self.read(token, request.query(&[("org_slug", organisation)])).await
    }

    pub(super) async fn app(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
    ) -> Result<wire::AppBody, CallFailure> {
        self.read(token, FlyRequest::get(FlyOperation::GetApp, app, &["apps", app])).await
    }

    /// The body of the answer is not in the description, so it is not read.
    pub(super) async fn create_app(
        &self,
        token: &Secret,
        app: &wire::CreateApp<'_>,
    ) -> Result<(), CallFailure> {
        let request = FlyRequest::post(FlyOperation::CreateApp, app.name, &["apps"], app)?;
        self.answer(token, request.query(&[("wait", "true")])).await.map(|_| ())
    }

    pub(super) async fn delete_app(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
    ) -> Result<(), CallFailure> {
        self.limits.permit(FlyOperation::DeleteAnyApp, "").await;
        let path = ["apps", app];
        let request = FlyRequest::delete(FlyOperation::DeleteApp, app, &path);
        self.ensure_gone(token, request.query(&[("force", "true")])).await
    }

    pub(super) async fn addresses(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
    ) -> Result<wire::AddressListBody, CallFailure> {
        let path = ["apps", app, "ip_assignments"];
        self.read(token, FlyRequest::get(FlyOperation::ListAddresses, app, &path)).await
    }

    pub(super) async fn assign_address(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
        address: &wire::AssignAddress<'_>,
    ) -> Result<wire::AddressBody, CallFailure> {
        let path = ["apps", app, "ip_assignments"];
        self.read(token, FlyRequest::post(FlyOperation::AssignAddress, app, &path, address)?).await
    }

    /// Hands an app its secrets; each must allow the Machines API to see it.
    pub(super) async fn set_secrets(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
        secrets: &[(&'static str, &Secret)],
    ) -> Result<wire::SecretsBody, CallFailure> {
        let host = self.endpoints.machines_api.authority();
        let values: BTreeMap<_, _> = secrets
            .iter()
            .map(|(name, secret)| Ok((*name, secret.expose_for_host(host)?)))
            .collect::<Result<_, crate::secret::WrongAudience>>()
            .map_err(|misdirected| CallFailure::our_fault(&misdirected.to_string()))?;
        let path = ["apps", app, "secrets"];
        let request =
            FlyRequest::post(FlyOperation::SetSecrets, app, &path, &wire::SetSecrets { values })?;
        self.read(token, request).await
    }

    pub(super) async fn volumes(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
    ) -> Result<Vec<wire::VolumeBody>, CallFailure> {
        let path = ["apps", app, "volumes"];
        let list: wire::NullableList<_> =
            self.read(token, FlyRequest::get(FlyOperation::ListVolumes, app, &path)).await?;
        Ok(list.into())
    }

    pub(super) async fn create_volume(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
        volume: &wire::CreateVolume<'_>,
    ) -> Result<wire::VolumeBody, CallFailure> {
        let path = ["apps", app, "volumes"];
        self.read(token, FlyRequest::post(FlyOperation::CreateVolume, app, &path, volume)?).await
    }

    pub(super) async fn delete_volume(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
        PathSegment(volume): PathSegment<'_>,
    ) -> Result<(), CallFailure> {
        let path = ["apps", app, "volumes", volume];
        self.ensure_gone(token, FlyRequest::delete(FlyOperation::DeleteVolume, volume, &path)).await
    }

    pub(super) async fn machines(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
    ) -> Result<Vec<wire::MachineBody>, CallFailure> {
        let path = ["apps", app, "machines"];
        let list: wire::NullableList<_> =
            self.read(token, FlyRequest::get(FlyOperation::ListMachines, app, &path)).await?;
        Ok(list.into())
    }

    pub(super) async fn machine(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
        PathSegment(machine): PathSegment<'_>,
    ) -> Result<wire::MachineBody, CallFailure> {
        let path = ["apps", app, "machines", machine];
        self.read(token, FlyRequest::get(FlyOperation::GetMachine, machine, &path)).await
    }

    pub(super) async fn create_machine(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
        machine: &wire::CreateMachine<'_>,
    ) -> Result<wire::MachineBody, CallFailure> {
        let path = ["apps", app, "machines"];
        self.read(token, FlyRequest::post(FlyOperation::CreateMachine, app, &path, machine)?).await
    }

    /// The machine, in any state.
    pub(super) async fn delete_machine(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
        PathSegment(machine): PathSegment<'_>,
    ) -> Result<(), CallFailure> {
        let path = ["apps", app, "machines", machine];
        let request = FlyRequest::delete(FlyOperation::DeleteMachine, machine, &path);
        self.ensure_gone(token, request.query(&[("force", "true")])).await
    }

    /// Starts a machine that is stopped.
    pub(super) async fn start_machine(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
        PathSegment(machine): PathSegment<'_>,
    ) -> Result<(), CallFailure> {
        let path = ["apps", app, "machines", machine, "start"];
        let request = FlyRequest::get(FlyOperation::StartMachine, machine, &path);
        self.answer(token, FlyRequest { method: Method::POST, ..request }).await.map(|_| ())
    }

    /// Runs a command in a started machine; the answer says how it ended.
    pub(super) async fn exec(
        &self,
        token: &Secret,
        PathSegment(app): PathSegment<'_>,
        PathSegment(machine): PathSegment<'_>,
        command: &[&str],
    ) -> Result<wire::ExecResult, CallFailure> {
        let path = ["apps", app, "machines", machine, "exec"];
        let body = wire::ExecBody { command, timeout: EXEC_TIMEOUT_S };
        self.read(token, FlyRequest::post(FlyOperation::Exec, machine, &path, &body)?).await
    }

    /// Deletes a resource; success where it is gone already.
    async fn ensure_gone(
        &self,
        token: &Secret,
        request: FlyRequest<'_>,
    ) -> Result<(), CallFailure> {
        match self.answer(token, request).await {
            Err(CallFailure { status: Some(http::StatusCode::NOT_FOUND), .. }) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    async fn read<T: DeserializeOwned>(
        &self,
        token: &Secret,
        request: FlyRequest<'_>,
    ) -> Result<T, CallFailure> {
        let effect = request.effect();
        let answer = self.answer(token, request).await?;
        serde_json::from_slice(&answer.body).map_err(|_| CallFailure::unreadable(effect, &answer))
    }

    async fn answer(
        &self,
        token: &Secret,
        request: FlyRequest<'_>,
    ) -> Result<HttpResponse, CallFailure> {
        let effect = request.effect();
        let deadline = match effect {
            CallEffect::Read => READ_DEADLINE,
            CallEffect::Change => CHANGE_DEADLINE,
        };
        let (action, id) = (request.action, request.id);
        let request = self.build(token, request)?;
        match id {
            // Calls of one person must not hold up those of another.
            "" => self.limits.permit(action, &token_fingerprint(&request)).await,
            id => self.limits.permit(action, id).await,
        }
        let answer = transport::call(self.transport.as_ref(), request, deadline, BODY_MAX)
            .await
            .map_err(|unanswered| CallFailure::from_transport_error(effect, unanswered))?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(CallFailure::from_response(effect, &answer, self.clock.now_ms()))
        }
    }

    fn build(
        &self,
        token: &Secret,
        request: FlyRequest<'_>,
    ) -> Result<http::Request<Bytes>, CallFailure> {
        let url = request.url(&self.endpoints)?;
        let bundle = token
            .expose_for_host(url.authority())
            .map_err(|misdirected| CallFailure::our_fault(&misdirected.to_string()))?;
        let mut authorization = HeaderValue::from_str(&request.api.authorization(bundle))
            .map_err(|_| CallFailure::our_fault("a token that does not fit a header"))?;
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
            .map_err(|_| CallFailure::our_fault("a request that cannot be written"))
    }
}

/// A digest that distinguishes tokens and reveals nothing else.
fn token_fingerprint(request: &http::Request<Bytes>) -> String {
    let authorization = request.headers().get(http::header::AUTHORIZATION);
    hex::encode(Sha256::digest(authorization.map_or(&[][..], HeaderValue::as_bytes)))
}
