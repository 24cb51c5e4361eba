//! The flags of `textslash bot`: one for each setting that is no secret.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::{Arg, ArgMatches, Command, FromArgMatches};
use textslash::config::Environment;
use textslash::config::reference::{Setting, of_bot, of_vendors};

/// The settings that were given as flags.
#[derive(Default)]
pub struct BotArguments(BTreeMap<&'static str, String>);

impl BotArguments {
    /// The environment of this process, under the flags.
    pub fn environment(&self) -> Environment<'_> {
        Environment::under(&self.0)
    }
}

fn arg(setting: Setting) -> Arg {
    let flag = setting.flag();
    let help = help_of(&setting);
    Arg::new(setting.name)
        .long(flag)
        .env(setting.name)
        .hide_env_values(true)
        .value_name(setting.placeholder)
        .help(help)
}

fn help_of(Setting { meaning, default, .. }: &Setting) -> String {
    match default {
        Some(default) => format!("{meaning} [default: {default}]"),
        None => (*meaning).to_owned(),
    }
}

/// Everybody on a machine can read the flags of a process, so a secret is no flag.
fn secrets() -> String {
    let mut text = "Secrets are read from the environment alone:\n".to_owned();
    for setting in of_bot().into_iter().filter(|setting| setting.is_secret) {
        // A String takes every write.
        let _ = writeln!(text, "  {:<24} {}", setting.name, help_of(&setting));
    }
    text.push_str("\nThe guide .github/HOSTING.md goes through all of it, step by step.");
    text
}

impl clap::Args for BotArguments {
    fn augment_args(command: Command) -> Command {
        let open = of_bot().into_iter().filter(|setting| !setting.is_secret);
        command
            .next_help_heading("Settings")
            .args(open.map(arg))
            .next_help_heading("For a sandbox or a fork")
            .args(of_vendors().into_iter().map(arg))
            .after_help(secrets())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for BotArguments {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut arguments = Self::default();
        arguments.update_from_arg_matches(matches)?;
        Ok(arguments)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in of_bot().into_iter().chain(of_vendors()).filter(|it| !it.is_secret) {
            if let Some(value) = matches.get_one::<String>(setting.name) {
                self.0.insert(setting.name, value.clone());
            }
        }
        Ok(())
    }
}
