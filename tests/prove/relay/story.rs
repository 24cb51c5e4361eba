//! One story from its first message to its last check.

use std::time::Duration;

use adapters::chat::{Attachment, ChatId, ChatType, Inbound, InboundContent, InboundId, UserId};
use axum::body::Body;
use http::{Request, StatusCode};
use textslash::protocol::{Direction, SIGNATURE_HEADER, SignedCall, sign};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use super::checks;
use super::dice::RelayStoryDice;
use super::disk;
use super::plan::{MessageKind, PlannedMessage, RelayStoryPlan};
use super::promise::RelayPromise;
use super::service::{CHAT, EDITED, OWNER};
use super::stage::StoryVerdict;
use super::world::{RelayStoryWorld, link_key};

/// Everything must be quiet this long after the last fault.
const QUIET_WITHIN: Duration = Duration::from_secs(60 * 60);

/// How often a story looks whether everything is quiet.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// Attempts of a provisioner to commit.
const COMMITS_MAX: usize = 200;

/// No story of messages and absences takes longer.
const STORY_MAX: Duration = Duration::from_secs(48 * 60 * 60);

/// Tells the story of this seed.
pub fn run(seed: u64) -> StoryVerdict {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let dir = tempfile::Builder::new().prefix("textslash-prove-").tempdir_in(room()).unwrap();
        let plan = RelayStoryPlan::of_seed(seed);
        let mut world = RelayStoryWorld::new(&plan, dir.path()).await;
        // A task of its own, so that everything of the story takes turns in one queue.
        let told = tokio::spawn(async move {
            if timeout(STORY_MAX, play(&mut world, &plan)).await.is_err() {
                world.stage.expect(RelayPromise::Quiet, false, || "the story does not end".into());
            }
            world.stage.verdict(world.kills)
        });
        told.await.unwrap()
    })
}

/// In memory, where there is such a place.
fn room() -> std::path::PathBuf {
    let memory = std::path::PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

async fn play(world: &mut RelayStoryWorld, plan: &RelayStoryPlan) {
    let service = world.service.clone();
    let dice = RelayStoryDice::new(plan.seed, 6);
    let writes = async {
        for message in &plan.messages {
            sleep(message.pause).await;
            // Some are overtaken by those that come after them.
            let late = if dice.percent(20) { dice.up_to_ms(30_000) } else { Duration::ZERO };
            if let MessageKind::Edit(of) = &message.what
                && !service.has_delivered(of).await
            {
                continue;
            }
            service.stage.trace(&format!("{}: {:?}", message.id, message.what));
            service.deliver(inbound(message), late);
        }
    };
    let commits = commits(world, plan.committed_after);
    let (stage, [of_relay, of_vm], dir) = (&world.stage, plan.full.clone(), world.dir.clone());
    let full_relay = disk::relay(stage.clone(), world.database.clone(), of_relay);
    let full_vm = disk::vm(stage.clone(), &dir, of_vm);
    world
        .until_over(async {
            tokio::join!(writes, commits, full_relay, full_vm);
        })
        .await;
    world.until_over(sleep(Duration::from_secs(30))).await;
    world.stop_faults();
    let is_committed = plan.committed_after.is_some();
    becomes_quiet(world, is_committed).await;
    if is_committed {
        // What agents left behind goes with the next turn; several, where much was left.
        for number in 0..3 {
            let what = MessageKind::Line(format!("last-{number} say done"));
            let last = PlannedMessage { id: format!("last-{number}"), pause: Duration::ZERO, what };
            world.service.deliver(inbound(&last), Duration::ZERO);
            becomes_quiet(world, true).await;
        }
    }
    world.look();
    checks::end(world, &plan.messages, is_committed).await;
}

async fn becomes_quiet(world: &mut RelayStoryWorld, is_committed: bool) {
    let began = Instant::now();
    loop {
        world.until_over(sleep(LOOK_INTERVAL)).await;
        let is_settled = !is_committed || world.store.is_idle().await.unwrap();
        let is_quiet = is_settled && world.service.is_quiet() && !world.is_vm_busy();
        if is_quiet || began.elapsed() > QUIET_WITHIN {
            world.stage.expect(RelayPromise::Quiet, is_quiet, || {
                let (service, vm) = (world.service.is_quiet(), world.is_vm_busy());
                format!("relay {is_settled}, service {service}, VM busy {vm}")
            });
            return;
        }
    }
}

/// A provisioner that commits the deployment, as often as it takes.
fn commits(world: &RelayStoryWorld, after: Option<Duration>) -> impl Future<Output = ()> + 'static {
    let (stage, wanted) = (world.stage.clone(), world.relay_wanted.clone());
    let mut router = world.relay_router.subscribe();
    let clock = world.clock();
    async move {
        let Some(after) = after else { return };
        sleep(after).await;
        for attempt in 0..COMMITS_MAX {
            wanted.notify_one();
            let up = timeout(Duration::from_secs(10), router.wait_for(Option::is_some)).await;
            let Some(relay) = up.ok().and_then(|up| up.ok().and_then(|up| up.clone())) else {
                continue;
            };
            let call = SignedCall {
                direction: Direction::ProvisionerToRelay,
                method: "POST",
                path: "/commit",
                body: b"",
            };
            let mut nonce = [0; 16];
            nonce[..8].copy_from_slice(&attempt.to_be_bytes());
            let signature = sign(link_key().expose().as_bytes(), call, clock.now_ms(), nonce);
            let request = Request::post("/commit").header(SIGNATURE_HEADER, signature);
            let call = relay.oneshot(request.body(Body::empty()).unwrap());
            // A relay that is killed answers nothing more, and does nothing more.
            let answer = tokio::select! {
                biased;
                _ = router.changed() => None,
                answer = timeout(Duration::from_secs(100), call) => answer.ok(),
            };
            let status = answer.map(|answer| answer.unwrap().status());
            stage.trace(&format!("commit -> {status:?}"));
            if status == Some(StatusCode::NO_CONTENT) {
                return;
            }
            sleep(Duration::from_secs(5)).await;
        }
    }
}

fn inbound(message: &PlannedMessage) -> Inbound {
    let text = |text: &str| InboundContent::Text(text.to_owned().into());
    let mut inbound = Inbound {
        id: InboundId(message.id.clone()),
        chat: ChatId(CHAT.into()),
        from: UserId(OWNER.into()),
        place: ChatType::Private,
        locale: None,
        message: None,
        context: Default::default(),
        content: text(""),
    };
    match &message.what {
        MessageKind::Line(script) => inbound.content = text(script),
        MessageKind::Command(word) => inbound.content = text(word),
        MessageKind::Empty => inbound.id.0.insert_str(0, "other-"),
        MessageKind::File(words) => {
            inbound.content = InboundContent::File(Box::new(Attachment {
                id: message.id.clone(),
                name: "a photo.jpg".into(),
                media_type: None,
                bytes: None,
                caption: words.clone(),
            }));
        }
        MessageKind::Edit(of) => {
            inbound.id = InboundId(of.clone());
            inbound.content = InboundContent::Text(EDITED.to_owned().into());
        }
        MessageKind::Stranger(words) => {
            inbound.id.0.insert_str(0, "other-");
            inbound.from = UserId("stranger".into());
            inbound.content = text(words);
        }
        MessageKind::Group(words) => {
            inbound.id.0.insert_str(0, "other-");
            inbound.place = ChatType::Group;
            inbound.content = text(words);
        }
    }
    inbound
}
