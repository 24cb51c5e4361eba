//! The settings of a new machine.

use crate::cloud::fly::client::FlyClient;
use crate::cloud::fly::resources::guest;
use crate::cloud::fly::wire::{self, MachineService, ServicePort, StringMap};
use crate::machine_env::{self, MachineLayout};
use crate::protocol::PROBATION_MS;
use crate::spec::{Role, Spec};

/// The metadata with the deployment of a machine.
pub(in crate::cloud::fly) const DEPLOYMENT: &str = "textslash_deployment";

/// The metadata with the version of its app's secrets with which a machine was made.
pub(super) const SECRETS: &str = "textslash_secrets";

/// The metadata with the channel of a relay and its bot or number. A teardown with nothing but a
/// token reads from it that the bot or number must be given back.
pub(in crate::cloud::fly) const CHANNEL: &str = "textslash_channel";
pub(in crate::cloud::fly) const ADDRESS: &str = "textslash_address";

/// The path of the volume.
const DATA_DIR: &str = "/data";

/// The port that both roles serve.
const PORT: u16 = 8080;

/// The port of a relay's model proxy; it is part of the address in the VM's environment.
const MODEL_PROXY_PORT: u16 = 8081;

/// A machine with this volume, and with this version of its app's secrets.
pub(super) fn of<'a>(
    spec: &'a Spec,
    role: Role,
    client: &FlyClient,
    volume: &'a str,
    version: Option<u64>,
) -> wire::MachineConfig<'a> {
    wire::MachineConfig {
        image: spec.images.of(role),
        init: wire::MachineInit { cmd: [role.word()] },
        guest: guest(spec, role),
        env: environment(spec, role, client),
        mounts: [wire::VolumeMount { volume, path: DATA_DIR }],
        services: [service(role)],
        restart: wire::RestartPolicy { policy: "on-failure", max_retries: 10 },
        auto_destroy: false,
        metadata: metadata(spec, role, version),
    }
}

fn environment(spec: &Spec, role: Role, client: &FlyClient) -> StringMap {
    let endpoints = &client.endpoints;
    let relay = spec.app(Role::Relay);
    let layout = MachineLayout {
        port: PORT,
        model_proxy_port: MODEL_PROXY_PORT,
        data_dir: DATA_DIR,
        vm_url: endpoints.private(&spec.app(Role::Vm)),
        public_url: endpoints.public(&relay),
        model_proxy_url: endpoints.model_proxy(&relay),
        model_url: endpoints.model_api.clone(),
        probation_until_ms: client.clock.now_ms().saturating_add(PROBATION_MS),
    };
    let mut environment: StringMap =
        machine_env::settings(spec, role, &layout).into_iter().collect();
    if role == Role::Relay {
        environment.extend(endpoints.relay_settings.iter().cloned());
    }
    environment
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
fn metadata(spec: &Spec, role: Role, version: Option<u64>) -> StringMap {
    let mut metadata = StringMap::from([
        ("fly_platform_version", "v2".to_owned()),
        ("fly_process_group", "app".to_owned()),
        (DEPLOYMENT, spec.id.to_string()),
        ("textslash_role", role.word().to_owned()),
    ]);
    metadata.extend(version.map(|version| (SECRETS, version.to_string())));
    if role == Role::Relay {
        metadata.extend([(CHANNEL, spec.channel.word().to_owned())]);
        metadata.extend(spec.address.clone().map(|address| (ADDRESS, address)));
    }
    metadata
}
