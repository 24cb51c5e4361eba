//! The steps before each handler: logging, delay, authentication, authorisation and rate limits.

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

use super::call_log::LoggedCall;
use super::errors::FlyApiError;
use super::state::FlyApp;
use super::tokens::{AccessRequest, TokenCaller};
use super::{
    SimulatedFly, addresses, apps, machines, metadata, mint, organisations, pause, regions,
    secrets, volumes,
};

/// Largest body that is read, in bytes: above every real request.
const BODY_MAX: usize = 1 << 20;

pub(super) fn router(fly: &Arc<SimulatedFly>) -> Router {
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
        .layer(middleware::from_fn_with_state(fly.clone(), admit))
        .fallback(unknown)
        .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(fly.clone(), log))
        .with_state(fly.clone())
}

/// The caller of a request and the app in its path; an error refuses the request.
fn authorize(
    fly: &SimulatedFly,
    asked: &CallTarget,
) -> Result<(TokenCaller, Option<FlyApp>), FlyApiError> {
    let now_ms = fly.world.now_ms();
    let caller = fly.issuer.authenticate(asked.authorization.as_deref(), now_ms)?;
    let app = match &asked.app {
        Some(name) => Some(app_of(fly, &caller, name, asked)?),
        None => None,
    };
    if let Some(id) = asked.machine.as_ref().or(asked.app.as_ref())
        && !fly.call_log.admit(&asked.action, id, fly.world.now_ms())
    {
        fly.call_log.add_violation(format!("too many calls: {} for {id}", asked.action));
        return Err(FlyApiError::rate_limited());
    }
    Ok((caller, app))
}

fn app_of(
    fly: &SimulatedFly,
    caller: &TokenCaller,
    name: &str,
    asked: &CallTarget,
) -> Result<FlyApp, FlyApiError> {
    let app = fly.world.state().apps.read(name, fly.world.now_ms()).cloned();
    let app = app.ok_or_else(FlyApiError::app_not_found)?;
    let organisation = fly.organisations.named(&app.organisation)?;
    caller.may(AccessRequest {
        organisation: Some(organisation.number),
        app: Some(app.number),
        machine: asked.machine.as_deref(),
        volume: asked.volume.as_deref(),
        mask: asked.mask(),
    })?;
    fly.organisations.check_standing(&organisation.slug, asked.mask() != Caveat::READ)?;
    Ok(app)
}

/// The parts of a request that decide whether it is allowed.
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

    /// The actions that a token must allow.
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
    match authorize(&fly, &asked) {
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

async fn log(State(fly): State<Arc<SimulatedFly>>, request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let at_ms = fly.world.now_ms();
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    fly.call_log.add(LoggedCall { method, path, status, at_ms });
    if let Ok(id) = HeaderValue::from_str(&format!("{}-lhr", fly.world.version_id())) {
        response.headers_mut().insert("fly-request-id", id);
    }
    if let Some(date) = date(fly.world.now_ms()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

/// A date as RFC 9110, section 5.6.7, writes it.
fn date(at_ms: u64) -> Option<HeaderValue> {
    let at = OffsetDateTime::from_unix_timestamp(i64::try_from(at_ms / 1000).ok()?).ok()?;
    HeaderValue::from_str(&at.format(&Rfc2822).ok()?.replace("+0000", "GMT")).ok()
}

async fn unknown(State(fly): State<Arc<SimulatedFly>>, request: Request) -> Response {
    fly.call_log.add_violation(format!(
        "no such route: {} {}",
        request.method(),
        request.uri().path()
    ));
    match request.method() {
        &Method::GET => FlyApiError::no_route().into_response(),
        _ => (StatusCode::NOT_FOUND, "404 page not found").into_response(),
    }
}
