//! textslash deploys a person's own coding agent into that person's own cloud account, from a chat.
//!
//! The modules below stand in reading order, and a module imports only from modules listed before
//! it (the test `tidy` enforces this). Requests flow down; events come back up through the same
//! state machine.
//!
//! # Words: no behaviour beyond their own sense
//! - [`secret`]: a credential that cannot be printed, bound to the hosts that may see it
//! - [`spec`]: what was asked for: cloud, region, size, names
//! - [`protocol`]: what relay and VM say to each other, and how they prove who they are
//!
//! # Decisions: pure, without clock, network or chance
//! - [`pricing`]: what a deployment costs a month, from a dated price table
//! - [`intake`]: what can be wrong with a pasted answer
//! - [`account`]: what is known of a cloud account, and why a call to a cloud fails
//! - [`quota`]: how many deployments may be begun within a day
//! - [`invitation`]: who may begin one, where that is by invitation
//! - [`plan`]: the resources and gates of a deployment, as a graph
//! - [`journal`]: what was intended and what came of it, replayed into the state of a run
//! - [`conversation`]: the onboarding chat as a state machine
//!
//! # Hands: each touches exactly one outside thing
//! - [`clock`]: what time it is
//! - [`chance`]: randomness, seeded or real
//! - [`files`]: files on disk, whole or not at all
//! - [`metrics`]: what is counted for whoever runs the bot
//! - [`body_budget`]: how many bytes of bodies a process holds at once
//! - [`http`]: one transport under every call to a vendor
//! - [`cloud`]: what a cloud account must offer, and Fly.io
//! - [`anthropic`]: is this model key alive
//! - [`messaging`]: the chat service that a relay is to speak through: whose is it, where does it lead
//! - [`store`]: the database: runs, journals, conversations
//! - [`sessions`]: credentials held in memory, each with a deadline
//! - [`forms`]: one-time forms for credentials
//!
//! # Workers: a decision and some hands
//! - [`provisioner`]: drives a plan to deployed or to nothing
//! - [`onboarding`]: drives conversations on the channels
//! - [`probation`]: an unproven deployment serves for a while only
//! - [`relay`]: speaks with its owner, holds the keys
//! - [`vm`]: runs the agent
//!
//! # Doors
//! - [`web`]: the routes that bot, relay and VM serve
//!
//! # Roles
//! - [`config`]: settings, read once at a role's door
//! - [`telemetry`]: logs, free of secrets
//! - [`privileges`]: root's rights, given up before anything is served
//!
//! # Beside the floors
//! - [`sandbox`]: simulated vendors, so that all of it runs on one machine

pub mod secret;

pub mod spec;

pub mod protocol;

pub mod pricing;

pub mod intake;

pub mod account;

pub mod quota;

pub mod invitation;

pub mod plan;

pub mod journal;

pub mod conversation;

pub mod clock;

pub mod chance;

pub mod files;

pub mod metrics;

pub mod body_budget;

pub mod http;

pub mod cloud;

pub mod anthropic;

pub mod messaging;

pub mod store;

pub mod sessions;

pub mod forms;

pub mod provisioner;

pub mod onboarding;

pub mod probation;

pub mod relay;

pub mod vm;

pub mod web;

pub mod config;

pub mod telemetry;

pub mod privileges;

pub mod sandbox;

/// Fly's own description of its API, for the tests of both that speak it.
#[cfg(test)]
#[path = "../tests/textslash/contract.rs"]
mod contract;
