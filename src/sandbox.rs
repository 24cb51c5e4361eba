//! sandbox

pub mod faults;
