//! A relay whose deployment was never proven.

use super::*;
use crate::chat_service::{ChatEndpoints, ChatServices};
use crate::sandbox::in_process::InProcess;
use crate::sandbox::telegram::SimulatedTelegram;
use crate::secret::{Audience, SecretKind};
use crate::spec::RelayChannel;

#[tokio::test]
async fn after_its_time_it_serves_nothing_until_it_is_committed() {
    let world = RelayWorld::uncommitted(AgentScript::answers("four")).await;
    std::fs::write(world.dir.path().join("first_start_ms"), "0").unwrap();
    let relay = world.run().await;
    world.channel.says(line("1", "two and two?"));
    world.until(&[&messages::NOT_COMMITTED.said(Locale::English)]).await;
    assert!(world.vm.asked().is_empty());

    relay.commit().await.unwrap();
    world.channel.says(line("2", "and now?"));
    world.until(&[&messages::NOT_COMMITTED.said(Locale::English), "four"]).await;
    assert_eq!(world.vm.asked(), ["and now?"]);
}

#[tokio::test]
async fn before_the_commit_lines_are_kept_and_run_in_their_order_afterwards() {
    let world = RelayWorld::uncommitted(AgentScript::answers("ok")).await;
    let relay = world.run().await;
    for (id, text) in [("1", "first"), ("2", "second"), ("1", "first")] {
        world.channel.says(line(id, text));
    }
    let kept = &messages::KEPT.said(Locale::English);
    world.until(&[kept]).await;
    world.delivered().await;
    assert!(world.vm.asked().is_empty());

    // A restart does not lose them, and does not run them either.
    drop(relay);
    let relay = world.run_again().await;
    world.channel.says(line("3", "third"));
    world.acknowledged(4).await;
    assert!(world.vm.asked().is_empty());

    relay.commit().await.unwrap();
    world.until(&[kept, "ok", "ok", "ok"]).await;
    assert_eq!(world.vm.asked(), ["first", "second", "third"]);
}

#[tokio::test]
async fn before_the_commit_no_command_is_obeyed_then_or_later() {
    let world = RelayWorld::uncommitted(AgentScript::answers("ok")).await;
    let relay = world.run().await;
    let commands = ["/new", "/stop", "/status", "/help", "/teardown", "/nonsense"];
    for command in commands {
        world.channel.says(line(command, command));
    }
    let not_ready = messages::NOT_READY.said(Locale::English);
    world.until(&[not_ready.as_str(); 6]).await;
    assert_eq!(world.store.session().await.unwrap(), "main");

    relay.commit().await.unwrap();
    for command in commands {
        world.channel.says(line(command, command));
    }
    world.settled(12).await;
    assert_eq!(world.channel.texts(), [not_ready.as_str(); 6], "a second delivery is none");
    assert_eq!(world.store.session().await.unwrap(), "main");
}

#[tokio::test]
async fn never_committed_it_ends_after_its_time() {
    let mut world = RelayWorld::uncommitted(AgentScript::answers("ok")).await;
    // Paused time may pass while the database works: the probation must end long before.
    world.limits.idle_ms = 100 * PROBATION_MS;
    let began = tokio::time::Instant::now();
    let relay = world.try_relay(OWNER).await.unwrap();
    tokio::time::pause();
    assert_eq!(relay.run(std::future::pending()).await, RelayExit::NotCommitted);
    assert!(began.elapsed() >= Duration::from_millis(PROBATION_MS));
}

#[tokio::test]
async fn the_menu_is_offered_when_the_deployment_is_proven_and_not_before() {
    let world = RelayWorld::uncommitted(AgentScript::answers("four")).await;
    let relay = world.run().await;
    world.channel.says(line("1", "/status"));
    world.settled(1).await;
    assert_eq!(*world.channel.menu.borrow(), Vec::<String>::new());

    relay.commit().await.unwrap();

    let mut menu = world.channel.menu.subscribe();
    let offered = menu.wait_for(|words| !words.is_empty()).await.unwrap();
    assert_eq!(*offered, ["status", "stop", "new", "help"]);
}

#[tokio::test]
async fn the_owners_bot_is_led_here_when_both_are_committed_and_not_before() {
    let world = RelayWorld::uncommitted(AgentScript::answers("four")).await;
    let nobody = Arc::new(InProcess::new());
    let telegram = SimulatedTelegram::new(Clock::system(), Random::seeded(3), nobody);
    let transport = InProcess::new().mount("api.telegram.org", telegram.router());
    let services = ChatServices::new(Arc::new(transport), ChatEndpoints::real(), Vec::new());
    let service = services.of_channel(RelayChannel::Telegram).unwrap();
    let token = telegram.mint_bot("ada_bot");
    let here = "https://relay.example/telegram";
    let link_key = Secret::new(SecretKind::LinkKey, "the link key".to_owned(), Audience::nobody());
    let pointer = WebhookRegistration::new(
        service.clone(),
        service.check_format(&token).unwrap(),
        "@ada_bot".to_owned(),
        here.to_owned(),
        &link_key,
        RelayStore::open(world.dir.path()).await.unwrap(),
    );
    let relay = world.relay_over(OWNER, Some(pointer), world.vm.clone()).await.unwrap();

    world.vm.answers_with(503);
    relay.commit().await.unwrap_err();
    assert_eq!(telegram.webhook(&token), None, "the VM is not committed");

    world.vm.answers_with(200);
    relay.commit().await.unwrap();
    assert_eq!(telegram.webhook(&token).as_deref(), Some(here));
}
