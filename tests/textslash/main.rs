//! One integration binary: stories told from outside the library.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod fly_account;
#[cfg(test)]
mod provisioning;
