//! The routes that relay and VM serve.

pub mod relay;

pub mod vm;
