//! The provisioner against the simulated Fly, in one process and under paused time.

use textslash::provisioner::Outcome;

mod sweep;
mod world;

use world::World;

#[tokio::test]
async fn a_deployment_is_proven_and_its_removal_leaves_a_receipt() {
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .try_init();
    let ada = World::new().await;

    let o = ada.deploys().await;
    for call in ada.faults.calls() {
        println!("{call}");
    }
    println!("{o:?}");
    assert!(matches!(o, Outcome::Deployed(_)));
    ada.expect_deployed();
    println!("{:#?}", ada.fly.inventory());

    let Outcome::Removed(receipt) = ada.removes().await else { panic!("not removed") };
    println!("{receipt:#?}");
    ada.expect_nothing();
    ada.expect_good_manners();
}

#[tokio::test]
async fn profile() {
    let database = world::Database::new().await;
    let (mut a, mut b, mut c) = (0, 0, 0);
    for seed in 0..100 {
        let t = std::time::Instant::now();
        let ada = World::with(database.clone(), seed, textslash::sandbox::fly::Latency::NONE);
        a += t.elapsed().as_micros();
        let t = std::time::Instant::now();
        ada.deploys().await;
        b += t.elapsed().as_micros();
        let t = std::time::Instant::now();
        ada.removes().await;
        c += t.elapsed().as_micros();
    }
    println!("world {} deploy {} remove {}", a / 100, b / 100, c / 100);
}
