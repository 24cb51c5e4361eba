//! What is counted for whoever runs the bot, in the names and the text of Prometheus.
//!
//! Every label is a word of this program, never one of a person or a service: there are as many
//! series as stand in the code, and none names anybody.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Context;
use metrics::{Gauge, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::Instant;

use crate::protocol::BUILD;
use crate::quota::QuotaScope;

#[cfg(test)]
mod tests;

const TAKEN: &str = "textslash_messages_taken_total";
const ANSWERED: &str = "textslash_messages_answered_total";
const DUPLICATES: &str = "textslash_messages_duplicate_total";
const REFUSED: &str = "textslash_messages_refused_total";
const ANSWER_SECONDS: &str = "textslash_answer_seconds";
const CONVERSATIONS: &str = "textslash_conversations_open";
const RUNS_BEGUN: &str = "textslash_runs_begun_total";
const RUNS_ENDED: &str = "textslash_runs_ended_total";
const DEPLOYMENTS_REFUSED: &str = "textslash_deployments_refused_total";
const LET_IN: &str = "textslash_people_let_in_total";
const NOT_LET_IN: &str = "textslash_invitations_refused_total";
const QUEUE: &str = "textslash_queue_length";
const REQUESTS_REFUSED: &str = "textslash_requests_refused_total";
const HELD_MAX: &str = "textslash_credential_held_max_seconds";
const UPTIME: &str = "textslash_uptime_seconds";
const BUILD_INFO: &str = "textslash_build_info";

/// From what a person does not notice to what they have given up on: a message is answered within a
/// second when nothing is asked of a vendor, and a service may ask us to wait for half a minute.
const ANSWER_BUCKETS_S: [f64; 11] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// How often samples are put into their buckets when nobody asks for them: until then each takes 8
/// bytes.
const UPKEEP: Duration = Duration::from_secs(10);

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// Too many of the same person's wait for an answer.
    TooManyInChat,
    /// Too many chats at once.
    TooManyChats,
    /// The database did not take it.
    Database,
}

/// Where something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueKind {
    /// For the task of its chat.
    Inbound,
    /// For the service to take it.
    Outbound,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEndLabel {
    /// The relay is ready.
    Deployed,
    /// Nothing is left.
    Removed,
    /// Something was in the way.
    Failed,
}

/// Whose requests a door is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointKind {
    /// Chat services'.
    Webhook,
    /// People's with a one-time form.
    Form,
}

/// A message is durable with us.
pub fn taken(channel: &'static str) {
    counter!(TAKEN, "channel" => channel).increment(1);
}

/// Everything that was to be said about a message was sent, so long after it came in.
pub fn answered(channel: &'static str, after: Duration) {
    counter!(ANSWERED, "channel" => channel).increment(1);
    metrics::histogram!(ANSWER_SECONDS, "channel" => channel).record(after);
}

/// A message came again.
pub fn duplicate(channel: &'static str) {
    counter!(DUPLICATES, "channel" => channel).increment(1);
}

/// A message was not taken.
pub fn refused(channel: &'static str, refusal: DropReason) {
    let reason = match refusal {
        DropReason::TooManyInChat => "flood",
        DropReason::TooManyChats => "crowd",
        DropReason::Database => "database",
    };
    counter!(REFUSED, "channel" => channel, "reason" => reason).increment(1);
}

/// A run was begun: a deployment, or a removal.
pub fn run_begun(removal: bool) {
    counter!(RUNS_BEGUN, "goal" => if removal { "removed" } else { "deployed" }).increment(1);
}

/// A run came to its end.
pub fn run_ended(end: RunEndLabel) {
    let end = match end {
        RunEndLabel::Deployed => "deployed",
        RunEndLabel::Removed => "removed",
        RunEndLabel::Failed => "failed",
    };
    counter!(RUNS_ENDED, "end" => end).increment(1);
}

/// A deployment was not begun, because this quota is used up.
pub fn deployment_refused(quota: QuotaScope) {
    let quota = match quota {
        QuotaScope::Person => "person",
        QuotaScope::Organisation => "organisation",
        QuotaScope::All => "all",
    };
    counter!(DEPLOYMENTS_REFUSED, "quota" => quota).increment(1);
}

/// An invitation let somebody in.
pub fn invitation_used() {
    counter!(LET_IN).increment(1);
}

/// Why a code let nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeRefusal {
    /// There is none such.
    Unknown,
    /// It has let in as many people as it is for.
    UsedUp,
    /// So many wrong codes came that it was not looked at.
    Limit,
}

/// A code let nobody in.
pub fn code_refused(why: CodeRefusal) {
    let reason = match why {
        CodeRefusal::Unknown => "unknown",
        CodeRefusal::UsedUp => "used_up",
        CodeRefusal::Limit => "limit",
    };
    counter!(NOT_LET_IN, "reason" => reason).increment(1);
}

/// The longest that this process has held a credential.
pub fn secret_lifetime(longest: Duration) {
    gauge!(HELD_MAX).set(longest.as_secs_f64());
}

/// A request was refused with this status.
pub fn request_refused(door: EndpointKind, status: u16) {
    let door = match door {
        EndpointKind::Webhook => "webhook",
        EndpointKind::Form => "form",
    };
    let reason = match status {
        401 | 403 => "not_allowed",
        408 => "slow",
        413 => "too_large",
        429 => "too_often",
        500.. => "not_taken",
        _ => "malformed",
    };
    counter!(REQUESTS_REFUSED, "door" => door, "reason" => reason).increment(1);
}

/// A gauge that is higher by one while this lives.
pub struct GaugeGuard(Gauge);

impl GaugeGuard {
    fn of(gauge: Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }

    /// A conversation that has a task.
    pub fn conversation(channel: &'static str) -> Self {
        Self::of(gauge!(CONVERSATIONS, "channel" => channel))
    }

    /// Something that waits.
    pub fn waiting(queue: QueueKind) -> Self {
        let queue = match queue {
            QueueKind::Inbound => "inbound",
            QueueKind::Outbound => "outbound",
        };
        Self::of(gauge!(QUEUE, "queue" => queue))
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// What was counted, as text.
#[derive(Clone)]
pub struct Exposition {
    handle: PrometheusHandle,
    since: Instant,
}

impl Exposition {
    /// Counts for the whole process from now on.
    ///
    /// # Errors
    /// When something counts already.
    pub fn start() -> anyhow::Result<Self> {
        let handle = builder()?.install_recorder().context("count for /metrics")?;
        Ok(Self::of(handle))
    }

    /// Shows nothing that is counted elsewhere: for tests.
    #[cfg(test)]
    pub(crate) fn apart() -> anyhow::Result<Self> {
        Ok(Self::of(builder()?.build_recorder().handle()))
    }

    fn of(handle: PrometheusHandle) -> Self {
        describe();
        gauge!(BUILD_INFO, "build" => BUILD).set(1.0);
        Self { handle, since: Instant::now() }
    }

    /// All of it in the text format of Prometheus, version 0.0.4.
    pub fn text(&self) -> String {
        gauge!(UPTIME).set(self.since.elapsed().as_secs_f64());
        self.handle.render()
    }

    /// Keeps what is counted small, for as long as it is polled.
    pub async fn upkeep(&self) -> Infallible {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.handle.run_upkeep();
        }
    }
}

fn builder() -> anyhow::Result<PrometheusBuilder> {
    let answers = Matcher::Full(ANSWER_SECONDS.to_owned());
    Ok(PrometheusBuilder::new().set_buckets_for_metric(answers, &ANSWER_BUCKETS_S)?)
}

fn describe() {
    describe_counter!(TAKEN, "Messages that are durable with us.");
    describe_counter!(ANSWERED, "Messages about which everything was said.");
    describe_counter!(DUPLICATES, "Messages that came again.");
    describe_counter!(REFUSED, "Messages that were not taken.");
    describe_histogram!(ANSWER_SECONDS, "From a message to the last word about it.");
    describe_gauge!(CONVERSATIONS, "Conversations that have a task.");
    describe_counter!(RUNS_BEGUN, "Deployments and removals that were begun or resumed.");
    describe_counter!(RUNS_ENDED, "Deployments and removals that came to an end.");
    describe_counter!(DEPLOYMENTS_REFUSED, "Deployments that were more than may be begun a day.");
    describe_counter!(LET_IN, "People whom an invitation let in.");
    describe_counter!(NOT_LET_IN, "Codes that let nobody in.");
    describe_gauge!(QUEUE, "What waits for a chat's task, and for the chat services.");
    describe_counter!(REQUESTS_REFUSED, "Requests to the web server that were refused.");
    describe_gauge!(HELD_MAX, "The longest that a credential has been in memory.");
    describe_gauge!(UPTIME, "Since this process began to count.");
    describe_gauge!(BUILD_INFO, "The build that runs.");
}
