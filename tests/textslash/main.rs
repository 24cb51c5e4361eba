//! One integration binary: stories told from outside the library.

#![cfg(test)]

mod onboarding;
mod contract;
mod fly_account;
mod tidy;
mod vm;
