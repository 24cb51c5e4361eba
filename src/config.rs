//! Settings: small structs, each read once from the environment at the door of the role that needs
//! it. A missing or wrong setting is a sentence that names it.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use zeroize::Zeroizing;

use crate::machine_env;
use crate::secret::{Audience, Secret, SecretKind};
use crate::spec::Spec;

mod bot;
mod deployed;
mod keys;
pub mod reference;
mod vendors;

pub use bot::{BotSettings, TelegramSettings, WhatsAppSettings};
pub use deployed::data_dir as deployed_data_dir;
pub use deployed::{
    ChannelSettings, ListenAddress, agent_firewall, owner_key, relay_channel, relay_settings,
    vm_settings,
};
pub use vendors::{ALLOW_SANDBOX, VendorEndpoints, chat_services, images};

#[cfg(test)]
mod tests;

/// Set to `1`, it makes a relay or a VM end when its standard input does: the sandbox holds the
/// other end, so that no machine outlives it, however it ends.
pub const END_WITH_STDIN: &str = "TEXTSLASH_END_WITH_STDIN";

/// Most tokens that a day may be given: far beyond what the vendor serves, and sums of it fit the
/// count.
const DAILY_TOKENS_MAX: u64 = 1_000_000_000_000;

/// The tokens of all classes that an agent may use in a day: `TEXTSLASH_DAILY_TOKENS`, or the usual
/// number.
///
/// # Errors
/// When it is not a number of tokens.
pub fn daily_tokens(environment: &Environment<'_>) -> anyhow::Result<u64> {
    let Some(text) = environment.get(machine_env::DAILY_TOKENS) else {
        return Ok(Spec::DAILY_TOKENS);
    };
    let tokens = text.parse().ok().filter(|tokens| *tokens <= DAILY_TOKENS_MAX);
    tokens.context(
        "TEXTSLASH_DAILY_TOKENS must be a number: the tokens that an agent may use in a day, 0 \
         for none",
    )
}

/// Where settings come from: the process's environment, or a map in tests.
pub struct Environment<'a>(Box<SettingLookup<'a>>);

type SettingLookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

impl<'a> Environment<'a> {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self(Box::new(|name| std::env::var(name).ok()))
    }

    /// The environment of this process, under these settings.
    pub fn under(settings: &'a BTreeMap<&'static str, String>) -> Self {
        Self(Box::new(|name| settings.get(name).cloned().or_else(|| std::env::var(name).ok())))
    }

    /// These settings and no others.
    pub fn of(settings: &'a [(&'a str, &'a str)]) -> Self {
        Self(Box::new(|name| {
            settings.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
        }))
    }

    /// The value of `name`; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// Whether `name` is set, be it to nothing: for settings whose absence opens a door.
    pub fn is_set(&self, name: &str) -> bool {
        (self.0)(name).is_some()
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// When it is not set.
    pub fn require(&self, name: &str) -> anyhow::Result<String> {
        self.get(name).with_context(|| format!("{name} is not set"))
    }

    /// The value of `name`, or `default`.
    pub fn or(&self, name: &str, default: &str) -> String {
        self.get(name).unwrap_or_else(|| default.to_owned())
    }

    /// The credential in `name`.
    ///
    /// # Errors
    /// When it is not set.
    pub fn secret(
        &self,
        name: &str,
        kind: SecretKind,
        audience: Audience,
    ) -> anyhow::Result<Secret> {
        Ok(Secret::new(kind, Zeroizing::new(self.require(name)?), audience))
    }

    /// Whether `name` is set to `1`.
    ///
    /// # Errors
    /// When it is set to anything but `0` or `1`.
    pub fn flag(&self, name: &str) -> anyhow::Result<bool> {
        match self.get(name).as_deref() {
            None | Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(_) => bail!("{name} must be 0 or 1"),
        }
    }
}
