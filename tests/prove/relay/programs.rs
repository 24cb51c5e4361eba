//! The VM's own short programs, run while nothing else goes on.

use std::fmt;
use std::io::{self, Write};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use textslash::vm::process::ProgramRunner;
use tokio::process::Command;

use super::dice::RelayStoryDice;
use super::stage::{ProcessKind, StoryMonitor};

pub struct SequentialPrograms {
    pub stage: Arc<StoryMonitor>,
    pub dice: RelayStoryDice,
    /// Programs that find the disk full, of a hundred.
    pub full_percent: Arc<AtomicU64>,
    /// Looks at the workspace after each program.
    pub look: Box<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for SequentialPrograms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InOrder")
    }
}

#[async_trait]
impl ProgramRunner for SequentialPrograms {
    async fn run(
        &self,
        program: Command,
        input: &[u8],
        bytes_max: u64,
    ) -> io::Result<Option<Vec<u8>>> {
        let mut program = program.into_std();
        let words: Vec<String> =
            program.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let [_, script, argument, ..] = words.as_slice() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let kind = match script {
            script if script.contains("inbox") => "puts into the inbox",
            script if script.contains("mv ") => "puts away",
            script if script.contains("cat ") => "reads from the outbox",
            _ => "looks into the outbox",
        };
        let writes = kind.starts_with("puts");
        self.stage.deed(ProcessKind::Vm, &format!("vm {kind}: {argument}")).await;
        if writes && self.dice.percent(self.full_percent.load(Ordering::Relaxed)) {
            self.stage.trace("the disk is full");
            return Ok(None);
        }
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = program.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that ends early leaves part of its input unread.
            let _ = stdin.write_all(input);
        }
        let output = child.wait_with_output()?;
        let mut printed = output.stdout;
        printed.truncate(usize::try_from(bytes_max).unwrap_or(usize::MAX));
        (self.look)();
        let ended = if output.status.success() { "done" } else { "failed" };
        self.stage.deed(ProcessKind::Vm, &format!("vm {kind}: {ended}")).await;
        Ok(output.status.success().then_some(printed))
    }
}
