//! The records of machines.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::errors::FlyApiError;
use super::state::{FlyApp, FlyMachine, MachineEvent, MachineState, mounts};
use super::world::SharedWorld;

pub(super) struct MachineTable {
    world: Arc<SharedWorld>,
}

impl MachineTable {
    pub fn new(world: Arc<SharedWorld>) -> Self {
        Self { world }
    }

    /// A machine of this app in its current state, without the lag of reads.
    pub fn of(&self, app: &str, id: &str) -> Result<FlyMachine, FlyApiError> {
        let world = self.world.state();
        let machine = world.machines.get(id).filter(|machine| machine.app == app);
        machine.cloned().ok_or_else(FlyApiError::machine_not_found)
    }

    pub fn ids_of(&self, app: &str) -> Vec<String> {
        let world = self.world.state();
        let of_app = world.machines.all().filter(|machine| machine.app == app);
        of_app.map(|machine| machine.id.clone()).collect()
    }

    pub fn add(&self, machine: FlyMachine) -> Result<FlyMachine, FlyApiError> {
        let event = self.event("launch", MachineState::Created, "user", json!({}));
        self.world.write(|world, when| {
            // Reads may still show an app that is gone.
            if world.apps.get(&machine.app).is_none() {
                return Err(FlyApiError::app_not_found());
            }
            let same_name =
                |other: &&FlyMachine| other.app == machine.app && other.name == machine.name;
            if let Some(taken) = world.machines.all().filter(|m| m.exists()).find(same_name) {
                return Err(FlyApiError::machine_name_taken(&taken.id, &machine.name));
            }
            let mut machine = machine;
            machine.events.insert(0, event);
            for (volume, _) in machine.mounts() {
                if let Some(mut volume) = world.volumes.get(&volume).cloned() {
                    volume.machine = Some(machine.id.clone());
                    world.volumes.put(&volume.id.clone(), volume, when.now_ms, when.lag_ms);
                }
            }
            world.machines.put(&machine.id, machine.clone(), when.now_ms, when.lag_ms);
            Ok(machine)
        })
    }

    pub fn change(
        &self,
        id: &str,
        change: impl FnOnce(&mut FlyMachine, u64),
    ) -> Result<FlyMachine, FlyApiError> {
        self.world.write(|world, when| {
            let machine = world.machines.get(id).cloned();
            let mut machine = machine.ok_or_else(FlyApiError::machine_not_found)?;
            change(&mut machine, when.now_ms);
            machine.updated_ms = when.now_ms;
            world.machines.put(id, machine.clone(), when.now_ms, when.lag_ms);
            Ok(machine)
        })
    }

    /// Removes a machine and detaches its volumes.
    pub fn remove(&self, id: &str) {
        self.world.write(|world, when| {
            let mounted = world.volumes.all().filter(|v| v.machine.as_deref() == Some(id));
            let volumes: Vec<_> = mounted.cloned().collect();
            for mut volume in volumes {
                volume.machine = None;
                world.volumes.put(&volume.id.clone(), volume, when.now_ms, when.lag_ms);
            }
            world.machines.remove(id, when.now_ms, when.lag_ms);
        });
    }

    pub fn event(
        &self,
        kind: &'static str,
        status: MachineState,
        source: &'static str,
        request: Value,
    ) -> MachineEvent {
        let (id, at_ms) = (self.world.version_id(), self.world.now_ms());
        MachineEvent { id, kind, status, source, request, at_ms }
    }

    /// Refuses secrets of a version that the app does not have yet.
    pub fn check_secrets(&self, app: &FlyApp, wanted: Option<u64>) -> Result<(), FlyApiError> {
        let version = self.world.state().apps.get(&app.name).map_or(0, |app| app.secrets_version);
        if wanted.is_some_and(|wanted| wanted > version) {
            return Err(FlyApiError::secrets_not_available());
        }
        Ok(())
    }

    /// Refuses a mount that is no volume of this app in this region, or that a machine other than
    /// `by` has.
    pub fn check_mounts(
        &self,
        app: &str,
        region: &str,
        config: &Map<String, Value>,
        by: Option<&str>,
    ) -> Result<(), FlyApiError> {
        let (world, now_ms) = (self.world.state(), self.world.now_ms());
        for (id, _) in mounts(config) {
            let volume = world.volumes.read(&id, now_ms).and(world.volumes.get(&id));
            let volume = volume
                .filter(|volume| volume.app == app && volume.leaving_since_ms.is_none())
                .ok_or_else(FlyApiError::mount_not_found)?;
            if volume.region != region {
                return Err(FlyApiError::volume_in_wrong_region(&id, &volume.region, region));
            }
            if let Some(machine) = volume.machine.as_deref().filter(|m| Some(*m) != by) {
                return Err(FlyApiError::volume_in_use(&id, machine));
            }
        }
        Ok(())
    }

    /// Refuses a name that a machine of the app has; otherwise the number of the app's machines.
    pub fn check_name_free(&self, app: &str, name: &str) -> Result<usize, FlyApiError> {
        let world = self.world.state();
        let siblings: Vec<&FlyMachine> =
            world.machines.all().filter(|machine| machine.app == app && machine.exists()).collect();
        match siblings.iter().find(|machine| machine.name == name) {
            Some(taken) => Err(FlyApiError::machine_name_taken(&taken.id, name)),
            None => Ok(siblings.len()),
        }
    }
}
