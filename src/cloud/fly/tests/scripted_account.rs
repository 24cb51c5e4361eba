//! An account in a scripted Fly.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ScriptedFly, a_token, fly};
use crate::cloud::fly::FlyAccount;
use crate::cloud::{DeploymentKeys, Provider};
use crate::http::TransportError;
use crate::plan::{StepFacts, StepId};
use crate::protocol::BUILD;
use crate::secret::{Audience, Secret, SecretKind};
use crate::spec::{
    AgentKind, CloudKind, DeploymentId, DeploymentName, Images, MachineSize, Region, RelayChannel,
    Spec,
};

pub(in crate::cloud::fly) const MACHINES_API: &str = "https://api.machines.dev/v1";
pub(in crate::cloud::fly) const ID: &str = "0123456789";
pub(in crate::cloud::fly) const MODEL_KEY: &str = "sk-ant-api03-canary";

pub(in crate::cloud::fly) type ScriptedResponse = Result<(u16, Value), TransportError>;

pub(in crate::cloud::fly) fn spec() -> Spec {
    Spec {
        id: DeploymentId::try_from(ID.to_owned()).unwrap(),
        name: DeploymentName::nearest_to("ada"),
        cloud: CloudKind::Fly,
        organisation: "ada".to_owned(),
        regions: vec![region("ams"), region("iad")],
        size: MachineSize::Medium,
        vm_volume_gb: 5,
        channel: RelayChannel::Web,
        owner: RelayChannel::link_holder(),
        address: None,
        locale: String::new(),
        agent: AgentKind::Claude,
        daily_tokens: Spec::DAILY_TOKENS,
        images: Images {
            relay: format!("ghcr.io/textslash/relay@sha256:{}", "0".repeat(64)),
            vm: format!("ghcr.io/textslash/vm@sha256:{}", "0".repeat(64)),
        },
    }
}

pub(in crate::cloud::fly) fn region(code: &str) -> Region {
    Region::try_from(code.to_owned()).unwrap()
}

pub(in crate::cloud::fly) fn account(scripted: &Arc<ScriptedFly>) -> FlyAccount {
    let key = |kind, value: &str| {
        Arc::new(Secret::new(kind, value.to_owned(), Audience::of(["api.machines.dev"])))
    };
    let keys = DeploymentKeys {
        model_key: Some(key(SecretKind::ModelKey, MODEL_KEY)),
        channel_key: None,
        owner_key: key(SecretKind::OwnerKey, "owner"),
        link_key: key(SecretKind::LinkKey, "link"),
    };
    let fly = fly(scripted);
    let token = fly.check_format(&a_token()).ok().unwrap();
    fly.account(token, Some(keys))
}

/// An account in which the first request line that begins so is answered so, and all else is
/// missing.
pub(in crate::cloud::fly) fn account_with(
    answers: Vec<(&'static str, ScriptedResponse)>,
) -> (Arc<ScriptedFly>, FlyAccount) {
    let scripted = ScriptedFly::new(move |line| {
        let line = line.replace(MACHINES_API, "");
        let found = answers.iter().find(|(start, _)| line.starts_with(start));
        found.map_or(Ok((404, json!({"error": "not found"}))), |(_, answer)| answer.clone())
    });
    let account = account(&scripted);
    (scripted, account)
}

/// The facts once every step is done.
pub(in crate::cloud::fly) fn known_all() -> StepFacts {
    let facts = |all: &[(&str, &str)]| {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    StepFacts::from([
        (StepId::new("relay-keys"), facts(&[("version", "7")])),
        (StepId::new("vm-keys"), facts(&[("version", "8")])),
        (StepId::new("relay-volume"), facts(&[("id", "vol_r"), ("region", "ams")])),
        (StepId::new("vm-volume"), facts(&[("id", "vol_v"), ("region", "ams")])),
        (StepId::new("relay-machine"), facts(&[("id", "1r")])),
        (StepId::new("vm-machine"), facts(&[("id", "1v")])),
        (StepId::new("relay-healthy"), facts(&[("build", BUILD)])),
    ])
}
