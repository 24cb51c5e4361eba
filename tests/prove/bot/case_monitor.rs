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
use super::faults::{Fault, FaultKind};
use super::journal_reader::JournalReader;
use textslash::http::{StreamedResponse, Transport, TransportError};
use textslash::sandbox::faults::{FaultPosition, FaultyTransport, VendorCall};
use textslash::sandbox::fly::SimulatedFly;
use textslash::sandbox::machines::{ModelFaults, ModelledRuntime};
use textslash::spec::{Role, Spec};

mod invariants;

pub(super) use invariants::resources;

/// Fly's interfaces, and the only places where its tokens may be shown.
const FLY: [&str; 2] = ["api.machines.dev", "api.fly.io"];

/// Something that must never happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Which is broken.
    pub promise: Promise,
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

pub(super) struct CaseMonitor {
    pub(super) faults: Arc<FaultyTransport>,
    pub(super) fly: Arc<SimulatedFly>,
    machines: Arc<ModelledRuntime>,
    pub(super) journal: Mutex<JournalReader>,
    pub(super) spec: Spec,
    /// How far the clock of the process is off, in milliseconds.
    clock_off_ms: Arc<AtomicI64>,
    began: Instant,
    state: Mutex<CaseMonitorState>,
    /// Woken after each call.
    called: Notify,
}

#[derive(Default)]
struct CaseMonitorState {
    trace: Vec<String>,
    violations: Vec<Violation>,
    /// The promises that were looked at.
    checked_promises: BTreeSet<Promise>,
    /// What goes wrong, and at which call.
    faults: Vec<Fault>,
    /// Which call met which trouble.
    met: BTreeSet<(String, FaultKind)>,
    calls: usize,
    changes: usize,
    /// Nobody drives: a call now is one too many.
    at_rest: bool,
    /// Two processes were let at the same run, or the network doubled a call: what is unique by its
    /// place alone may be there twice until it is looked after.
    may_double: bool,
}

impl CaseMonitor {
    pub(super) fn new(
        faults: Arc<FaultyTransport>,
        fly: Arc<SimulatedFly>,
        machines: Arc<ModelledRuntime>,
        onlooker: AnyConnection,
        spec: Spec,
    ) -> Arc<Self> {
        Arc::new(Self {
            faults,
            fly,
            machines,
            journal: Mutex::new(JournalReader::new(onlooker, spec.id.clone())),
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

    fn seen(&self) -> MutexGuard<'_, CaseMonitorState> {
        self.state.lock()
    }

    pub(super) fn trace(&self, line: &str) {
        let at_ms = elapsed_ms(self.began);
        self.seen().trace.push(format!("{at_ms:>9} ms  {line}"));
    }

    /// Notes that these promises are looked at: one that no story looks at is not proven by it.
    pub(super) fn mark_checked(&self, promises: impl IntoIterator<Item = Promise>) {
        self.seen().checked_promises.extend(promises);
    }

    pub(super) fn violation(&self, promise: Promise, what: impl Into<String>) {
        let violation = Violation { promise, what: what.into() };
        self.trace(&format!("BROKEN {violation}"));
        let mut seen = self.seen();
        seen.checked_promises.insert(promise);
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

    pub(super) fn set_at_rest(&self, at_rest: bool) {
        self.mark_checked([Promise::Rest]);
        self.seen().at_rest = at_rest;
    }

    /// Takes a trouble into the story.
    pub(super) fn plan(&self, trouble: &Fault) {
        if let Some((mode, times)) = trouble.kind.mode() {
            self.faults.plan_burst(FaultPosition::CallIndex(trouble.at), mode, times);
        }
        let doubles = [FaultKind::Twice, FaultKind::SecondWorker, FaultKind::Late];
        let mut seen = self.seen();
        seen.may_double |= doubles.contains(&trouble.kind);
        seen.faults.push(*trouble);
    }

    /// What is done to the world at this call.
    async fn act(&self, number: usize, call: &VendorCall) {
        let strikes: Vec<FaultKind> = {
            let mut seen = self.seen();
            let now = |trouble: &&Fault| trouble.strikes_at(number);
            let ways: Vec<_> = seen.faults.iter().filter(now).map(|it| it.kind).collect();
            if !ways.is_empty() {
                let kind = call.to_string().replace(&format!("-{}", self.spec.id), "");
                seen.met.extend(ways.iter().map(|way| (kind.clone(), *way)));
            }
            ways
        };
        let vm = |knobs| self.machines.set(knobs);
        for way in strikes {
            match way {
                FaultKind::TokenRefused => self.fly.revoke_all_tokens(),
                FaultKind::NoRoom => self.fly.organisations().set_no_machines_in(&["ams"]),
                FaultKind::Unwell => {
                    vm(ModelFaults { never_healthy: Some("vm"), ..ModelFaults::default() })
                }
                FaultKind::OtherBuild => {
                    vm(ModelFaults { wrong_build: Some("vm"), ..ModelFaults::default() })
                }
                FaultKind::Flaps => {
                    vm(ModelFaults { exits: Some(("vm", 1)), ..ModelFaults::default() })
                }
                FaultKind::GoneByHand => self.fly.remove_by_hand(&self.spec.app(Role::Vm)).await,
                FaultKind::ClockAhead => self.clock_off_ms.store(JUMP_MS, Ordering::Relaxed),
                FaultKind::ClockBehind => self.clock_off_ms.store(-JUMP_MS, Ordering::Relaxed),
                _ => {}
            }
        }
    }

    /// Nothing goes wrong any more.
    pub(super) fn stop_faults(&self) {
        self.faults.clear();
        self.seen().faults.clear();
        self.fly.organisations().set_no_machines_in(&[]);
        self.machines.set(ModelFaults::default());
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
    pub(super) fn checked_promises(&self) -> BTreeSet<Promise> {
        std::mem::take(&mut self.seen().checked_promises)
    }

    /// Which call met which trouble.
    pub(super) fn fault_calls(&self) -> BTreeSet<(String, FaultKind)> {
        std::mem::take(&mut self.seen().met)
    }

    pub(super) fn report(&self) -> (Vec<String>, Vec<Violation>) {
        let mut seen = self.seen();
        (std::mem::take(&mut seen.trace), std::mem::take(&mut seen.violations))
    }
}

#[async_trait]
impl Transport for CaseMonitor {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let call = VendorCall::of(&request);
        let changes = call.method != "GET" && FLY.contains(&call.authority.as_str());
        let number = {
            let mut seen = self.seen();
            let number = seen.calls;
            seen.calls += 1;
            seen.changes += usize::from(changes);
            number
        };
        if self.seen().at_rest {
            self.violation(Promise::Rest, format!("{call} after the end"));
        }
        self.trace(&format!("{number:>4} {call}"));
        self.called.notify_waiters();
        self.act(number, &call).await;
        self.look_at(&request);
        let reply = self.faults.send(request).await;
        match &reply {
            Ok(reply) => self.trace(&format!("{number:>4} -> {}", reply.head.status.as_u16())),
            Err(error) => self.trace(&format!("{number:>4} -> {error}")),
        }
        if changes {
            self.look();
        }
        reply
    }
}

pub(super) fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
