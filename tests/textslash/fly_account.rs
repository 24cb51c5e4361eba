//! The account that drives Fly and the Fly that is simulated, held against each other and against Fly's
//! own description.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use serde_json::Value;
use textslash::chance::Chance;
use textslash::clock::Clock;
use textslash::cloud::fly::{Endpoints, Fly, FlyAccount};
use textslash::cloud::{Cause, Cloud, Here, Keys, Observation};
use textslash::http::{Reply, Transport, Unanswered, call};
use textslash::plan::{Facts, Known, Step, StepId, StepKind, Undo};
use textslash::sandbox::fly::{self as simulated, Lag, nothing};
use textslash::sandbox::in_process::InProcess;
use textslash::sandbox::machines::{Knobs, Modelled};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::*;

use super::contract::Contract;

/// Fly in this process; every request and answer that its description does not allow fails the
/// test.
struct Judged {
    network: InProcess,
    contract: Option<&'static Contract>,
}

#[async_trait]
impl Transport for Judged {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Reply, Unanswered> {
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
        Ok(Reply { head: response.into_parts().0, body })
    }
}

struct World {
    simulated: Arc<simulated::Fly>,
    machines: Arc<Modelled>,
    account: FlyAccount,
    spec: Spec,
}

impl World {
    fn new(lag: Lag) -> Self {
        let (clock, chance) = (Clock::following_tokio(1_790_000_000_000), Chance::seeded(5));
        let machines = Modelled::new(clock.clone(), chance.clone());
        let runtime = Arc::new(machines.clone());
        let settings = simulated::Settings::prompt(clock.clone(), chance.clone(), runtime);
        let simulated = simulated::Fly::new(simulated::Settings { lag, ..settings });
        let network = InProcess::new().with_fly(&simulated);
        let judged = Arc::new(Judged { network, contract: Contract::load() });
        let fly = Fly::new(judged, Endpoints::real(), clock, chance);
        let Ok(token) = fly.judge(&simulated.mint_org_token()) else { panic!("a token as Fly's") };
        Self { simulated, machines, account: fly.open(token, keys()), spec: spec() }
    }

    /// Asks until it is so; an hour of simulated time is more than any of it takes.
    async fn passes(&self, step: &Step, known: &Known) -> Facts {
        let asked = async {
            loop {
                match self.account.pass(&self.here(known), &step.id).await {
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

    async fn makes(&self, step: &Step, known: &Known) -> Facts {
        loop {
            match self.account.create(&self.here(known), &step.id).await {
                Ok(facts) => return facts,
                Err(error) => assert!(is_passing(error.cause), "{:?}: {error}", step.id),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn here<'a>(&'a self, known: &'a Known) -> Here<'a> {
        Here { spec: &self.spec, region: &self.spec.regions[0], known }
    }

    async fn deploys(&self) -> Known {
        self.deploys_before(None).await
    }

    /// What is known when all steps before this one are done.
    async fn deploys_before(&self, last: Option<&StepId>) -> Known {
        let plan = self.account.plan(&self.spec);
        let mut known = Known::new();
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

fn is_passing(cause: Cause) -> bool {
    matches!(cause, Cause::Later { .. } | Cause::Missing)
}

fn keys() -> Keys {
    let key = |kind, value: &str| {
        Arc::new(Secret::new(kind, value.to_owned(), Audience::of(["api.machines.dev"])))
    };
    Keys {
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
        name: Name::near("ada"),
        cloud: CloudKind::Fly,
        organisation: "personal".to_owned(),
        regions: vec![Region::try_from("ams".to_owned()).unwrap()],
        size: Size::Medium,
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
    for lag in [Lag::None, Lag::UpToMs(5_000)] {
        let world = World::new(lag);
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
    let world = World::new(Lag::None);
    world.machines.set(Knobs { wrong_build: Some("vm"), ..Knobs::default() });
    let gate = StepId::new("agent-ready");
    let known = world.deploys_before(Some(&gate)).await;

    let cause = loop {
        match world.account.pass(&world.here(&known), &gate).await {
            Ok(None) => tokio::time::sleep(Duration::from_secs(1)).await,
            Ok(Some(facts)) => panic!("{facts:?}"),
            Err(error) => break error.cause,
        }
    };
    assert_eq!(cause, Cause::OurFault);
}
