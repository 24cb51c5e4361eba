//! textslash deploys a person's own coding agent into that person's own cloud account, from a chat.
//!
//! The modules below stand in reading order, and a module imports only from modules listed before
//! it (the test `tidy` enforces this). Requests flow down; events come back up through the same
//! state machine.
//!
//! # Glossary
//! | word | meaning |
//! |---|---|
//! | spec | a person's choice of cloud, region, size, channel and agent, without any credential |
//! | plan | the graph of steps that turns a spec into a deployment |
//! | step | one node of a plan: a resource to create, a handover of keys, or a gate |
//! | gate | a step that creates nothing and waits for a fact, such as a healthy relay |
//! | run | one deployment from its first journal entry to its end: deployed, removed or stuck |
//! | journal | the append-only record of a run: intent before each call, result after it |
//! | lease | the exclusive right of one process to append to the journal of a run |
//! | vault | credentials in memory, each for one person and with a deadline, never stored |
//! | relay | the small app in the person's cloud: speaks their channel, holds their keys |
//! | probation | the time in which a new machine must be committed, or it exits |
//!
//! # Words: types without behaviour
//! - [`secret`]: a credential that cannot be printed, bound to the hosts that may see it
//! - [`spec`]: the choices of a person: cloud, region, size, names
//! - [`machine_env`]: the settings of a deployed machine
//! - [`protocol`]: the calls between relay and VM, and their signatures
//! - [`messages`]: each text that a person reads, in each language
//!
//! # Decisions: pure, without clock, network or chance
//! - [`pricing`]: the monthly cost of a deployment, from a dated price table
//! - [`credential_format`]: the shape of pasted credentials, and faults in it
//! - [`account`]: facts about a cloud account, and causes of failed calls
//! - [`quota`]: limits on deployments per day
//! - [`invitation`]: invitation codes, for bots that admit only invited people
//! - [`plan`]: the resources and gates of a deployment, as a graph
//! - [`deployment`]: goal, progress and end of a run
//! - [`journal`]: intents and results, replayed into the state of a run
//! - [`conversation`]: the onboarding chat as a state machine
//!
//! # Hands: each touches exactly one thing outside the process
//! - [`clock`]: the time of day
//! - [`random`]: random bytes, real or from a seed
//! - [`files`]: atomic writes of files
//! - [`metrics`]: counters and gauges for the bot's host
//! - [`spans`]: the conversation, run and turn of a log line
//! - [`body_budget`]: limit on the bytes of bodies in memory
//! - [`http`]: one transport under every call to a vendor
//! - [`model`]: the interface of a model's vendor, and Anthropic
//! - [`chat_service`]: the interface of a chat service, and Telegram, Discord and Twilio
//! - [`cloud`]: the interface of a cloud account, and Fly.io
//! - [`store`]: the database: runs, journals, conversations
//! - [`vault`]: credentials held in memory, each with a deadline
//! - [`forms`]: one-time forms for credentials
//!
//! # Workers: a decision and some hands
//! - [`provisioner`]: drives a plan to deployed or to nothing
//! - [`deployments`]: the service under every face: check, begin, drive, list, find, remove
//! - [`onboarding`]: drives conversations on the channels
//! - [`probation`]: the end of deployments that nobody commits
//! - [`relay`]: the chat with its owner, and the keys
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

pub mod machine_env;

pub mod protocol;

pub mod messages;

pub mod pricing;

pub mod credential_format;

pub mod account;

pub mod quota;

pub mod invitation;

pub mod plan;

pub mod deployment;

pub mod journal;

pub mod conversation;

pub mod clock;

pub mod random;

pub mod files;

pub mod metrics;

pub mod spans;

pub mod body_budget;

pub mod http;

pub mod model;

pub mod chat_service;

pub mod cloud;

pub mod store;

pub mod vault;

pub mod forms;

pub mod provisioner;

pub mod deployments;

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
