//! One integration binary: stories told from outside the library.

#![cfg(test)]

mod tidy;
mod vm;
