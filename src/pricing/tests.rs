use super::*;
use crate::spec::MachineSize;

fn region(code: &str) -> Region {
    Region::try_from(code.to_owned()).unwrap()
}

fn machine_cents(cpus: u32, memory_mb: u32, code: &str) -> u64 {
    cents(machine_mills(cpus, memory_mb, Some(&region(code))))
}

#[test]
fn running_machines_cost_what_fly_publishes() {
    for (cpus, memory_mb, code, published_cents) in [
        (1, 256, "iad", 219),
        (1, 512, "iad", 369),
        (1, 1024, "iad", 670),
        (2, 2048, "iad", 1339),
        (1, 1024, "fra", 773),
        (1, 1024, "sin", 850),
    ] {
        let cents = machine_cents(cpus, memory_mb, code);
        assert_eq!(cents, published_cents, "{cpus} CPUs with {memory_mb} MB in {code}");
    }
}

#[test]
fn a_region_that_the_table_does_not_know_is_never_quoted_too_low() {
    let unknown = machine_cents(2, 2048, "xyz");
    for (code, _) in REGION_MARKUPS {
        assert!(machine_cents(2, 2048, code) <= unknown, "{code}");
    }
}

#[test]
fn a_medium_deployment_in_ashburn_is_cheap_when_idle_and_bounded_when_busy() {
    let quote = quote(&spec(&["iad"]));

    let cents: Vec<u64> = quote.lines.iter().map(|line| line.cents).collect();
    assert_eq!(cents, [219, 1339, 165, 16, 0]);
    assert_eq!(quote.idle_cents, 181);
    assert_eq!(quote.always_on_cents, 1723);
}

#[test]
fn what_may_move_to_a_dearer_region_is_quoted_there() {
    assert_eq!(quote(&spec(&["ams", "fra", "arn"])), quote(&spec(&["fra"])));
    assert!(quote(&spec(&["ams"])).always_on_cents < quote(&spec(&["fra"])).always_on_cents);
}

fn spec(regions: &[&str]) -> Spec {
    let id = crate::spec::DeploymentId::from_random([1; 10]);
    Spec {
        id,
        name: crate::spec::DeploymentName::nearest_to("ada"),
        cloud: CloudKind::Fly,
        organisation: "ada".into(),
        regions: regions.iter().map(|code| region(code)).collect(),
        size: MachineSize::Medium,
        vm_volume_gb: 10,
        channel: crate::spec::RelayChannel::Web,
        owner: crate::spec::RelayChannel::link_holder(),
        address: None,
        locale: String::new(),
        agent: crate::spec::AgentKind::Shell,
        daily_tokens: Spec::DAILY_TOKENS,
        images: crate::spec::Images { relay: String::new(), vm: String::new() },
    }
}
