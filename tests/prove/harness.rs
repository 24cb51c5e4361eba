//! The options and names that `cargo test` hands to every test binary.

use std::process::ExitCode;

use clap::{Args, Command};
use libtest_mimic::{Arguments, Trial};

#[derive(Debug, Args)]
#[command(next_help_heading = "Tests")]
pub struct HarnessArguments {
    #[command(flatten)]
    options: Arguments,
    /// More of the same.
    #[arg(index = 2, hide = true)]
    filters: Vec<String>,
}

impl HarnessArguments {
    /// Runs the tests that the filters match; all of them where there is no filter.
    pub fn run(mut self, mut tests: Vec<Trial>) -> ExitCode {
        // The harness itself takes one filter only.
        self.filters.extend(self.options.filter.take());
        let is_exact = self.options.exact;
        let matches = |name: &str, filter: &String| match is_exact {
            true => name == filter,
            false => name.contains(filter.as_str()),
        };
        let is_wanted = |test: &Trial| {
            self.filters.is_empty() || self.filters.iter().any(|it| matches(test.name(), it))
        };
        tests.retain(is_wanted);
        libtest_mimic::run(&self.options, tests).exit_code()
    }
}

/// The command with these words about it, in place of those of the harness.
pub fn described(command: Command, about: &'static str) -> Command {
    let name = command.get_name().to_owned();
    let filters = "Runs the tests whose names contain one of the filters; several may be given";
    command
        .bin_name(name)
        .about(about)
        .long_about(about)
        .help_template("{about}\n\n{usage-heading} {usage}\n\n{all-args}")
        .after_help("")
        .mut_arg("filter", |argument| argument.index(1).help(filters).long_help(filters))
        .mut_arg("nocapture", |argument| argument.alias("no-capture"))
}
