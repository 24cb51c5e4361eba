//! One integration binary: stories told from outside the library.

#![cfg(test)]

mod onboarding;
mod tidy;
mod vm;
