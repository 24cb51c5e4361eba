//! The account that drives Fly and the Fly that is simulated, held against each other and against
//! Fly's own description.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use serde_json::Value;
use textslash::clock::Clock;
use textslash::cloud::Provider;
use textslash::cloud::fly::{FlyAccount, FlyEndpoints, FlyProvider};
use textslash::cloud::{Cloud, DeploymentKeys, FailureCause, Observation, StepContext};
use textslash::http::{StreamedResponse, Transport, TransportError, call};
use textslash::plan::{Facts, Step, StepFacts, StepId, StepKind, Undo};
use textslash::random::Random;
use textslash::sandbox::fly::{self as simulated, ReadLag, nothing};
use textslash::sandbox::in_process::InProcess;
use textslash::sandbox::machines::{ModelFaults, ModelledRuntime};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::*;

use super::contract::Contract;

/// Fly in this process; every request and answer that its description does not allow fails the
/// test.
struct CheckedTransport {
    network: InProcess,
    contract: Option<&'static Contract>,
}

#[async_trait]
impl Transport for CheckedTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let described = request.uri().host() == Some("api.machines.dev");
        let Some(contract) = self.contract.filter(|_| described) else {
            return self.network.send(request).await;
        };
        let method = request.method().to_string();
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let body: Option<Value> = serde_json::from_slice(request.body()).ok();
        let wrong = contract.check_request(&method, &path, body.as_ref());
        assert_eq!(wrong, Vec::<String>::new(), "{method} {path}");

        let deadline = Duration::from_secs(120);
        let answer = call(&self.network, request, deadline, 1 << 20).await?;

        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let wrong = contract.check_answer(&method, &path, answer.status.as_u16(), &body);
        assert_eq!(wrong, Vec::<String>::new(), "{method} {path} answered {body}");
        let mut response = http::Response::new(());
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        let body = futures::stream::once(async { Ok(answer.body) }).boxed();
        Ok(StreamedResponse { head: response.into_parts().0, body })
    }
}

struct FlyAccountWorld {
    simulated: Arc<simulated::SimulatedFly>,
    machines: Arc<ModelledRuntime>,
    account: FlyAccount,
    spec: Spec,
}

impl FlyAccountWorld {
    fn new(lag: ReadLag) -> Self {
        let (clock, chance) = (Clock::from_tokio(1_790_000_000_000), Random::seeded(5));
        let machines = ModelledRuntime::new(clock.clone(), chance.clone());
        let runtime = Arc::new(machines.clone());
        let settings =
            simulated::SimulatedFlySettings::prompt(clock.clone(), chance.clone(), runtime);
        let simulated =
            simulated::SimulatedFly::new(simulated::SimulatedFlySettings { lag, ..settings });
        let network = InProcess::new().with_fly(&simulated);
        let judged = Arc::new(CheckedTransport { network, contract: Contract::load() });
        let fly = FlyProvider::new(judged, FlyEndpoints::real(), clock, chance);
        let Ok(token) = fly.check_format(&simulated.mint_org_token()) else {
            panic!("a token as Fly's")
        };
        Self { simulated, machines, account: fly.account(token, Some(keys())), spec: spec() }
    }

    /// Asks until it is so; an hour of simulated time is more than any of it takes.
    async fn passes(&self, step: &Step, known: &StepFacts) -> Facts {
        let asked = async {
            loop {
                match self.account.poll_gate(&self.here(known), &step.id).await {
                    Ok(Some(facts)) => return facts,
                    Ok(None) => {}
                    Err(error) => assert!(is_passing(error.cause), "{:?}: {error}", step.id),
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let hour = Duration::from_secs(3600);
        tokio::time::timeout(hour, asked).await.unwrap_or_else(|_| panic!("{:?}", step.id))
    }

    async fn makes(&self, step: &Step, known: &StepFacts) -> Facts {
        loop {
            match self.account.create(&self.here(known), &step.id).await {
                Ok(facts) => return facts,
                Err(error) => assert!(is_passing(error.cause), "{:?}: {error}", step.id),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn here<'a>(&'a self, known: &'a StepFacts) -> StepContext<'a> {
        StepContext { spec: &self.spec, region: &self.spec.regions[0], facts: known }
    }

    async fn deploys(&self) -> StepFacts {
        self.deploys_before(None).await
    }

    /// What is known when all steps before this one are done.
    async fn deploys_before(&self, last: Option<&StepId>) -> StepFacts {
        let plan = self.account.plan(&self.spec);
        let mut known = StepFacts::new();
        for step in plan.steps().iter().take_while(|step| Some(&step.id) != last) {
            let facts = match step.kind {
                StepKind::Gate { .. } => self.passes(step, &known).await,
                _ => self.makes(step, &known).await,
            };
            known.insert(step.id.clone(), facts);
        }
        known
    }
}

fn is_passing(cause: FailureCause) -> bool {
    matches!(cause, FailureCause::RetryLater { .. } | FailureCause::NotFound)
}

fn keys() -> DeploymentKeys {
    let key = |kind, value: &str| {
        Arc::new(Secret::new(kind, value.to_owned(), Audience::of(["api.machines.dev"])))
    };
    DeploymentKeys {
        model_key: Some(key(SecretKind::ModelKey, "sk-ant-api03-sandbox")),
        channel_key: None,
        owner_key: key(SecretKind::OwnerKey, "owner"),
        link_key: key(SecretKind::LinkKey, "link"),
    }
}

fn spec() -> Spec {
    let image = |role| format!("ghcr.io/textslash/{role}@sha256:{}", "1".repeat(64));
    Spec {
        id: DeploymentId::try_from("0123456789".to_owned()).unwrap(),
        name: DeploymentName::nearest_to("ada"),
        cloud: CloudKind::Fly,
        organisation: "personal".to_owned(),
        regions: vec![Region::try_from("ams".to_owned()).unwrap()],
        size: MachineSize::Medium,
        vm_volume_gb: 5,
        channel: RelayChannel::Web,
        owner: RelayChannel::link_holder(),
        address: None,
        locale: String::new(),
        agent: AgentKind::Claude,
        daily_tokens: Spec::DAILY_TOKENS,
        images: Images { relay: image("relay"), vm: image("vm") },
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_made_proven_seen_and_unmade_step_by_step() {
    for lag in [ReadLag::None, ReadLag::UpToMs(5_000)] {
        let world = FlyAccountWorld::new(lag);
        let known = world.deploys().await;
        let inventory = world.simulated.inventory();
        assert_eq!((inventory.apps.len(), inventory.machines.len()), (2, 2), "{inventory}");
        assert_eq!((inventory.volumes.len(), inventory.addresses.len()), (2, 4), "{inventory}");

        tokio::time::sleep(Duration::from_secs(60)).await;
        let plan = world.account.plan(&world.spec);
        let here = world.here(&known);
        for step in plan.steps().iter().rev() {
            let StepKind::Resource { undo, .. } = &step.kind else { continue };
            let seen = world.account.observe(&here, &step.id).await;
            let Ok(Observation::Present(found)) = seen else { panic!("{:?}: {seen:?}", step.id) };
            assert_eq!(found.len(), 1, "{:?}", step.id);
            if *undo == Undo::Delete {
                world.account.delete(&here, &step.id, &found[0]).await.unwrap();
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
        }

        assert_eq!(world.simulated.inventory(), nothing());
        assert_eq!(world.simulated.violations(), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_vm_of_another_build_than_the_relay_is_not_called_ready() {
    let world = FlyAccountWorld::new(ReadLag::None);
    world.machines.set(ModelFaults { wrong_build: Some("vm"), ..ModelFaults::default() });
    let gate = StepId::new("agent-ready");
    let known = world.deploys_before(Some(&gate)).await;

    let cause = loop {
        match world.account.poll_gate(&world.here(&known), &gate).await {
            Ok(None) => tokio::time::sleep(Duration::from_secs(1)).await,
            Ok(Some(facts)) => panic!("{facts:?}"),
            Err(error) => break error.cause,
        }
    };
    assert_eq!(cause, FailureCause::InvalidRequest);
}
