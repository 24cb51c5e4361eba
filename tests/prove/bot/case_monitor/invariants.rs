//! What must hold at every moment, and after every call that may have changed something.

use bytes::Bytes;
use http::header::AUTHORIZATION;

use super::super::Promise;
use super::{CaseMonitor, FLY};
use textslash::cloud::fly::macaroon::{Caveat, Macaroon, PERMISSION_LOCATION};
use textslash::journal::{Run, StepState};
use textslash::plan::StepId;
use textslash::sandbox::fly::Inventory;
use textslash::secret::Secret;
use textslash::spec::{Role, Spec};

/// The longest that a token of ours may live, in seconds: two hours, and what clocks may differ.
const WINDOW_MAX_S: i64 = 3 * 60 * 60;

impl CaseMonitor {
    /// What is there of ours stands in the journal, and stood there before it was made; there is
    /// one of each; and what is not ours is as it was.
    pub(in super::super) fn look(&self) {
        self.mark_checked([Promise::Foreign, Promise::OneOfEach]);
        if !self.fly.lookalikes_untouched() {
            self.violation(Promise::Foreign, "a stranger's app was touched");
        }
        let there = self.fly.inventory();
        for role in Role::ALL {
            let app = self.spec.app(role);
            let (apps, machines, volumes) = counts(&there, &app);
            if apps > 1 || machines > 1 || (volumes > 1 && !self.may_double()) {
                self.violation(Promise::OneOfEach, format!("{app}: {there}"));
            }
        }
        self.with_run(|run| self.expect_intents(run, &there));
    }

    /// What a request shows, and to whom; and what it takes away.
    pub(super) fn look_at(&self, request: &http::Request<Bytes>) {
        let host = request.uri().authority().map_or("", |authority| authority.as_str());
        let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(bundle) = shown {
            self.mark_checked([Promise::Egress, Promise::Window]);
            if !FLY.contains(&host) {
                self.violation(Promise::Egress, format!("a token is shown to {host}"));
            }
            if !bundle.split(',').all(is_short_lived) {
                self.violation(Promise::Window, "a token is shown that does not end soon");
            }
        }
        if request.method() == http::Method::DELETE {
            self.with_run(|run| self.expect_nothing_on(run, request.uri().path()));
        }
    }

    /// Whoever has deployed holds a token that opens nothing but the two apps.
    pub(in super::super) fn expect_narrowed(&self, token: &Secret) {
        self.mark_checked([Promise::Narrowed]);
        if !token.expose().split(',').all(is_of_two_apps) {
            self.violation(Promise::Narrowed, "a token is held that opens more than the two apps");
        }
    }

    /// The journal is legal and was only appended to.
    pub(in super::super) fn expect_append_only(&self) {
        self.mark_checked([Promise::AppendOnly]);
        let mut journal = self.journal.lock();
        match journal.still_stands() {
            Ok(true) => {}
            told => self.violation(Promise::AppendOnly, format!("{told:?}")),
        }
    }

    fn with_run(&self, look: impl FnOnce(&Run)) {
        self.mark_checked([Promise::Journal]);
        let mut journal = self.journal.lock();
        match journal.read() {
            Ok(None) => {}
            Ok(Some(run)) => look(run),
            Err(error) => self.violation(Promise::Journal, error.to_string()),
        }
    }

    fn expect_intents(&self, run: &Run, there: &Inventory) {
        self.mark_checked([Promise::IntentBeforeEffect]);
        for (step, count) in resources(&self.spec, there) {
            if count > 0 && run.state(&step) == StepState::Untouched {
                self.violation(Promise::IntentBeforeEffect, step.to_string());
            }
        }
    }

    /// An app goes after what stands in it, as far as the journal knows.
    fn expect_nothing_on(&self, run: &Run, path: &str) {
        for (role, word) in ROLES {
            let is_app = path.ends_with(&format!("/apps/{}", self.spec.app(role)));
            if is_app {
                self.mark_checked([Promise::UndoOrder]);
            }
            let steps = ["machine", "volume"].map(|kind| step(word, kind));
            let stands = |it: &&StepId| matches!(run.state(it), StepState::Done(_));
            if let Some(standing) = steps.iter().find(stands).filter(|_| is_app) {
                self.violation(Promise::UndoOrder, format!("{word}-app goes before {standing}"));
            }
        }
    }
}

const ROLES: [(Role, &str); 2] = [(Role::Relay, "relay"), (Role::Vm, "vm")];

/// What the plan calls the app, machine or volume of a role.
fn step(role: &str, kind: &str) -> StepId {
    StepId(format!("{role}-{kind}").into())
}

/// How many there are of each resource of the plan.
pub(in super::super) fn resources(spec: &Spec, there: &Inventory) -> Vec<(StepId, usize)> {
    let of_role = |(role, word): (Role, &str)| {
        let (apps, machines, volumes) = counts(there, &spec.app(role));
        [("app", apps), ("machine", machines), ("volume", volumes)]
            .map(|(kind, count)| (step(word, kind), count))
    };
    ROLES.into_iter().flat_map(of_role).collect()
}

/// Apps, machines and volumes of this app.
fn counts(there: &Inventory, app: &str) -> (usize, usize, usize) {
    let of =
        |lines: &[String]| lines.iter().filter(|line| line.starts_with(&format!("{app}/"))).count();
    let apps = there.apps.iter().filter(|name| *name == app).count();
    (apps, of(&there.machines), of(&there.volumes))
}

/// A permission ends by a caveat of ours; whatever discharges it is worth nothing without one.
fn is_short_lived(token: &str) -> bool {
    let text = token.rsplit(' ').next().unwrap_or(token);
    let Ok(token) = Macaroon::decode(text) else { return false };
    let ends_soon = |caveat: &Caveat| match caveat {
        Caveat::ValidityWindow { not_before, not_after } => not_after - not_before <= WINDOW_MAX_S,
        _ => false,
    };
    token.location() != PERMISSION_LOCATION || token.caveats().any(ends_soon)
}

/// A permission is confined by a caveat of ours to two apps.
fn is_of_two_apps(token: &str) -> bool {
    let Ok(token) = Macaroon::decode(token) else { return false };
    let two_apps = |caveat: &Caveat| matches!(caveat, Caveat::Apps(apps) if apps.len() == 2);
    token.location() != PERMISSION_LOCATION || token.caveats().any(two_apps)
}
