//! What is promised, and looked at in every story.

use std::fmt;

/// Something that holds whatever goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// In the end nothing of ours is in the account.
    Orphan,
    /// There is one app, machine and volume of each kind at most.
    OneOfEach,
    /// Nothing of a stranger's is touched.
    Foreign,
    /// What is there stood in the journal before it was made.
    IntentBeforeEffect,
    /// An app goes after what stands in it.
    UndoOrder,
    /// The journal is only appended to.
    AppendOnly,
    /// Each state of the journal is legal, and its last is a removal.
    Journal,
    /// The list of what remains is true.
    Remaining,
    /// What is called deployed runs.
    Deployed,
    /// Nobody is told that something is ready which is not.
    Ready,
    /// A run ends as was asked.
    End,
    /// A drive ends with an outcome.
    Drive,
    /// Everything comes to its end, and it can begin again.
    Liveness,
    /// Nobody calls after the end.
    Rest,
    /// What nobody commits runs no longer than half an hour.
    Probation,
    /// Six times the plan's changes are made at most.
    Budget,
    /// No call is beyond a limit of Fly's.
    Rate,
    /// Fly's tokens are shown to Fly alone.
    Egress,
    /// No token is shown that does not end soon.
    Window,
    /// Who has deployed holds a token for the two apps alone.
    Narrowed,
    /// No credential is shown in a chat or on the disk.
    Secrets,
    /// No credential is held for longer than its time, and none in the end.
    Held,
    /// What is acknowledged is on record.
    Durable,
    /// No message is lost, in or out.
    Lost,
    /// Messages of a chat are taken in their order.
    Order,
    /// Each message is answered once.
    OneAnswer,
    /// Each end is told once.
    ToldOnce,
    /// Each yes begins one run.
    OneRun,
    /// Nobody waits for an answer.
    Answered,
    /// A conversation ends with nothing open.
    Idle,
    /// Nobody reads of what others have.
    Strangers,
    /// A group is told where to go, and leaves nothing on record.
    Group,
    /// Who is forgotten is in no byte of the database's files.
    Forgotten,
    /// Nobody begins more than may be.
    Quota,
    /// Nobody begins who was not let in, and no invitation lets in more than it is for.
    LetIn,
    /// No chat has more in hand than its queue takes.
    Queue,
    /// Who means no harm is told of no limit.
    CrowdedOut,
    /// Whoever wears the bot out comes to a limit.
    LimitsMet,
    /// The bot ends in order.
    Bot,
    /// The database can be read.
    Database,
}

impl Promise {
    /// Those of the account, the run, its calls and credentials, and the conversation. The others
    /// only a crowd can break.
    pub const OF_STORIES: [Self; 38] = [
        Self::Orphan,
        Self::OneOfEach,
        Self::Foreign,
        Self::IntentBeforeEffect,
        Self::UndoOrder,
        Self::AppendOnly,
        Self::Journal,
        Self::Remaining,
        Self::Deployed,
        Self::Ready,
        Self::End,
        Self::Drive,
        Self::Liveness,
        Self::Rest,
        Self::Probation,
        Self::Budget,
        Self::Rate,
        Self::Egress,
        Self::Window,
        Self::Narrowed,
        Self::Secrets,
        Self::Held,
        Self::Durable,
        Self::Lost,
        Self::Order,
        Self::OneAnswer,
        Self::ToldOnce,
        Self::OneRun,
        Self::Answered,
        Self::Idle,
        Self::Strangers,
        Self::Group,
        Self::Forgotten,
        Self::Quota,
        Self::LetIn,
        Self::Queue,
        Self::Bot,
        Self::Database,
    ];

    /// As a whole sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Orphan => "in the end nothing of ours is in the account",
            Self::OneOfEach => "there is one app, machine and volume of each kind at most",
            Self::Foreign => "nothing of a stranger's is touched",
            Self::IntentBeforeEffect => "what is there stood in the journal before it was made",
            Self::UndoOrder => "an app goes after what stands in it",
            Self::AppendOnly => "the journal is only appended to",
            Self::Journal => "each state of the journal is legal, and its last is a removal",
            Self::Remaining => "the list of what remains is true",
            Self::Deployed => "what is called deployed runs",
            Self::Ready => "nobody is told that something is ready which is not",
            Self::End => "a run ends as was asked",
            Self::Drive => "a drive ends with an outcome",
            Self::Liveness => "everything comes to its end, and it can begin again",
            Self::Rest => "nobody calls after the end",
            Self::Probation => "what nobody commits runs no longer than half an hour",
            Self::Budget => "six times the plan's changes are made at most",
            Self::Rate => "no call is beyond a limit of Fly's",
            Self::Egress => "Fly's tokens are shown to Fly alone",
            Self::Window => "no token is shown that does not end soon",
            Self::Narrowed => "who has deployed holds a token for the two apps alone",
            Self::Secrets => "no credential is shown in a chat or on the disk",
            Self::Held => "no credential is held for longer than its time, and none in the end",
            Self::Durable => "what is acknowledged is on record",
            Self::Lost => "no message is lost, in or out",
            Self::Order => "messages of a chat are taken in their order",
            Self::OneAnswer => "each message is answered once",
            Self::ToldOnce => "each end is told once",
            Self::OneRun => "each yes begins one run",
            Self::Answered => "nobody waits for an answer",
            Self::Idle => "a conversation ends with nothing open",
            Self::Strangers => "nobody reads of what others have",
            Self::Group => "a group is told where to go, and leaves nothing on record",
            Self::Forgotten => "who is forgotten is in no byte of the database's files",
            Self::Quota => "nobody begins more than may be",
            Self::LetIn => {
                "nobody begins who was not let in, and no invitation lets in more than it is for"
            }
            Self::Queue => "no chat has more in hand than its queue takes",
            Self::CrowdedOut => "who means no harm is told of no limit",
            Self::LimitsMet => "whoever wears the bot out comes to a limit",
            Self::Bot => "the bot ends in order",
            Self::Database => "the database can be read",
        }
    }
}

/// In a word or three.
impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Orphan => "orphan",
            Self::OneOfEach => "one of each",
            Self::Foreign => "foreign",
            Self::IntentBeforeEffect => "intent before effect",
            Self::UndoOrder => "undo order",
            Self::AppendOnly => "append-only",
            Self::Journal => "journal",
            Self::Remaining => "remaining",
            Self::Deployed => "deployed",
            Self::Ready => "ready",
            Self::End => "end",
            Self::Drive => "drive",
            Self::Liveness => "liveness",
            Self::Rest => "rest",
            Self::Probation => "probation",
            Self::Budget => "budget",
            Self::Rate => "rate",
            Self::Egress => "egress",
            Self::Window => "window",
            Self::Narrowed => "narrowed",
            Self::Secrets => "secrets",
            Self::Held => "held",
            Self::Durable => "durable",
            Self::Lost => "lost",
            Self::Order => "order",
            Self::OneAnswer => "one answer",
            Self::ToldOnce => "told once",
            Self::OneRun => "one run",
            Self::Answered => "answered",
            Self::Idle => "idle",
            Self::Strangers => "strangers",
            Self::Group => "group",
            Self::Forgotten => "forgotten",
            Self::Quota => "quota",
            Self::LetIn => "let in",
            Self::Queue => "queue",
            Self::CrowdedOut => "crowded out",
            Self::LimitsMet => "limits met",
            Self::Bot => "bot",
            Self::Database => "database",
        })
    }
}
