//! Stories of the bot, of its provisioner, and of a relay and its VM, whatever goes wrong.
//!
//! `cargo test --test prove` tells a small part of them. These options tell more:
//!
//! - `--seeds N`: every kind, with N seeds of those whose seeds are drawn
//! - `--seeds N --seed S`: the same, from seed S on
//! - `--seed S`: one story with its trace
//! - `--of KIND`: only stories of this kind
//!
//! `--help` lists all of them.

#![cfg(test)]

use std::process::ExitCode;

use arguments::ProveArguments;

mod arguments;
mod bot;
mod checks;
mod harness;
mod kinds;
mod relay;
mod seeds;

fn main() -> ExitCode {
    let arguments = ProveArguments::read(std::env::args()).unwrap_or_else(|error| error.exit());
    match arguments.stories.are_given() {
        true => ExitCode::from(kinds::run(&arguments.stories)),
        false => arguments.harness.run(checks::all()),
    }
}
