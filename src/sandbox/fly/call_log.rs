//! Every request's way in: written down, delayed, authenticated, authorised, counted.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, DATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::cloud::fly::macaroon::{ActionMask, Caveat};

use super::errors::FlyApiError;
use super::limits::TokenBuckets;
use super::state::FlyApp;
use super::tokens::{AccessRequest, TokenCaller};
use super::{
    SimulatedFly, addresses, apps, lock, machines, metadata, mint, organisations, pause, regions,
};
use super::{secrets, volumes};

/// The longest body that is read, in bytes: more than any real request has.
const BODY_MAX: usize = 1 << 20;

/// One request, as it is remembered: no headers, no bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedCall {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// What was answered.
    pub status: u16,
    /// Unix milliseconds.
    pub at_ms: u64,
}

/// What was asked of the cloud.
#[derive(Default)]
pub(super) struct CallLog {
    calls: Vec<LoggedCall>,
    violations: Vec<String>,
    limits: TokenBuckets,
}

impl SimulatedFly {
    /// Every request so far.
    pub fn calls(&self) -> Vec<LoggedCall> {
        lock(&self.call_log).calls.clone()
    }

    /// What no well-behaved client does: unknown routes, unknown fields, too many calls.
    pub fn violations(&self) -> Vec<String> {
        lock(&self.call_log).violations.clone()
    }

    pub(super) fn violation(&self, what: impl Into<String>) {
        lock(&self.call_log).violations.push(what.into());
    }

    /// The APIs: `/v1` (api.machines.dev), `/api/v1` and `/graphql` (api.fly.io).
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .merge(apps::routes())
            .merge(addresses::routes())
            .merge(secrets::routes())
            .merge(volumes::routes())
            .merge(machines::routes())
            .merge(metadata::routes())
            .merge(mint::routes())
            .merge(regions::routes())
            .merge(organisations::routes())
            .method_not_allowed_fallback(unknown)
            .layer(middleware::from_fn_with_state(self.clone(), admit))
            .fallback(unknown)
            .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX))
            .layer(middleware::from_fn_with_state(self.clone(), write_down))
            .with_state(self.clone())
    }

    /// Refuses before anything is done; otherwise says who calls, and in which app.
    fn admit(&self, asked: &CallTarget) -> Result<(TokenCaller, Option<FlyApp>), FlyApiError> {
        let caller = self.issuer.authenticate(asked.authorization.as_deref(), self.now_ms())?;
        let app = match &asked.app {
            Some(name) => Some(self.app_of(&caller, name, asked)?),
            None => None,
        };
        if let Some(id) = asked.machine.as_ref().or(asked.app.as_ref())
            && !lock(&self.call_log).limits.admit(&asked.action, id, self.now_ms())
        {
            self.violation(format!("too many calls: {} for {id}", asked.action));
            return Err(FlyApiError::rate_limited());
        }
        Ok((caller, app))
    }

    fn app_of(
        &self,
        caller: &TokenCaller,
        name: &str,
        asked: &CallTarget,
    ) -> Result<FlyApp, FlyApiError> {
        let app = self.world().apps.read(name, self.now_ms()).cloned();
        let app = app.ok_or_else(FlyApiError::app_not_found)?;
        let organisation = self.organisation(&app.organisation)?;
        caller.may(AccessRequest {
            organisation: Some(organisation.number),
            app: Some(app.number),
            machine: asked.machine.as_deref(),
            volume: asked.volume.as_deref(),
            mask: asked.mask(),
        })?;
        self.check_standing(&organisation.slug, asked.mask() != Caveat::READ)?;
        Ok(app)
    }
}

/// A request, as far as it decides whether it is let in.
struct CallTarget {
    /// Method and route.
    action: String,
    method: Method,
    app: Option<String>,
    machine: Option<String>,
    volume: Option<String>,
    authorization: Option<String>,
}

impl CallTarget {
    fn of(request: &Request) -> Self {
        let method = request.method().clone();
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        let mut route = path.clone();
        let [mut app, mut machine, mut volume] = [const { None }; 3];
        if let ["v1", "apps", name, rest @ ..] = path.as_slice() {
            app = Some((*name).to_owned());
            route[2] = "{app}";
            match rest {
                ["machines", id, ..] => {
                    machine = Some((*id).to_owned());
                    route[4] = "{machine}";
                }
                ["volumes", id, ..] => {
                    volume = Some((*id).to_owned());
                    route[4] = "{volume}";
                }
                _ => {}
            }
        }
        let authorization = request.headers().get(AUTHORIZATION);
        let authorization = authorization.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let action = format!("{method} /{}", route.join("/"));
        Self { action, method, app, machine, volume, authorization }
    }

    /// What a token must allow.
    fn mask(&self) -> ActionMask {
        const CONTROLS: [&str; 6] = ["/start", "/stop", "/restart", "/suspend", "/signal", "/exec"];
        const MAKES: [&str; 3] = ["/apps", "/volumes", "/machines"];
        let ends_with = |endings: &[&str]| endings.iter().any(|end| self.action.ends_with(end));
        match self.method {
            Method::GET => Caveat::READ,
            Method::DELETE => Caveat::DELETE,
            _ if ends_with(&CONTROLS) => Caveat::CONTROL,
            Method::POST if ends_with(&MAKES) => Caveat::CREATE,
            _ => Caveat::WRITE,
        }
    }
}

async fn admit(State(fly): State<Arc<SimulatedFly>>, mut request: Request, next: Next) -> Response {
    let asked = CallTarget::of(&request);
    pause(fly.latency.of(&asked.action)).await;
    match fly.admit(&asked) {
        Ok((caller, app)) => {
            request.extensions_mut().insert(caller);
            if let Some(app) = app {
                request.extensions_mut().insert(app);
            }
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn write_down(
    State(fly): State<Arc<SimulatedFly>>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let at_ms = fly.now_ms();
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    lock(&fly.call_log).calls.push(LoggedCall { method, path, status, at_ms });
    if let Ok(id) = HeaderValue::from_str(&format!("{}-lhr", fly.version_id())) {
        response.headers_mut().insert("fly-request-id", id);
    }
    if let Some(date) = date(fly.now_ms()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// As HTTP writes it: RFC 9110 section 5.6.7.
fn date(at_ms: u64) -> Option<HeaderValue> {
    let at = OffsetDateTime::from_unix_timestamp(i64::try_from(at_ms / 1000).ok()?).ok()?;
    HeaderValue::from_str(&at.format(&Rfc2822).ok()?.replace("+0000", "GMT")).ok()
}

async fn unknown(State(fly): State<Arc<SimulatedFly>>, request: Request) -> Response {
    fly.violation(format!("no such route: {} {}", request.method(), request.uri().path()));
    match request.method() {
        &Method::GET => FlyApiError::no_route().into_response(),
        _ => (StatusCode::NOT_FOUND, "404 page not found").into_response(),
    }
}
