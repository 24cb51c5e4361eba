//! What is made, and how.

use super::{DOUBTFUL, FlyAccount, SETTLING, fact, facts, machine_facts, volume_facts};
use crate::cloud::fly::client::PathSegment;
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::fly::plan::{self, FlyStep};
use crate::cloud::fly::wire::{self, MachineGuest, MachineService, ServicePort, StringMap};
use crate::cloud::{CloudError, FailureCause, StepContext};
use crate::machine_env::{self, MachineLayout};
use crate::plan::{Facts, ID};
use crate::protocol::PROBATION_MS;
use crate::secret::Secret;
use crate::spec::Role;

/// The metadata that says whose a machine is.
pub(super) const DEPLOYMENT: &str = "textslash_deployment";

/// The metadata that says with which version of its app's secrets a machine was made.
pub(super) const SECRETS: &str = "textslash_secrets";

/// The metadata that says what a relay speaks, and as whom: it tells who has nothing but a token
/// that a bot or number is to be given back.
pub(super) const CHANNEL: &str = "textslash_channel";
pub(super) const ADDRESS: &str = "textslash_address";

/// The path of the volume.
const DATA_DIR: &str = "/data";

/// The port that both roles serve.
const PORT: u16 = 8080;

/// The port of a relay's model proxy; it is part of the address that the VM is told.
const MODEL_PROXY_PORT: u16 = 8081;

/// The smallest machine and the smallest volume are plenty for a relay.
const RELAY_GUEST: MachineGuest = MachineGuest { cpu_kind: "shared", cpus: 1, memory_mb: 256 };
const RELAY_VOLUME_GB: u32 = 1;

impl FlyAccount {
    pub(super) async fn make(
        &self,
        here: &StepContext<'_>,
        part: FlyStep,
        role: Role,
        app: &str,
    ) -> Result<Facts, CallFailure> {
        match part {
            FlyStep::App => self.make_app(here, app).await,
            FlyStep::SharedV4 => self.make_address(app, "shared_v4", None).await,
            FlyStep::PublicV6 => self.make_address(app, "v6", None).await,
            FlyStep::PrivateV6 => {
                let network = here.spec.network();
                self.make_address(app, "private_v6", Some(&network)).await
            }
            FlyStep::Keys => self.hand_over_keys(role, app).await,
            FlyStep::Volume => self.make_volume(here, role, app).await,
            FlyStep::Machine => self.make_machine(here, role, app).await,
            _ => Err(CallFailure::our_fault("nothing that can be made")),
        }
    }

    async fn make_app(&self, here: &StepContext<'_>, app: &str) -> Result<Facts, CallFailure> {
        let network = here.spec.network();
        let request =
            wire::CreateApp { name: app, org_slug: &here.spec.organisation, network: &network };
        let made = self.client.create_app(&self.token(), &request).await;
        match &made {
            Ok(()) => self.record_created(app, SETTLING),
            Err(CallFailure { error: CloudError { cause: FailureCause::InDoubt, .. }, .. }) => {
                self.record_created(app, DOUBTFUL);
            }
            Err(_) => {}
        }
        made.map(|()| Facts::new())
    }

    async fn make_address(
        &self,
        app: &str,
        kind: &'static str,
        network: Option<&str>,
    ) -> Result<Facts, CallFailure> {
        let request = wire::AssignAddress { kind, network };
        let app = PathSegment::of(app)?;
        let made = self.client.assign_address(&self.token(), app, &request).await?;
        require_fact(facts([("ip", made.ip)]), "ip")
    }

    async fn hand_over_keys(&self, role: Role, app: &str) -> Result<Facts, CallFailure> {
        let keys = self.keys()?;
        let mut secrets: Vec<(&str, &Secret)> = vec![(machine_env::LINK_KEY, &keys.link_key)];
        if role == Role::Relay {
            secrets.push((machine_env::OWNER_KEY, &keys.owner_key));
            secrets.extend(keys.channel_key.as_deref().map(|key| (machine_env::CHANNEL_KEY, key)));
            secrets.extend(keys.model_key.as_deref().map(|key| (machine_env::MODEL_KEY, key)));
        }
        let set = self.client.set_secrets(&self.token(), PathSegment::of(app)?, &secrets).await?;
        let version = set.version.or(set.version_deprecated);
        require_fact(facts([("version", version.map(|version| version.to_string()))]), "version")
    }

    async fn make_volume(
        &self,
        here: &StepContext<'_>,
        role: Role,
        app: &str,
    ) -> Result<Facts, CallFailure> {
        let size_gb = match role {
            Role::Relay => RELAY_VOLUME_GB,
            Role::Vm => here.spec.vm_volume_gb,
        };
        let request = wire::CreateVolume {
            name: volume_name(role),
            region: here.region.as_ref(),
            size_gb,
            encrypted: true,
            compute: guest(here, role),
        };
        let app = PathSegment::of(app)?;
        let made = self.client.create_volume(&self.token(), app, &request).await?;
        require_fact(volume_facts(&made), ID)
    }

    async fn make_machine(
        &self,
        here: &StepContext<'_>,
        role: Role,
        app: &str,
    ) -> Result<Facts, CallFailure> {
        let volume = fact(here, &plan::volume_step(role), "id")
            .ok_or_else(|| CallFailure::our_fault("a machine without a volume"))?;
        let version = fact(here, &plan::keys_step(role), "version");
        let request = wire::CreateMachine {
            name: role.word(),
            region: machine_region(here, role),
            min_secrets_version: version.and_then(|version| version.parse().ok()),
            config: wire::MachineConfig {
                image: here.spec.images.of(role),
                init: wire::MachineInit { cmd: [role.word()] },
                guest: guest(here, role),
                env: self.environment(here, role),
                mounts: [wire::VolumeMount { volume, path: DATA_DIR }],
                services: [service(role)],
                restart: wire::RestartPolicy { policy: "on-failure", max_retries: 10 },
                auto_destroy: false,
                metadata: metadata(here, role, version),
            },
        };
        let app = PathSegment::of(app)?;
        let made = self.client.create_machine(&self.token(), app, &request).await?;
        require_fact(machine_facts(&made), ID)
    }

    fn environment(&self, here: &StepContext<'_>, role: Role) -> StringMap {
        let endpoints = &self.client.endpoints;
        let relay = here.spec.app(Role::Relay);
        let layout = MachineLayout {
            port: PORT,
            model_proxy_port: MODEL_PROXY_PORT,
            data_dir: DATA_DIR,
            vm_url: endpoints.private(&here.spec.app(Role::Vm)),
            public_url: endpoints.public(&relay),
            model_proxy_url: endpoints.model_proxy(&relay),
            model_url: endpoints.model_api.clone(),
            probation_until_ms: self.client.clock.now_ms().saturating_add(PROBATION_MS),
        };
        let mut environment: StringMap =
            machine_env::settings(here.spec, role, &layout).into_iter().collect();
        if role == Role::Relay {
            environment.extend(endpoints.relay_settings.iter().cloned());
        }
        environment
    }
}

/// The facts of a 200 that names `fact`. Any other answer is in doubt: what was asked for may have
/// been done, and nothing that depends on the fact may go on without it.
fn require_fact(facts: Facts, fact: &'static str) -> Result<Facts, CallFailure> {
    if facts.contains_key(fact) {
        return Ok(facts);
    }
    let detail = format!("the answer to a change names no {fact}");
    Err(CallFailure { status: None, error: CloudError { cause: FailureCause::InDoubt, detail } })
}

pub(super) fn volume_name(role: Role) -> &'static str {
    match role {
        Role::Relay => "relay_data",
        Role::Vm => "vm_data",
    }
}

/// A machine can only stand where its volume does, and Fly has the last word on where that is.
pub(super) fn machine_region<'a>(here: &StepContext<'a>, role: Role) -> &'a str {
    fact(here, &plan::volume_step(role), "region").map_or(here.region.as_ref(), String::as_str)
}

fn guest(here: &StepContext<'_>, role: Role) -> MachineGuest {
    let size = here.spec.size;
    match role {
        Role::Relay => RELAY_GUEST,
        Role::Vm => {
            MachineGuest { cpu_kind: "shared", cpus: size.cpus(), memory_mb: size.memory_mb() }
        }
    }
}

/// Traffic wakes a machine; it goes to sleep by itself, because Fly's proxy would stop it in the
/// middle of a turn. A VM is only reached through Flycast, which speaks plain HTTP.
fn service(role: Role) -> MachineService {
    let http = ServicePort { port: 80, handlers: &["http"] };
    let https = ServicePort { port: 443, handlers: &["tls", "http"] };
    MachineService {
        protocol: "tcp",
        internal_port: PORT,
        autostart: true,
        autostop: "off",
        min_machines_running: 0,
        ports: match role {
            Role::Relay => vec![http, https],
            Role::Vm => vec![http],
        },
    }
}

/// The first two make a machine visible to Fly's own tools.
fn metadata(here: &StepContext<'_>, role: Role, version: Option<&String>) -> StringMap {
    let mut metadata = StringMap::from([
        ("fly_platform_version", "v2".to_owned()),
        ("fly_process_group", "app".to_owned()),
        (DEPLOYMENT, here.spec.id.to_string()),
        ("textslash_role", role.word().to_owned()),
    ]);
    metadata.extend(version.map(|version| (SECRETS, version.clone())));
    if role == Role::Relay {
        metadata.extend([(CHANNEL, here.spec.channel.word().to_owned())]);
        metadata.extend(here.spec.address.clone().map(|address| (ADDRESS, address)));
    }
    metadata
}
