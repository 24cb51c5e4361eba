//! Simulated vendors: a world that can be carried indoors. Everything here is product code, reached
//! from the sandbox role and from tests, and from nowhere else.

pub mod edge;
pub mod fly;
pub mod in_process;
pub mod machines;
