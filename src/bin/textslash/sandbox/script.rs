//! A file of lines, played as if a person typed them.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adapters::console::{Terminal, TerminalOptions};
use anyhow::{Context, bail};
use parking_lot::Mutex;
use textslash::phrase;
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;

use crate::report;

/// Bytes typed ahead of the terminal.
const TYPED_MAX: usize = 4096;

/// What a script does.
enum ScriptAction {
    /// Types a line.
    Type(String),
    /// Waits until this was shown since the last line was typed.
    Wait(String),
}

pub struct TerminalScript {
    acts: Vec<ScriptAction>,
    /// How long a text is waited for.
    patience: Duration,
}

/// A script that was played, or is.
pub struct ScriptRun(Arc<Mutex<Option<String>>>);

impl TerminalScript {
    /// Reads a script.
    pub fn read(path: &Path, patience: Duration) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the script {}", path.display()))?;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let act = |line: &str| match line.strip_prefix("? ") {
            Some(text) => ScriptAction::Wait(text.to_owned()),
            None => ScriptAction::Type(line.to_owned()),
        };
        Ok(Self { acts: lines.map(act).collect(), patience })
    }

    /// A terminal at which the script is played; what is shown goes to standard output.
    pub fn play(self) -> (Terminal, Option<ScriptRun>) {
        let (mut keyboard, typed) = tokio::io::duplex(TYPED_MAX);
        let shown = ShownText::default();
        let failure = Arc::new(Mutex::new(None));
        let terminal = Terminal::new(typed, shown.clone(), TerminalOptions::piped());
        let played = ScriptRun(failure.clone());
        tokio::spawn(async move {
            if let Err(error) = self.act(&mut keyboard, shown).await {
                let mut failure = failure.lock();
                *failure = Some(error.to_string());
            }
            // The end of the input ends the conversation, which then asks how it went.
            drop(keyboard);
        });
        (terminal, Some(played))
    }

    async fn act(self, keyboard: &mut DuplexStream, shown: ShownText) -> anyhow::Result<()> {
        for act in self.acts {
            match act {
                ScriptAction::Type(line) => {
                    shown.echo(&line);
                    keyboard.write_all(format!("{line}\n").as_bytes()).await?;
                }
                ScriptAction::Wait(text) => {
                    let seen = tokio::time::timeout(self.patience, shown.until(&text)).await;
                    if seen.is_err() {
                        bail!(phrase!(report::locale(), "cli-script-waited", text = text));
                    }
                }
            }
        }
        Ok(())
    }
}

impl ScriptRun {
    /// Whether everything that was waited for was shown.
    pub fn verdict(self) -> anyhow::Result<()> {
        let mut failure = self.0.lock();
        match failure.take() {
            None => Ok(()),
            Some(failure) => bail!(failure),
        }
    }
}

/// What was shown since the last line was typed.
#[derive(Clone, Default)]
struct ShownText {
    text: Arc<Mutex<String>>,
    more: Arc<Notify>,
}

impl ShownText {
    /// Shows a typed line, as a terminal's echo would.
    fn echo(&self, line: &str) {
        let mut text = self.text.lock();
        text.clear();
        // A closed standard output ends nothing: the script goes on.
        let _ = writeln!(std::io::stdout(), "> {line}");
    }

    async fn until(&self, wanted: &str) {
        loop {
            let more = self.more.notified();
            if self.text.lock().contains(wanted) {
                return;
            }
            more.await;
        }
    }
}

impl Write for ShownText {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::stdout().write_all(bytes)?;
        let mut text = self.text.lock();
        text.push_str(&String::from_utf8_lossy(bytes));
        drop(text);
        self.more.notify_one();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stdout().flush()
    }
}
