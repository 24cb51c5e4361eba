//! One integration binary: stories told from outside the library.

mod provisioning;
