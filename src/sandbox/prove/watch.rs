//! The network as it is watched: every call is written down, and after each the world is looked at.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use bytes::Bytes;
use sqlx::{AnyConnection, Row};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::trouble::{Trouble, Way};
use super::world::elapsed_ms;
use crate::http::{Reply, Transport, Unanswered};
use crate::journal::{Action, Entry, Run};
use crate::sandbox::faults::{At, Call, Faults};
use crate::sandbox::fly::{Fly, Inventory};
use crate::spec::{Role, Spec};

/// Something that must never happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Which promise is broken.
    pub invariant: &'static str,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// Violations that are told of one case; the first say it all.
const VIOLATIONS_MAX: usize = 10;

pub(super) struct Watch {
    faults: Arc<Faults>,
    fly: Arc<Fly>,
    /// The watch's own, so that it waits for nobody.
    database: Mutex<AnyConnection>,
    spec: Spec,
    began: Instant,
    state: Mutex<Seen>,
    /// Woken after each call.
    called: Notify,
}

#[derive(Default)]
struct Seen {
    trace: Vec<String>,
    violations: Vec<Violation>,
    /// What is done to the world, and at which call.
    acts: Vec<Trouble>,
    calls: usize,
    changes: usize,
    /// Nobody drives: a call now is one too many.
    at_rest: bool,
    /// Two processes were let at the same run, or the network doubled a call: what is unique by its
    /// place alone may be there twice until it is looked after.
    may_double: bool,
}

impl Watch {
    pub(super) fn new(
        faults: Arc<Faults>,
        fly: Arc<Fly>,
        database: AnyConnection,
        spec: Spec,
    ) -> Arc<Self> {
        let began = Instant::now();
        let state = Mutex::default();
        let database = Mutex::new(database);
        Arc::new(Self { faults, fly, database, spec, began, state, called: Notify::new() })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, line: &str) {
        let at_ms = elapsed_ms(self.began);
        self.seen().trace.push(format!("{at_ms:>9} ms  {line}"));
    }

    pub(super) fn break_of(&self, invariant: &'static str, what: impl Into<String>) {
        let violation = Violation { invariant, what: what.into() };
        self.tell(&format!("BROKEN {violation}"));
        let mut seen = self.seen();
        if seen.violations.len() < VIOLATIONS_MAX {
            seen.violations.push(violation);
        }
    }

    /// Returns when so many calls were made.
    pub(super) async fn reached(&self, calls: usize) {
        loop {
            let called = self.called.notified();
            if self.calls() > calls {
                return;
            }
            called.await;
        }
    }

    pub(super) fn calls(&self) -> usize {
        self.seen().calls
    }

    /// Calls that were to change something.
    pub(super) fn changes(&self) -> usize {
        self.seen().changes
    }

    pub(super) fn rest(&self, at_rest: bool) {
        self.seen().at_rest = at_rest;
    }

    /// Takes a trouble into the story.
    pub(super) fn plan(&self, trouble: &Trouble) {
        match trouble.way.mode() {
            Some((mode, times)) => self.faults.plan_burst(At::Overall(trouble.at), mode, times),
            None => self.seen().acts.push(*trouble),
        }
        let doubles = [Way::Twice, Way::SecondWorker, Way::Late];
        self.seen().may_double |= doubles.contains(&trouble.way);
    }

    /// What is done to the world at this call.
    fn act(&self, number: usize) {
        let acts = self.seen().acts.clone();
        for trouble in acts.iter().filter(|trouble| trouble.at == number) {
            match trouble.way {
                Way::TokenRefused => self.fly.revoke_all_tokens(),
                Way::NoRoom => self.fly.set_no_machines_in(&["ams"]),
                _ => {}
            }
        }
    }

    pub(super) fn told(&self) -> (Vec<String>, Vec<Violation>) {
        let mut seen = self.seen();
        (std::mem::take(&mut seen.trace), std::mem::take(&mut seen.violations))
    }

    /// What must hold at every moment.
    fn look(&self) {
        if !self.fly.lookalikes_untouched() {
            self.break_of("foreign", "a stranger's app was touched");
        }
        let there = self.fly.inventory();
        let may_double = self.seen().may_double;
        for role in [Role::Relay, Role::Vm] {
            let app = self.spec.app(role);
            let (apps, machines, volumes) = counts(&there, &app);
            if apps > 1 || machines > 1 || (volumes > 1 && !may_double) {
                self.break_of("one of each", format!("{app}: {there}"));
            }
        }
        self.expect_intents(&there);
    }

    fn journal(&self) -> anyhow::Result<Vec<Entry>> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = sqlx::query("SELECT entry FROM journal WHERE run = $1 ORDER BY seq")
            .bind(self.spec.id.as_ref())
            .fetch_all(&mut *database);
        let rows = at_once(rows)?;
        rows.iter().map(|row| Ok(serde_json::from_str(row.try_get(0)?)?)).collect()
    }

    /// Whatever is there of ours stands in the journal, and stood there before it was made.
    fn expect_intents(&self, there: &Inventory) {
        let Ok(entries) = self.journal() else {
            return self.break_of("journal", "it cannot be read");
        };
        if let Err(why) = Run::replay(&entries) {
            self.break_of("journal", why.to_string());
        }
        let intended = |step: &str| {
            let made = |entry: &Entry| matches!(entry, Entry::Intended { step: it, action: Action::Create } if it.to_string() == step);
            entries.iter().any(made)
        };
        for (role, word) in [(Role::Relay, "relay"), (Role::Vm, "vm")] {
            let (apps, machines, volumes) = counts(there, &self.spec.app(role));
            for (count, kind) in [(apps, "app"), (machines, "machine"), (volumes, "volume")] {
                let step = format!("{word}-{kind}");
                if count > 0 && !intended(&step) {
                    self.break_of("intent before effect", step);
                }
            }
        }
    }
}

/// Waits on the spot: nothing else happens meanwhile, so that the story is the same every time.
fn at_once<T>(what: impl Future<Output = T>) -> T {
    let mut what = std::pin::pin!(what);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        match what.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}

/// Apps, machines and volumes of this app.
fn counts(there: &Inventory, app: &str) -> (usize, usize, usize) {
    let of =
        |lines: &[String]| lines.iter().filter(|line| line.starts_with(&format!("{app}/"))).count();
    let apps = there.apps.iter().filter(|name| *name == app).count();
    (apps, of(&there.machines), of(&there.volumes))
}

#[async_trait]
impl Transport for Watch {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Reply, Unanswered> {
        let call = Call::of(&request);
        let number = {
            let mut seen = self.seen();
            let number = seen.calls;
            seen.calls += 1;
            seen.changes += usize::from(call.method != "GET");
            number
        };
        if self.seen().at_rest {
            self.break_of("rest", format!("{call} after the end"));
        }
        self.tell(&format!("{number:>4} {call}"));
        self.called.notify_waiters();
        self.act(number);
        let reply = self.faults.send(request).await;
        match &reply {
            Ok(reply) => self.tell(&format!("{number:>4} -> {}", reply.head.status.as_u16())),
            Err(error) => self.tell(&format!("{number:>4} -> {error}")),
        }
        self.look();
        reply
    }
}
