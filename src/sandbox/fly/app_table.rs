//! The records of apps.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::errors::FlyApiError;
use super::pause;
use super::state::FlyApp;
use super::world::SharedWorld;

/// Numeric ids of apps are above this one.
const NUMBER_MIN: u64 = 100_000;

pub(super) struct AppTable {
    world: Arc<SharedWorld>,
}

impl AppTable {
    pub fn new(world: Arc<SharedWorld>) -> Self {
        Self { world }
    }

    pub fn add(
        &self,
        name: String,
        organisation: String,
        network: String,
    ) -> Result<FlyApp, FlyApiError> {
        let id = self.world.id::<8>();
        self.world.write(|world, when| {
            if world.apps.get(&name).is_some() {
                return Err(FlyApiError::name_taken());
            }
            world.serial += 1;
            let app = FlyApp {
                id,
                number: NUMBER_MIN + world.serial,
                name: name.clone(),
                organisation,
                network,
                addresses: Vec::new(),
                secrets: BTreeMap::new(),
                secrets_version: 0,
                leaving: false,
            };
            world.apps.put(&name, app.clone(), when.now_ms, when.lag_ms);
            Ok(app)
        })
    }

    pub fn change<R>(
        &self,
        name: &str,
        change: impl FnOnce(&mut FlyApp, u64) -> Result<R, FlyApiError>,
    ) -> Result<R, FlyApiError> {
        self.world.write(|world, when| {
            let mut app = world.apps.get(name).cloned().ok_or_else(FlyApiError::app_not_found)?;
            let result = change(&mut app, when.now_ms)?;
            world.apps.put(name, app, when.now_ms, when.lag_ms);
            Ok(result)
        })
    }

    /// Waits until reads show the app, or until it is gone.
    pub async fn until_seen(&self, app: &str) {
        const LOOK_EVERY_MS: u64 = 50;
        while self.world.state().apps.get(app).is_some()
            && self.world.state().apps.read(app, self.world.now_ms()).is_none()
        {
            pause(LOOK_EVERY_MS).await;
        }
    }

    /// Removes an app and its volumes, and returns the ids of the volumes.
    pub fn remove(&self, app: &str) -> Vec<String> {
        self.world.write(|world, when| {
            let of_app = world.volumes.all().filter(|volume| volume.app == app);
            let volumes: Vec<String> = of_app.map(|volume| volume.id.clone()).collect();
            for volume in &volumes {
                world.volumes.remove(volume, when.now_ms, when.lag_ms);
            }
            world.apps.remove(app, when.now_ms, when.lag_ms);
            volumes
        })
    }
}
