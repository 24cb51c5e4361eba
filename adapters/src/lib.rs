//! Chat services with one interface.
//!
//! This crate transports messages and knows nothing of their subjects: no cloud, no deployment, no
//! agent. Reading order:
//!
//! - [`chat`]: the types that all services share (chats, people, messages, buttons)
//! - [`channel`]: the interface of a service, one trait and its capabilities as data
//! - [`text`]: the split of long text into messages that fit
//! - `client`: the HTTP client of every service
//! - [`console`]: the terminal of this process
//! - `inbox`: inbound messages that are not durable yet
//! - `answer`: the answers of services, read up to a limit
//! - [`telegram`], [`discord`], [`whatsapp`]: the services people use, through bots and numbers
//! - [`web`]: a WebSocket behind an owner's key, for people who need no third party

pub mod chat;

pub mod channel;

pub mod text;

mod client;

pub mod console;

mod inbox;

mod answer;

pub mod telegram;

#[cfg(feature = "discord")]
pub mod discord;

pub mod whatsapp;

pub mod web;
