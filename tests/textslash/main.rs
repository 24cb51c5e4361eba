//! One integration binary: stories told from outside the library.

mod contract;
mod fly_account;
