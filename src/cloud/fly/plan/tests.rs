use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::cloud::fly::tests::scripted_account::*;
use crate::cloud::fly::tests::{ScriptedFly, SeenRequest};
use crate::cloud::{Cloud, FailureCause, StepContext};
use crate::contract::Contract;
use crate::plan::{Facts, Plan, StepFacts, StepId, StepKind, Undo};

fn plan() -> Plan {
    account_with(Vec::new()).1.plan(&spec())
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
fn a_resource_that_costs_money_is_deleted_by_a_call_of_its_own() {
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

#[tokio::test(start_paused = true)]
async fn every_request_of_a_deployment_and_its_removal_is_as_fly_describes_it() {
    let Some(contract) = Contract::load() else { return };
    let scripted = ScriptedFly::new(|line| {
        let body = if line.ends_with("/machines") || line.ends_with("/volumes") {
            if line.starts_with("POST") { json!({"id": "1x"}) } else { json!([]) }
        } else if line.ends_with("/tokens/current") {
            json!({"tokens": [{"org_slug": "ada"}]})
        } else {
            json!({"id": "a", "ip": "fdaa:0:1::3", "version": 1})
        };
        Ok((200, body))
    });
    let account = account(&scripted);
    let (spec, known) = (spec(), known_all());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let found = Facts::from([("id".to_owned(), "1x".to_owned())]);
    for step in account.plan(&spec).steps() {
        match &step.kind {
            StepKind::Gate { .. } => drop(account.poll_gate(&here, &step.id).await),
            StepKind::Handover { .. } => drop(account.create(&here, &step.id).await.unwrap()),
            StepKind::Resource { undo, .. } => {
                account.observe(&here, &step.id).await.unwrap();
                account.create(&here, &step.id).await.unwrap();
                if *undo == Undo::Delete {
                    account.delete(&here, &step.id, &found).await.unwrap();
                }
            }
        }
    }
    account.find().await.unwrap();
    let seen = scripted.seen();
    assert!(seen.len() > 30);
    for SeenRequest { line, body, .. } in seen {
        let Some((method, url)) = line.split_once(' ') else { panic!("{line}") };
        let Some(path) = url.strip_prefix("https://api.machines.dev") else { continue };
        let wrong =
            contract.check_request(method, path, Some(&body).filter(|body| !body.is_null()));
        assert_eq!(wrong, Vec::<String>::new(), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_takes_the_calls_of_its_kind_and_no_others() {
    let (scripted, account) = account_with(Vec::new());
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let found = Facts::new();
    for step in ["relay-keys", "committed", "moon-base"].map(StepId::new) {
        let observed = account.observe(&here, &step).await.map(|_| ());
        let deleted = account.delete(&here, &step, &found).await;
        assert_eq!(observed.unwrap_err().cause, FailureCause::InvalidRequest, "{step}");
        assert_eq!(deleted.unwrap_err().cause, FailureCause::InvalidRequest, "{step}");
        assert_eq!(account.link(&spec, &step), None);
    }
    for step in ["committed", "moon-base"].map(StepId::new) {
        let created = account.create(&here, &step).await;
        assert_eq!(created.unwrap_err().cause, FailureCause::InvalidRequest, "{step}");
    }
    for step in ["relay-keys", "relay-app", "moon-base"].map(StepId::new) {
        let polled = account.poll_gate(&here, &step).await;
        assert_eq!(polled.unwrap_err().cause, FailureCause::InvalidRequest, "{step}");
    }
    let deleted = account.delete(&here, &StepId::new("relay-ipv6"), &found).await;
    assert_eq!(deleted.unwrap_err().cause, FailureCause::InvalidRequest, "it goes with its app");
    assert!(scripted.seen().is_empty(), "nothing was asked");
}
