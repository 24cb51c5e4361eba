//! What happens in a story, drawn from its seed.

use std::collections::BTreeMap;
use std::time::Duration;

use adapters::channel::Capabilities;
use adapters::{discord, telegram, whatsapp};

use super::dice::RelayStoryDice;
use super::stage::Kill;

/// Messages of one story at the most.
const MESSAGES_MAX: u64 = 12;

/// Kills of one story at the most, and the deed by which all are done.
const KILLS_MAX: u64 = 5;
const KILLS_UNTIL: u64 = 260;

/// How often a disk is full in one story at the most.
const FULL_MAX: u64 = 4;

/// The longest pause between two messages.
const PAUSE_MAX_MS: u64 = 90_000;

/// One message to the relay.
#[derive(Clone, Debug)]
pub struct PlannedMessage {
    pub id: String,
    /// After the message before it.
    pub pause: Duration,
    pub what: MessageKind,
}

#[derive(Clone, Debug)]
pub enum MessageKind {
    /// A line that becomes a turn; the words are the agent's script.
    Line(String),
    /// A file; what is written with it may be empty.
    File(String),
    Command(&'static str),
    /// The id of an earlier message, with other words.
    Edit(String),
    Stranger(String),
    Group(String),
    Empty,
}

pub struct RelayStoryPlan {
    pub seed: u64,
    pub messages: Vec<PlannedMessage>,
    pub kills: BTreeMap<usize, Kill>,
    /// Calls from relay to VM that go wrong, of a hundred.
    pub faults_percent: u64,
    /// Sends and edits that go wrong, of a hundred.
    pub refusals_percent: u64,
    /// Deliveries that come twice, of a hundred.
    pub twice_percent: u64,
    /// Writes that find the disk full, of a hundred.
    pub full_percent: u64,
    /// When the disk of the relay, then that of the VM, is full, and for how long.
    pub full: [Vec<(Duration, Duration)>; 2],
    /// As the adapter of the service has them.
    pub capabilities: Capabilities,
    /// The channel knows messages by their keys.
    pub knows_keys: bool,
    /// When the deployment is committed; `None`: never.
    pub committed_after: Option<Duration>,
}

impl RelayStoryPlan {
    pub fn of_seed(seed: u64) -> Self {
        let dice = RelayStoryDice::new(seed, 1);
        let kills = (0..dice.below(KILLS_MAX + 1)).map(|_| {
            let at = usize::try_from(dice.below(KILLS_UNTIL)).unwrap();
            (at, dice.pick(&[Kill::Actor, Kill::Actor, Kill::Other, Kill::Both]))
        });
        let kills = kills.collect();
        let messages = (0..=dice.below(MESSAGES_MAX)).map(|number| PlannedMessage {
            id: format!("in-{number}"),
            pause: if dice.percent(40) { Duration::ZERO } else { dice.up_to_ms(PAUSE_MAX_MS) },
            what: what(&dice, number),
        });
        let messages = messages.collect();
        let often = |percent| if dice.percent(60) { dice.below(percent) } else { 0 };
        Self {
            seed,
            messages,
            kills,
            faults_percent: often(50),
            refusals_percent: often(40),
            twice_percent: often(60),
            full_percent: often(12),
            full: [(); 2].map(|()| times_of_full_disk(&dice)),
            capabilities: match dice.below(100) {
                0..35 => telegram::capabilities(false),
                35..70 => discord::capabilities(),
                _ => whatsapp::capabilities(),
            },
            knows_keys: dice.percent(50),
            committed_after: match dice.below(10) {
                0 => None,
                1 | 2 => Some(dice.up_to_ms(40 * 60_000)),
                _ => Some(dice.up_to_ms(5_000)),
            },
        }
    }
}

fn times_of_full_disk(dice: &RelayStoryDice) -> Vec<(Duration, Duration)> {
    let times = if dice.percent(30) { 1 + dice.below(FULL_MAX) } else { 0 };
    let time = |_| (dice.up_to_ms(PAUSE_MAX_MS), dice.up_to_ms(PAUSE_MAX_MS));
    (0..times).map(time).collect()
}

fn what(dice: &RelayStoryDice, number: u64) -> MessageKind {
    match dice.below(100) {
        0..55 => MessageKind::Line(script(dice, number)),
        55..68 if dice.percent(50) => MessageKind::File(script(dice, number)),
        55..68 => MessageKind::File(String::new()),
        68..76 => MessageKind::Command("/stop"),
        76..80 => MessageKind::Command("/new"),
        80..82 => MessageKind::Command("/status"),
        82..84 => MessageKind::Command("/nonsense"),
        84..90 if number > 0 => MessageKind::Edit(format!("in-{}", dice.below(number))),
        84..93 => MessageKind::Stranger(format!("stranger {number} say done")),
        93..96 => MessageKind::Group(format!("group {number} say done")),
        96..98 => MessageKind::Stranger("/stop".to_owned()),
        _ => MessageKind::Empty,
    }
}

/// What the agent does in a turn, as the words of the line that asks for it.
fn script(dice: &RelayStoryDice, number: u64) -> String {
    let mut words = vec![format!("line-{number}")];
    for _ in 0..dice.below(5) {
        words.push(match dice.below(100) {
            0..45 => "say".to_owned(),
            45..60 => "use".to_owned(),
            60..75 => "leave".to_owned(),
            75..95 => format!("wait:{}", dice.below(30_000)),
            _ => format!("wait:{}", dice.below(20 * 60_000)),
        });
    }
    words.push(dice.pick(&["done", "done", "done", "done", "crash", "refuse", "hang"]).to_owned());
    words.join(" ")
}
