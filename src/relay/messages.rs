//! Every sentence of a relay.

use crate::protocol::TurnFailure;

use super::ledger::Tokens;
use super::turn::Unheard;

pub(super) const STRANGER: &str =
    "This is somebody's own assistant and answers its owner only. You can deploy one of your own.";

pub(super) const NEXT: &str = "I'll get to that next.";

pub(super) const FULL: &str =
    "Too many messages are waiting; this one was not taken. Send it again later, or /stop.";

pub(super) const TOO_LONG: &str =
    "That message is too long and was not taken. Send it in smaller parts.";

pub(super) const SECRET: &str =
    "Nothing here asks for a secret. It was not kept, and it was not passed on.";

pub(super) const NO_FILES: &str = "I cannot take files yet. Send what is in it as text.";

pub(super) const NOT_COMMITTED: &str = "This deployment was never finished, so nothing runs. Finish it or remove it where you made it.";

pub(super) const WAKING: &str = "Waking your machine…";

pub(super) const NOTHING_TO_STOP: &str = "Nothing is running.";

pub(super) const NEW_SESSION: &str =
    "A new session begins with your next message. Files in the workspace stay.";

pub(super) const NOTHING_SAID: &str = "Done. There was nothing to say.";

pub(super) const HELP: &str = "Write what you want done; I pass it to your agent.

/status: the machine, the session, what runs, tokens used
/stop: stop what runs and drop what waits
/new: begin a new session
/help: this list";

pub(super) const ELSEWHERE: &str = "I only pass messages to your agent. Deploying and removing is done where you deployed me: \
     with the bot, or with `textslash setup` or `textslash teardown` in a terminal. /help lists what \
     I do.";

pub(super) fn unknown_command(word: &str) -> String {
    format!("There is no {word} here. /help lists what there is.")
}

pub(super) fn stopping(dropped: u64) -> String {
    match dropped {
        0 => "Stopping.".to_owned(),
        1 => "Stopping. One waiting message was dropped.".to_owned(),
        more => format!("Stopping. {more} waiting messages were dropped."),
    }
}

pub(super) fn status(is_awake: bool, session: &str, waiting: i64, used: Tokens) -> String {
    let machine = if is_awake { "awake" } else { "asleep or out of reach" };
    let work = match waiting {
        0 => "nothing runs".to_owned(),
        1 => "one turn runs".to_owned(),
        more => format!("one turn runs, {} wait", more - 1),
    };
    let Tokens { input, output } = used;
    format!(
        "Machine: {machine}\nSession: {session}\nWork: {work}\nTokens: {input} in, {output} out"
    )
}

pub(super) fn still_working(minutes: u64, last: Option<&str>) -> String {
    match last {
        Some(last) => format!("Still working, {minutes} min, last: {last}"),
        None => format!("Still working, {minutes} min"),
    }
}

pub(super) fn failed(reason: TurnFailure) -> &'static str {
    match reason {
        TurnFailure::Stopped => "Stopped.",
        TurnFailure::TimedOut => "This took too long and was stopped. Ask for a smaller step.",
        TurnFailure::AgentCrashed => {
            "The agent ended unexpectedly. Send your message again; if it ends again, try /new."
        }
        TurnFailure::ModelRefused => {
            "The model refused. Check your model account's credit and key, then send it again."
        }
        TurnFailure::Interrupted => {
            "Your machine was restarted in the middle of this. Send your message again to go on."
        }
    }
}

pub(super) fn unheard(reason: Unheard) -> &'static str {
    match reason {
        Unheard::OutOfReach => {
            "Your machine does not answer. Send your message again in a few minutes; if it still \
             does not, look at it with your cloud."
        }
        Unheard::SessionBusy => {
            "Your machine is still at work on an earlier message. Send this one again in a few \
             minutes, or begin a session that does not wait for it with /new."
        }
        Unheard::Full => {
            "Your machine is at work on as many messages as it can. Send this one again in a few \
             minutes."
        }
        Unheard::Refused => {
            "Your machine does not accept calls from me. Send your message again in a few minutes; \
             if that does not help, ask for a new link where you deployed me: it comes with new \
             keys for both of us."
        }
        Unheard::NotTaken => {
            "Your machine cannot take this message. Send it in smaller parts or in other words; if \
             it takes none at all, ask for a new link where you deployed me."
        }
    }
}
