//! Chat services in one vocabulary.
//!
//! This crate knows how people are reached and nothing of what is said to them: no cloud, no
//! deployment, no agent. Reading order:
//!
//! - [`chat`]: the words every service shares (chats, people, messages, buttons)
//! - [`channel`]: the narrow waist, one trait and what a channel can do, as data
//! - [`text`]: long text into messages that fit
//! - `client`: the HTTP client of every service
//! - [`console`]: the terminal one sits at
//! - `inbox`: what is not yet safe with us
//! - `answer`: what a service answers, as far as it is read
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
