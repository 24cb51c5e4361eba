//! One integration binary: stories told from outside the library.

#![cfg(test)]

#[cfg(target_os = "linux")]
mod cli;
mod contract;
mod fly_account;
#[cfg(target_os = "linux")]
mod program;
mod relay;
#[cfg(target_os = "linux")]
mod sandbox;
#[cfg(target_os = "linux")]
mod secrets;
mod tidy;
mod vm;
