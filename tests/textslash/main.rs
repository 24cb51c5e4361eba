//! One integration binary: stories told from outside the library.

#![cfg(test)]

mod browser;
mod cli;
mod clients;
mod contract;
mod discord;
mod fly_account;
mod full_disk;
mod hostile;
mod late;
mod logs;
mod memory;
mod mutants;
mod naughty;
mod onboarding;
mod port;
mod program;
mod provisioning;
mod relay;
mod sandbox;
mod secrets;
mod services;
mod start;
mod supply;
mod telegram;
mod tidy;
mod vm;
mod web_log;
mod whatsapp;
mod words;
