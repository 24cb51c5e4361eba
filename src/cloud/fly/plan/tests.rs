use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn every_step_is_known_to_the_account() {
    for step in plan().steps() {
        assert!(part(&step.id).is_some(), "{}", step.id);
    }
    assert_eq!(part(&StepId::new("moon-base")), None);
}

#[test]
fn nothing_waits_for_more_than_it_needs() {
    let plan = plan();
    let mut depth: BTreeMap<StepId, usize> = BTreeMap::new();
    for step in plan.steps() {
        let before = step.needs.iter().map(|need| depth[need]).max().unwrap_or(0);
        depth.insert(step.id.clone(), before + 1);
    }
    assert_eq!(depth[&StepId::new("relay-machine")], 3, "app, volume, machine");
    assert_eq!(depth[&StepId::new("committed")], 7);
}

#[test]
fn nothing_is_proven_before_everything_is_there_and_committing_comes_last() {
    let plan = plan();
    let mut needed: BTreeSet<StepId> = BTreeSet::from([StepId::new("committed")]);
    for step in plan.steps().iter().rev() {
        assert!(needed.contains(&step.id), "{} is not proven by committing", step.id);
        needed.extend(step.needs.iter().cloned());
    }
}

#[test]
fn what_costs_money_is_deleted_by_a_call_of_its_own() {
    let costly: Vec<_> = plan()
        .steps()
        .iter()
        .filter(|step| {
            matches!(
                step.kind,
                StepKind::Resource { costs: true, placed: true, undo: Undo::Delete, .. }
            )
        })
        .map(|step| step.id.to_string())
        .collect();
    assert_eq!(costly, ["relay-volume", "vm-volume", "relay-machine", "vm-machine"]);
}
