//! The network as it is watched: every call is written down, and after each the world is looked at.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use sqlx::AnyConnection;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Promise;
use super::invariants::FLY;
use super::readback::Readback;
use super::trouble::{Trouble, Way};
use super::world::elapsed_ms;
use crate::http::{Reply, Transport, Unanswered};
use crate::sandbox::faults::{At, Call, Faults};
use crate::sandbox::fly::Fly;
use crate::sandbox::machines::{Knobs, Modelled};
use crate::spec::{Role, Spec};

/// Something that must never happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Which is broken.
    pub promise: Promise,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.what)
    }
}

/// Violations that are told of one case; the first say it all.
const VIOLATIONS_MAX: usize = 10;

/// A day, in milliseconds: how far a clock jumps.
const JUMP_MS: i64 = 24 * 60 * 60 * 1000;

pub(super) struct Watch {
    pub(super) faults: Arc<Faults>,
    pub(super) fly: Arc<Fly>,
    machines: Arc<Modelled>,
    pub(super) journal: Mutex<Readback>,
    pub(super) spec: Spec,
    /// How far the clock of the process is off, in milliseconds.
    clock_off_ms: Arc<AtomicI64>,
    began: Instant,
    state: Mutex<Seen>,
    /// Woken after each call.
    called: Notify,
}

#[derive(Default)]
struct Seen {
    trace: Vec<String>,
    violations: Vec<Violation>,
    /// The promises that were looked at.
    looked_at: BTreeSet<Promise>,
    /// What goes wrong, and at which call.
    troubles: Vec<Trouble>,
    /// Which call met which trouble.
    met: BTreeSet<(String, Way)>,
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
        machines: Arc<Modelled>,
        onlooker: AnyConnection,
        spec: Spec,
    ) -> Arc<Self> {
        Arc::new(Self {
            faults,
            fly,
            machines,
            journal: Mutex::new(Readback::new(onlooker, spec.id.clone())),
            spec,
            clock_off_ms: Arc::default(),
            began: Instant::now(),
            state: Mutex::default(),
            called: Notify::new(),
        })
    }

    /// How far the clock of the process is off, in milliseconds.
    pub(super) fn clock_off_ms(&self) -> Arc<AtomicI64> {
        self.clock_off_ms.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.state.lock()
    }

    pub(super) fn tell(&self, line: &str) {
        let at_ms = elapsed_ms(self.began);
        self.seen().trace.push(format!("{at_ms:>9} ms  {line}"));
    }

    /// Notes that these promises are looked at: one that no story looks at is not proven by it.
    pub(super) fn looks_at(&self, promises: impl IntoIterator<Item = Promise>) {
        self.seen().looked_at.extend(promises);
    }

    pub(super) fn break_of(&self, promise: Promise, what: impl Into<String>) {
        let violation = Violation { promise, what: what.into() };
        self.tell(&format!("BROKEN {violation}"));
        let mut seen = self.seen();
        seen.looked_at.insert(promise);
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

    /// Calls that were to change something at Fly.
    pub(super) fn changes(&self) -> usize {
        self.seen().changes
    }

    pub(super) fn rest(&self, at_rest: bool) {
        self.looks_at([Promise::Rest]);
        self.seen().at_rest = at_rest;
    }

    /// Takes a trouble into the story.
    pub(super) fn plan(&self, trouble: &Trouble) {
        if let Some((mode, times)) = trouble.way.mode() {
            self.faults.plan_burst(At::Overall(trouble.at), mode, times);
        }
        let doubles = [Way::Twice, Way::SecondWorker, Way::Late];
        let mut seen = self.seen();
        seen.may_double |= doubles.contains(&trouble.way);
        seen.troubles.push(*trouble);
    }

    /// What is done to the world at this call.
    async fn act(&self, number: usize, call: &Call) {
        let strikes: Vec<Way> = {
            let mut seen = self.seen();
            let now = |trouble: &&Trouble| trouble.strikes_at(number);
            let ways: Vec<_> = seen.troubles.iter().filter(now).map(|it| it.way).collect();
            if !ways.is_empty() {
                let kind = call.to_string().replace(&format!("-{}", self.spec.id), "");
                seen.met.extend(ways.iter().map(|way| (kind.clone(), *way)));
            }
            ways
        };
        let vm = |knobs| self.machines.set(knobs);
        for way in strikes {
            match way {
                Way::TokenRefused => self.fly.revoke_all_tokens(),
                Way::NoRoom => self.fly.set_no_machines_in(&["ams"]),
                Way::Unwell => vm(Knobs { never_healthy: Some("vm"), ..Knobs::default() }),
                Way::OtherBuild => vm(Knobs { wrong_build: Some("vm"), ..Knobs::default() }),
                Way::Flaps => vm(Knobs { exits: Some(("vm", 1)), ..Knobs::default() }),
                Way::GoneByHand => self.fly.remove_by_hand(&self.spec.app(Role::Vm)).await,
                Way::ClockAhead => self.clock_off_ms.store(JUMP_MS, Ordering::Relaxed),
                Way::ClockBehind => self.clock_off_ms.store(-JUMP_MS, Ordering::Relaxed),
                _ => {}
            }
        }
    }

    /// Nothing goes wrong any more.
    pub(super) fn calm(&self) {
        self.faults.clear();
        self.seen().troubles.clear();
        self.fly.set_no_machines_in(&[]);
        self.machines.set(Knobs::default());
        self.set_clock_right();
    }

    pub(super) fn set_clock_right(&self) {
        self.clock_off_ms.store(0, Ordering::Relaxed);
    }

    /// What still runs and was never told that it may.
    pub(super) fn runs_uncommitted(&self) -> Vec<String> {
        let running = self.fly.runtime().running();
        running.into_iter().filter(|machine| self.machines.commits(machine) == 0).collect()
    }

    pub(super) fn may_double(&self) -> bool {
        self.seen().may_double
    }

    /// The promises that were looked at.
    pub(super) fn looked_at(&self) -> BTreeSet<Promise> {
        std::mem::take(&mut self.seen().looked_at)
    }

    /// Which call met which trouble.
    pub(super) fn met(&self) -> BTreeSet<(String, Way)> {
        std::mem::take(&mut self.seen().met)
    }

    pub(super) fn told(&self) -> (Vec<String>, Vec<Violation>) {
        let mut seen = self.seen();
        (std::mem::take(&mut seen.trace), std::mem::take(&mut seen.violations))
    }
}

#[async_trait]
impl Transport for Watch {
    async fn send(&self, request: http::Request<Bytes>) -> Result<Reply, Unanswered> {
        let call = Call::of(&request);
        let changes = call.method != "GET" && FLY.contains(&call.authority.as_str());
        let number = {
            let mut seen = self.seen();
            let number = seen.calls;
            seen.calls += 1;
            seen.changes += usize::from(changes);
            number
        };
        if self.seen().at_rest {
            self.break_of(Promise::Rest, format!("{call} after the end"));
        }
        self.tell(&format!("{number:>4} {call}"));
        self.called.notify_waiters();
        self.act(number, &call).await;
        self.look_at(&request);
        let reply = self.faults.send(request).await;
        match &reply {
            Ok(reply) => self.tell(&format!("{number:>4} -> {}", reply.head.status.as_u16())),
            Err(error) => self.tell(&format!("{number:>4} -> {error}")),
        }
        if changes {
            self.look();
        }
        reply
    }
}
