//! What is said of a deployment that is ready.

use serde_json::{Value, json};
use textslash::plan::{Known, StepId};
use textslash::spec::{Role, Spec};

/// For people.
pub fn text(spec: &Spec, known: &Known, link: &str) -> String {
    format!(
        "Deployed and proven: {}\n\
         relay machine  {}\n\
         VM machine     {}\n\
         region         {}\n\
         status         ready\n\n\
         Your link. Whoever has it owns the relay; it is not stored anywhere:\n{link}\n\n\
         Next: `textslash chat` talks to it and asks for the link; `textslash teardown {}` removes it.",
        spec.name,
        fact(known, "relay-machine", "id"),
        fact(known, "vm-machine", "id"),
        fact(known, "relay-machine", "region"),
        spec.id,
    )
}

/// For programs.
pub fn json(spec: &Spec, known: &Known, link: &str) -> Value {
    json!({
        "id": spec.id.to_string(),
        "name": spec.name.to_string(),
        "status": "ready",
        "link": link,
        "region": fact(known, "relay-machine", "region"),
        "relay": { "app": spec.app(Role::Relay), "machine": fact(known, "relay-machine", "id") },
        "vm": { "app": spec.app(Role::Vm), "machine": fact(known, "vm-machine", "id") },
    })
}

fn fact<'a>(known: &'a Known, step: &'static str, name: &str) -> &'a str {
    let facts = known.get(&StepId::new(step));
    facts.and_then(|facts| facts.get(name)).map_or("", String::as_str)
}
