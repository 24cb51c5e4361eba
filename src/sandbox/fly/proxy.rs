//! Fly's proxy: finds the machine that serves a request to an app, and wakes it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::latency::Latency;
use super::life::{MachineLife, NetworkOf};
use super::pause;
use super::state::{AddressKind, FlyApp, FlyMachine, MachineState};
use super::world::SharedWorld;
use crate::sandbox::edge::PrivateNetwork;
use crate::sandbox::machines::{MachineEndpoint, MachineRuntime};

/// The time for which the proxy holds a request for a machine that starts.
const WAKE_MAX: Duration = Duration::from_secs(30);

/// The proxy's refusals, with the codes of Fly's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The name does not resolve: no such app, no such address, or not visible yet.
    #[error("name not found")]
    NameNotFound,
    /// The app has no machine that may be started for this.
    #[error("PR01: no machine to serve this")]
    NoMachine,
    /// The machine did not come up.
    #[error("PM07: the machine did not start")]
    NotWoken,
}

/// The way of a request to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppRoute<'a> {
    /// Through a public address.
    Public,
    /// Through Flycast, from this network; on sockets the caller's network is not known.
    Private(Option<&'a str>),
    /// To the model proxy of a started machine, from this network, past Fly's proxy: nothing is
    /// woken.
    Internal(Option<&'a str>),
}

/// Routes requests to the machines of apps.
pub struct AppProxy {
    world: Arc<SharedWorld>,
    life: Arc<MachineLife>,
    runtime: Arc<dyn MachineRuntime>,
    latency: Latency,
}

impl AppProxy {
    /// The private networks of the machines in `make_life` lead to the new proxy.
    pub(super) fn new(make_life: impl FnOnce(NetworkOf) -> Arc<MachineLife>) -> Arc<Self> {
        Arc::new_cyclic(|me: &Weak<Self>| {
            let me = me.clone();
            let life = make_life(Box::new(move |name| {
                Arc::new(PrivateNetwork::new(me.clone(), name.to_owned()))
            }));
            let (world, runtime) = (life.world.clone(), life.runtime.clone());
            Self { world, runtime, latency: life.latency, life }
        })
    }

    pub(super) fn life(&self) -> &MachineLife {
        &self.life
    }

    /// The id and the endpoint of the machine that serves `app`; a machine that is down is started
    /// where its config allows that.
    pub(in crate::sandbox) async fn awake_endpoint(
        &self,
        app: &str,
        route: AppRoute<'_>,
    ) -> Result<(String, MachineEndpoint), RouteError> {
        if let AppRoute::Internal(from) = route {
            return self.model_proxy_endpoint(app, from);
        }
        let id = self.machine_to_serve(app, route)?;
        let opened = async {
            let mut changes = self.world.changes();
            loop {
                changes.borrow_and_update();
                let state = self.world.state().machines.get(&id).map(|machine| machine.state);
                match state {
                    Some(MachineState::Started) => {
                        if let Some(endpoint) = self.runtime.endpoint(&id) {
                            return Ok((id.clone(), endpoint));
                        }
                        pause(20).await;
                        continue;
                    }
                    Some(MachineState::Stopped | MachineState::Suspended) => {
                        self.life.launch(&id, self.latency.machine_start_ms, "proxy");
                    }
                    Some(_) => {}
                    None => return Err(RouteError::NoMachine),
                }
                if changes.changed().await.is_err() {
                    return Err(RouteError::NotWoken);
                }
            }
        };
        tokio::time::timeout(WAKE_MAX, opened).await.unwrap_or(Err(RouteError::NotWoken))
    }

    fn model_proxy_endpoint(
        &self,
        app: &str,
        from: Option<&str>,
    ) -> Result<(String, MachineEndpoint), RouteError> {
        let id = {
            let world = self.world.state();
            let app = world.apps.get(app).ok_or(RouteError::NameNotFound)?;
            if from.is_some_and(|from| from != app.network) {
                return Err(RouteError::NameNotFound);
            }
            let mut of_app = world.machines.all().filter(|machine| machine.app == app.name);
            let started = of_app.find(|machine| machine.state == MachineState::Started);
            started.map(|machine| machine.id.clone()).ok_or(RouteError::NameNotFound)?
        };
        let endpoint = self.runtime.model_proxy(&id).ok_or(RouteError::NoMachine)?;
        Ok((id, endpoint))
    }

    fn machine_to_serve(&self, app: &str, route: AppRoute<'_>) -> Result<String, RouteError> {
        let (world, now_ms) = (self.world.state(), self.world.now_ms());
        let app = world.apps.get(app).ok_or(RouteError::NameNotFound)?;
        if !self.has_address(app, route, now_ms) {
            return Err(RouteError::NameNotFound);
        }
        let of_app = || world.machines.all().filter(|m| m.app == app.name && m.exists());
        let serves = |machine: &&FlyMachine| !machine.services().is_empty();
        let is_up = |machine: &&FlyMachine| machine.state == MachineState::Started;
        of_app()
            .filter(serves)
            .find(is_up)
            .or_else(|| of_app().filter(serves).find(|machine| machine.wakes_on_traffic()))
            .map(|machine| machine.id.clone())
            .ok_or(RouteError::NoMachine)
    }

    fn has_address(&self, app: &FlyApp, route: AppRoute<'_>, now_ms: u64) -> bool {
        app.addresses.iter().any(|address| match (&address.kind, route) {
            (AddressKind::PrivateV6 { network }, AppRoute::Private(from)) => {
                *network == app.network && from.is_none_or(|from| from == network)
            }
            (AddressKind::PrivateV6 { .. }, AppRoute::Public)
            | (_, AppRoute::Private(_) | AppRoute::Internal(_)) => false,
            (_, AppRoute::Public) => address.created_ms + self.latency.name_visible_ms <= now_ms,
        })
    }
}
