//! A modelled agent: it does what the words of its line say.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use textslash::protocol::{TurnEvent, TurnFailure};
use textslash::vm::agent::{Agent, Prompt, RunningAgent};
use textslash::vm::ids::SessionId;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::promise::RelayPromise;
use super::stage::{ProcessKind, StoryMonitor};

/// Everything that agents did in a story, across restarts of the VM.
#[derive(Default)]
pub struct AgentActions {
    /// When each line was executed, by its first word and in its order.
    pub executed: Vec<(String, Instant)>,
    /// What was in the files that the agent was told of, by path.
    pub given: Vec<(String, Vec<u8>)>,
    /// Files that the agent left in its outbox, with the line that asked for them.
    pub left: BTreeMap<String, (Vec<u8>, String)>,
}

pub struct ModelledAgent {
    pub stage: Arc<StoryMonitor>,
    pub deeds: Arc<Mutex<AgentActions>>,
    pub workspace: PathBuf,
    /// Whether turns may run now.
    pub may_run: Arc<dyn Fn() -> bool + Send + Sync>,
}

#[async_trait]
impl Agent for ModelledAgent {
    async fn ready(&self) -> bool {
        true
    }

    async fn start(&self, _: &SessionId, said: Prompt<'_>) -> anyhow::Result<RunningAgent> {
        let line = said.text.split(' ').next().unwrap_or_default().to_owned();
        self.stage.deed(ProcessKind::Vm, &format!("agent begins {}", said.text)).await;
        self.check_line(&line, said.text);
        self.take_files(said.files);
        let (sender, events) = mpsc::channel(1);
        let turn = AgentTurn {
            stage: self.stage.clone(),
            deeds: self.deeds.clone(),
            workspace: self.workspace.clone(),
            line,
            sender,
        };
        let words: Vec<String> = said.text.split(' ').skip(1).map(str::to_owned).collect();
        tokio::spawn(async move {
            let closed = turn.sender.clone();
            tokio::select! {
                biased;
                // The turn ended, or its VM died: so do its processes.
                () = closed.closed() => {}
                _ = turn.run(words) => {}
            }
        });
        Ok(RunningAgent { events, group: None })
    }
}

impl ModelledAgent {
    fn check_line(&self, line: &str, text: &str) {
        let mut deeds = self.deeds.lock();
        let before = deeds.executed.iter().filter(|(executed, _)| executed == line).count();
        self.stage.expect(RelayPromise::RunsOnce, before == 0, || format!("{line} runs again"));
        let is_foreign = line == "stranger" || line == "group";
        self.stage.expect(RelayPromise::Strangers, !is_foreign, || text.to_owned());
        self.stage.expect(RelayPromise::Edited, line != "edited", || text.to_owned());
        self.stage.expect(RelayPromise::Probation, (self.may_run)(), || format!("{line} runs"));
        deeds.executed.push((line.to_owned(), Instant::now()));
    }

    fn take_files(&self, files: &[String]) {
        let mut deeds = self.deeds.lock();
        for path in files {
            let bytes = std::fs::read(self.workspace.join(path)).unwrap_or_default();
            self.stage.trace(&format!("agent reads {path}: {} bytes", bytes.len()));
            deeds.given.push((path.clone(), bytes));
        }
    }
}

struct AgentTurn {
    stage: Arc<StoryMonitor>,
    deeds: Arc<Mutex<AgentActions>>,
    workspace: PathBuf,
    line: String,
    sender: mpsc::Sender<TurnEvent>,
}

impl AgentTurn {
    /// `None` when the turn is over.
    async fn run(&self, words: Vec<String>) -> Option<()> {
        for (number, word) in words.iter().enumerate() {
            let event = match word.split_once(':').map_or(word.as_str(), |(word, _)| word) {
                "say" => TurnEvent::Text { text: format!("{}.{number} ", self.line) },
                "use" => TurnEvent::Tool { name: "bash".into(), detail: format!("step {number}") },
                "leave" => {
                    self.leaves(number);
                    continue;
                }
                "wait" => {
                    let ms = word.split_once(':').unwrap().1.parse().unwrap();
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    continue;
                }
                "crash" => return None,
                "hang" => std::future::pending().await,
                "refuse" => TurnEvent::Failed { reason: TurnFailure::ModelRefused },
                _ => TurnEvent::Done,
            };
            self.sender.send(event).await.ok()?;
            tokio::time::sleep(Duration::from_millis(70)).await;
        }
        Some(())
    }

    fn leaves(&self, number: usize) {
        let outbox = self.workspace.join("outbox");
        std::fs::create_dir_all(&outbox).unwrap();
        let name = format!("{}-{number}.txt", self.line);
        let bytes = format!("left by {} at step {number}", self.line).repeat(1 + number * 40);
        std::fs::write(outbox.join(&name), &bytes).unwrap();
        self.stage.trace(&format!("agent leaves {name}"));
        self.deeds.lock().left.insert(name, (bytes.into_bytes(), self.line.clone()));
    }
}
