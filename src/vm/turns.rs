//! Turns, each executed once, whatever is asked how often and whoever dies in between.
//!
//! A turn's events are written down before anybody sees them. Asking for a turn again replays them
//! and follows what comes; a turn whose process died is failed, never run a second time.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adapters::chat::Citation;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

use crate::files::keep_newest;
use crate::protocol::{TurnEvent, TurnFailure};
use crate::secret::Secret;
use crate::spans;
use crate::vm::VmLimits;
use crate::vm::agent::Agent;
use crate::vm::directory::VmDirectory;
use crate::vm::exchange::FileExchange;
use crate::vm::ids::{SessionId, TurnId};
use crate::vm::record::TurnRecord;

mod drive;

/// Turns at once, each in a session of its own: the smallest VM has 1 GB, and an agent takes a
/// quarter of it.
pub const TURNS_RUNNING_MAX: usize = 4;

/// Turns remembered: weeks of chat, while a relay asks again within hours.
pub const TURNS_KEPT_MAX: usize = 2000;

/// Cancelled turns that are remembered while the disk takes no record of them: a relay cancels one
/// at a time, and a late call arrives within minutes.
const UNWRITTEN_MAX: usize = 64;

/// Bytes of remembered turns: a small part of the smallest volume.
pub const TURNS_KEPT_BYTES_MAX: u64 = 200 * 1024 * 1024;

/// What the relay asks for.
#[derive(Clone)]
pub struct TurnParams {
    /// The same id is the same turn.
    pub turn: TurnId,
    /// Where it belongs.
    pub session: SessionId,
    /// What the person wrote.
    pub text: String,
    /// The files they sent, as paths within the workspace.
    pub files: Vec<String>,
    /// Text of others that they forwarded or quoted.
    pub citations: Vec<Citation>,
    /// Events already received.
    pub after: usize,
    /// Opens the relay's model proxy for this turn; none where there is no model.
    pub model_token: Option<Arc<Secret>>,
}

/// Why a turn is not begun. It may be asked for again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnRefusal {
    /// Another turn of this session is running.
    #[error("the session is busy")]
    SessionBusy,
    /// As many turns are running as may.
    #[error("too many turns")]
    Full,
    /// The process is about to end.
    #[error("closing")]
    Closing,
    /// The turn cannot be written down, and so not promised to run once.
    #[error("the disk is full or fails")]
    DiskFailed,
}

/// A turn in progress.
struct LiveTurn {
    session: SessionId,
    events: watch::Sender<Vec<TurnEvent>>,
    end: watch::Sender<Option<TurnFailure>>,
}

struct RunningTurns {
    turns: HashMap<TurnId, Arc<LiveTurn>>,
    last_end: Instant,
    closed: bool,
}

/// All turns of a VM. Dropped, it takes the running ones with it.
pub struct Turns {
    directory: VmDirectory,
    agent: Arc<dyn Agent>,
    limits: VmLimits,
    running: watch::Sender<RunningTurns>,
    tasks: Mutex<JoinSet<()>>,
    /// Cancelled before they began, and not written down: a call that asks for one may be late.
    unwritten: parking_lot::Mutex<VecDeque<TurnId>>,
}

impl Turns {
    /// The turns kept in `directory`, answered by `agent`.
    pub fn new(directory: VmDirectory, agent: Arc<dyn Agent>, limits: VmLimits) -> Self {
        let running =
            RunningTurns { turns: HashMap::new(), last_end: Instant::now(), closed: false };
        let running = watch::Sender::new(running);
        Self {
            directory,
            agent,
            limits,
            running,
            tasks: Mutex::default(),
            unwritten: Default::default(),
        }
    }

    /// Begins a turn, or attaches to it when its id is known.
    ///
    /// # Errors
    /// When it is not known and cannot begin now.
    pub async fn ask(&self, ask: TurnParams) -> Result<TurnSubscription, TurnRefusal> {
        let span = spans::vm_turn(&ask.turn, Some(&ask.session));
        let begun = async {
            let begun = self.begin_or_attach(ask).await;
            begun.inspect_err(|refusal| tracing::info!(%refusal, "a turn was not begun"))
        };
        begun.instrument(span).await
    }

    async fn begin_or_attach(&self, ask: TurnParams) -> Result<TurnSubscription, TurnRefusal> {
        let mut tasks = self.tasks.lock().await;
        while tasks.try_join_next().is_some() {}
        if let Some(live) = self.live(&ask.turn) {
            return Ok(self.attach(live.events.subscribe(), ask.after));
        }
        let path = self.directory.turn(&ask.turn);
        let known = TurnRecord::interrupted(&path).await.map_err(|error| {
            tracing::error!(error = ?error.kind(), "cannot read a turn");
            TurnRefusal::DiskFailed
        })?;
        if let Some(events) = known {
            return Ok(self.attach(watch::channel(events).1, ask.after));
        }
        if self.unwritten().contains(&ask.turn) {
            return Err(TurnRefusal::DiskFailed);
        }
        self.room_for(&ask.session)?;
        let record = self.create(&path).await.map_err(|error| {
            tracing::error!(error = ?error.kind(), "cannot write a turn");
            TurnRefusal::DiskFailed
        })?;
        let live = Arc::new(LiveTurn {
            session: ask.session.clone(),
            events: watch::Sender::default(),
            end: watch::Sender::default(),
        });
        let attached = self.attach(live.events.subscribe(), ask.after);
        self.running.send_modify(|running| {
            running.turns.insert(ask.turn.clone(), live.clone());
        });
        let (agent, limits, running) = (self.agent.clone(), self.limits, self.running.clone());
        let exchange = FileExchange::new(self.directory.clone());
        let drive = async move {
            tracing::info!("a turn begins");
            drive::drive(&live, record, agent.as_ref(), &exchange, &ask, limits).await;
            tracing::info!("a turn has ended");
            running.send_modify(|running| {
                running.turns.remove(&ask.turn);
                running.last_end = Instant::now();
            });
        };
        tasks.spawn(drive.in_current_span());
        Ok(attached)
    }

    /// Ends a turn with all its processes if it is running. One that was never begun never will be:
    /// the call that asks for it may arrive after this one.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub async fn cancel(&self, turn: &TurnId) -> io::Result<()> {
        // No turn begins meanwhile.
        let _tasks = self.tasks.lock().await;
        if let Some(live) = self.live(turn) {
            live.end_with(TurnFailure::Stopped);
            return Ok(());
        }
        match self.create(&self.directory.turn(turn)).await {
            Ok(mut record) => {
                record.append(&TurnEvent::Failed { reason: TurnFailure::Stopped }).await
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => {
                let mut unwritten = self.unwritten();
                if unwritten.len() == UNWRITTEN_MAX {
                    unwritten.pop_front();
                }
                unwritten.push_back(turn.clone());
                Err(error)
            }
        }
    }

    fn unwritten(&self) -> parking_lot::MutexGuard<'_, VecDeque<TurnId>> {
        self.unwritten.lock()
    }

    /// A new record, and room for it.
    async fn create(&self, path: &Path) -> io::Result<TurnRecord> {
        keep_newest(&self.directory.turns(), TURNS_KEPT_MAX, TURNS_KEPT_BYTES_MAX).await;
        TurnRecord::create(path).await
    }

    /// Takes no more turns, unless one is running.
    pub fn close_if_idle(&self) -> bool {
        let mut closed = false;
        self.running.send_modify(|running| {
            running.closed |= running.turns.is_empty();
            closed = running.closed;
        });
        closed
    }

    /// Takes no more turns and interrupts those that run; returns when their processes are gone.
    pub async fn close(&self) {
        self.running.send_modify(|running| {
            running.closed = true;
            for live in running.turns.values() {
                live.end_with(TurnFailure::Interrupted);
            }
        });
        self.none_running().await;
    }

    /// Returns when no turn is running.
    pub async fn none_running(&self) {
        let mut running = self.running.subscribe();
        // The sender lives as long as this borrow of it.
        let _ = running.wait_for(|running| running.turns.is_empty()).await;
    }

    /// When the last turn ended, or when there was none, when this began.
    pub fn last_end(&self) -> Instant {
        self.running.borrow().last_end
    }

    fn live(&self, turn: &TurnId) -> Option<Arc<LiveTurn>> {
        self.running.borrow().turns.get(turn).cloned()
    }

    fn room_for(&self, session: &SessionId) -> Result<(), TurnRefusal> {
        let running = self.running.borrow();
        if running.closed {
            Err(TurnRefusal::Closing)
        } else if running.turns.values().any(|live| live.session == *session) {
            Err(TurnRefusal::SessionBusy)
        } else if running.turns.len() >= TURNS_RUNNING_MAX {
            Err(TurnRefusal::Full)
        } else {
            Ok(())
        }
    }

    fn attach(&self, events: watch::Receiver<Vec<TurnEvent>>, after: usize) -> TurnSubscription {
        let heartbeat = Duration::from_millis(self.limits.heartbeat_ms);
        TurnSubscription { events, next: after, last_sent: false, heartbeat }
    }
}

impl LiveTurn {
    /// The first reason stands.
    fn end_with(&self, reason: TurnFailure) {
        self.end.send_if_modified(|end| end.replace(reason).is_none());
    }
}

/// A reader of one turn's events. However slow it is, the turn goes on.
pub struct TurnSubscription {
    events: watch::Receiver<Vec<TurnEvent>>,
    next: usize,
    last_sent: bool,
    heartbeat: Duration,
}

impl TurnSubscription {
    /// The next event, or a heartbeat in silence; `None` after the last one, or when this process
    /// ends. The last event is always told, even to who claims to have it.
    pub async fn next(&mut self) -> Option<TurnEvent> {
        loop {
            if let Some(event) = self.known() {
                self.last_sent = event.is_last();
                return Some(event);
            }
            if self.last_sent {
                return None;
            }
            match tokio::time::timeout(self.heartbeat, self.events.changed()).await {
                Err(_) => return Some(TurnEvent::Heartbeat),
                Ok(Err(_)) => return None,
                Ok(Ok(())) => {}
            }
        }
    }

    fn known(&mut self) -> Option<TurnEvent> {
        let events = self.events.borrow_and_update();
        if let Some(event) = events.get(self.next) {
            self.next += 1;
            return Some(event.clone());
        }
        events.last().filter(|last| last.is_last() && !self.last_sent).cloned()
    }
}
