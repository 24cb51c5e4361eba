//! The messages of a relay, by meaning.

use adapters::chat::MenuEntry;
use time::OffsetDateTime;

use crate::messages::{Locale, LocalizedText};
use crate::phrase;
use crate::protocol::{TurnFailure, WithheldReason};

use super::relay_store::TokenCounts;
use super::vm_failure::VmFailure;

/// The commands of a relay, for the service's menu.
pub(super) fn menu() -> Vec<MenuEntry> {
    [
        ("status", LocalizedText::new("relay-menu-status")),
        ("stop", LocalizedText::new("relay-menu-stop")),
        ("new", LocalizedText::new("relay-menu-new")),
        ("help", LocalizedText::new("relay-menu-help")),
    ]
    .map(|(word, meaning)| MenuEntry { word: word.to_owned(), meanings: meaning.in_all() })
    .into()
}

pub(super) const STRANGER: LocalizedText = LocalizedText::new("relay-stranger");
pub(super) const NEXT: LocalizedText = LocalizedText::new("relay-next");
pub(super) const FULL: LocalizedText = LocalizedText::new("relay-full");
pub(super) const TOO_LONG: LocalizedText = LocalizedText::new("relay-too-long");
pub(super) const SECRET: LocalizedText = LocalizedText::new("relay-secret");
pub(super) const UNSUPPORTED: LocalizedText = LocalizedText::new("relay-unsupported");
pub(super) const EDITED_TOO_LATE: LocalizedText = LocalizedText::new("relay-edited-too-late");
pub(super) const NO_FILES: LocalizedText = LocalizedText::new("relay-no-files");
pub(super) const FILE_NOT_FETCHED: LocalizedText = LocalizedText::new("relay-file-not-fetched");
pub(super) const NO_ROOM: LocalizedText = LocalizedText::new("relay-file-no-room");
pub(super) const NOT_COMMITTED: LocalizedText = LocalizedText::new("relay-not-committed");
pub(super) const NOT_READY: LocalizedText = LocalizedText::new("relay-not-ready");
pub(super) const KEPT: LocalizedText = LocalizedText::new("relay-kept");
pub(super) const IN_DOUBT: LocalizedText = LocalizedText::new("relay-possible-repeat");
pub(super) const WAKING: LocalizedText = LocalizedText::new("relay-waking");
pub(super) const NOTHING_TO_STOP: LocalizedText = LocalizedText::new("relay-nothing-to-stop");
pub(super) const NEW_SESSION: LocalizedText = LocalizedText::new("relay-new-session");
pub(super) const NOTHING_SAID: LocalizedText = LocalizedText::new("relay-nothing-said");
pub(super) const HELP: LocalizedText = LocalizedText::new("relay-help");
pub(super) const ELSEWHERE: LocalizedText = LocalizedText::new("relay-elsewhere");
pub(super) const TOO_FAST: LocalizedText = LocalizedText::new("relay-too-fast");
pub(super) const NETWORK_OPEN: LocalizedText = LocalizedText::new("relay-network-open");

pub(super) fn file_is_there(locale: Locale, path: &str) -> String {
    phrase!(locale, "relay-file-stored", path = path)
}

pub(super) fn file_too_large_in(locale: Locale, bytes_max: u64) -> String {
    phrase!(locale, "relay-file-too-large-in", max = megabytes(bytes_max))
}

pub(super) fn file_too_large_out(locale: Locale, name: &str, bytes: u64, bytes_max: u64) -> String {
    let (size, max) = (megabytes(bytes), megabytes(bytes_max));
    phrase!(locale, "relay-file-too-large-out", name = name, size = size, max = max)
}

pub(super) fn file_not_sent(locale: Locale, name: &str) -> String {
    phrase!(locale, "relay-file-not-sent", name = name)
}

pub(super) fn file_not_kept(locale: Locale, name: &str) -> String {
    phrase!(locale, "relay-file-not-kept", name = name)
}

/// Why files of the agent were not sent, and what to do. `count` files are named or not.
pub(super) fn withheld(
    locale: Locale,
    reason: WithheldReason,
    names: &[String],
    count: usize,
) -> String {
    let more = count.saturating_sub(names.len());
    let files = phrase!(locale, "relay-files-named", names = names.join(", "), more = more);
    match reason {
        WithheldReason::NoOutbox => phrase!(locale, "relay-withheld-no-outbox"),
        WithheldReason::NotPlain => phrase!(locale, "relay-withheld-not-plain", files = files),
        WithheldReason::Unreadable => phrase!(locale, "relay-withheld-unreadable", files = files),
        WithheldReason::NoRoom => phrase!(locale, "relay-withheld-no-room", files = files),
        WithheldReason::TooSlow => phrase!(locale, "relay-withheld-too-slow", files = files),
        WithheldReason::TooMany => phrase!(locale, "relay-withheld-too-many", files = files),
        WithheldReason::Unknown => phrase!(locale, "relay-withheld-otherwise", files = files),
    }
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1024 * 1024)
}

/// The interval that is lost: from the time of the copy, or from the beginning, until the last
/// write.
pub(super) fn restored(locale: Locale, from_ms: Option<u64>, until_ms: u64) -> String {
    let until = in_utc(until_ms);
    match from_ms.map(in_utc) {
        Some(from) => phrase!(locale, "relay-restored", from = from, until = until),
        None => phrase!(locale, "relay-restored-empty", until = until),
    }
}

fn in_utc(at_ms: u64) -> String {
    let seconds = i64::try_from(at_ms / 1000).unwrap_or_default();
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year}-{month:02}-{day:02} {:02}:{:02}", at.hour(), at.minute())
}

pub(super) fn unknown_command(locale: Locale, word: &str) -> String {
    phrase!(locale, "relay-unknown-command", command = word)
}

pub(super) fn stopping(locale: Locale, dropped: u64) -> String {
    phrase!(locale, "relay-stopping", dropped = dropped)
}

pub(super) fn daily_limit(locale: Locale, limit: u64) -> String {
    phrase!(locale, "relay-daily-limit", limit = locale.grouped(limit))
}

/// The tokens of a day, and the limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct UsageToday {
    pub(super) spent: u64,
    pub(super) limit: u64,
}

/// `waiting` counts the turn that runs; `today` is none where there is no model.
pub(super) fn status(
    locale: Locale,
    is_awake: bool,
    session: &str,
    waiting: i64,
    used: TokenCounts,
    today: Option<UsageToday>,
) -> String {
    let mut text = phrase!(
        locale,
        "relay-status",
        awake = is_awake,
        session = session,
        work = waiting,
        waiting = waiting - 1,
        input = used.input,
        output = used.output,
    );
    if let Some(UsageToday { spent, limit }) = today {
        let (spent, limit) = (locale.grouped(spent), locale.grouped(limit));
        text.push('\n');
        text.push_str(&phrase!(locale, "relay-usage-today", spent = spent, limit = limit));
    }
    text
}

pub(super) fn still_working(locale: Locale, minutes: u64, last: Option<&str>) -> String {
    match last {
        Some(tool) => phrase!(locale, "relay-still-working-on", minutes = minutes, tool = tool),
        None => phrase!(locale, "relay-still-working", minutes = minutes),
    }
}

pub(super) fn failed(reason: TurnFailure) -> LocalizedText {
    match reason {
        TurnFailure::Stopped => LocalizedText::new("relay-stopped"),
        TurnFailure::TimedOut => LocalizedText::new("relay-timed-out"),
        TurnFailure::AgentCrashed => LocalizedText::new("relay-agent-crashed"),
        TurnFailure::ModelRefused => LocalizedText::new("relay-model-refused"),
        TurnFailure::Interrupted => LocalizedText::new("relay-interrupted"),
        TurnFailure::DiskFailed => LocalizedText::new("relay-turn-disk-failed"),
        TurnFailure::Unknown => LocalizedText::new("relay-turn-failed-otherwise"),
    }
}

pub(super) fn vm_failure(reason: VmFailure) -> LocalizedText {
    match reason {
        VmFailure::Unreachable => LocalizedText::new("relay-vm-out-of-reach"),
        VmFailure::SessionBusy => LocalizedText::new("relay-vm-session-busy"),
        VmFailure::Full => LocalizedText::new("relay-vm-full"),
        VmFailure::Refused => LocalizedText::new("relay-vm-refused"),
        VmFailure::DiskFailed => LocalizedText::new("relay-vm-disk-failed"),
        VmFailure::Rejected => LocalizedText::new("relay-vm-not-taken"),
        VmFailure::OtherRelease => LocalizedText::new("relay-vm-other-release"),
    }
}
