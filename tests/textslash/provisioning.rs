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
