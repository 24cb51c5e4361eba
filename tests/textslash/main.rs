//! One integration binary: stories told from outside the library.

#![cfg(test)]

mod contract;
mod fly_account;
mod relay;
mod tidy;
mod vm;
mod web_log;
