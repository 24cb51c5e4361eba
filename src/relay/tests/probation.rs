//! A relay whose deployment was never proven.

use super::*;

#[tokio::test]
async fn after_its_time_it_serves_nothing_until_it_is_committed() {
    let world = World::stopped(Script::answers("four")).await;
    std::fs::write(world.dir.path().join("first_start_ms"), "0").unwrap();
    let relay = world.run().await;
    world.channel.says(line("1", "two and two?"));
    world.until(&[messages::NOT_COMMITTED.said(Locale::English)]).await;
    assert!(world.vm.asked().is_empty());

    relay.commit().await.unwrap();
    world.channel.says(line("2", "and now?"));
    world.until(&[messages::NOT_COMMITTED.said(Locale::English), "four"]).await;
    assert_eq!(world.vm.asked(), ["and now?"]);
}

#[tokio::test]
async fn never_committed_it_ends_after_its_time() {
    let mut world = World::stopped(Script::answers("ok")).await;
    world.limits.idle_ms = 2 * PROBATION_MS;
    let began = tokio::time::Instant::now();
    let relay = world.try_relay(OWNER).await.unwrap();
    tokio::time::pause();
    assert_eq!(relay.run(std::future::pending()).await, Over::Unproven);
    assert!(began.elapsed() >= Duration::from_millis(PROBATION_MS));
}

#[tokio::test]
async fn the_menu_is_offered_when_the_deployment_is_proven_and_not_before() {
    let world = World::stopped(Script::answers("four")).await;
    let relay = world.run().await;
    world.channel.says(line("1", "/status"));
    world.settled(1).await;
    assert_eq!(*world.channel.menu.borrow(), Vec::<String>::new());

    relay.commit().await.unwrap();

    let mut menu = world.channel.menu.subscribe();
    let offered = menu.wait_for(|words| !words.is_empty()).await.unwrap();
    assert_eq!(*offered, ["status", "stop", "new", "help"]);
}
