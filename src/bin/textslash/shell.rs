//! `textslash completions` and `textslash man`: files for a shell and for `man`.

use std::io::Write;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use textslash::phrase;

use crate::exit::ExitReason;
use crate::report;

#[derive(clap::Args)]
pub struct CompletionsArguments {
    /// The shell.
    shell: Shell,
}

#[derive(clap::Args)]
pub struct ManArguments {
    /// The command; without one, the page of the whole program.
    command: Option<String>,
}

pub fn completions(
    arguments: CompletionsArguments,
    program: Command,
) -> anyhow::Result<ExitReason> {
    let mut program = without_hidden(program);
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, "textslash", &mut script);
    print(&script)
}

pub fn man(arguments: ManArguments, program: Command) -> anyhow::Result<ExitReason> {
    let mut program = without_hidden(program);
    program.build();
    let page = match &arguments.command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => {
                report::say(&phrase!(report::locale(), "cli-no-such-command", name = name));
                return Ok(ExitReason::WrongUsage);
            }
        },
    };
    let mut roff = Vec::new();
    Man::new(page).render(&mut roff)?;
    print(&roff)
}

/// A role of a deployed machine is nothing to type.
fn without_hidden(program: Command) -> Command {
    let commands: Vec<_> = program.get_subcommands().filter(|it| !it.is_hide_set()).collect();
    let mut visible = Command::new("textslash").subcommands(commands.into_iter().cloned());
    visible = visible.args(program.get_arguments().cloned());
    if let Some(about) = program.get_about() {
        visible = visible.about(about.clone());
    }
    visible.version(env!("CARGO_PKG_VERSION"))
}

/// A reader that stops early, such as `head`, is no error.
fn print(text: &[u8]) -> anyhow::Result<ExitReason> {
    match std::io::stdout().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitReason::Done),
    }
}
