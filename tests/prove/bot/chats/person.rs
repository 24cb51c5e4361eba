//! Somebody who chats with the bot: reads what it asks, mostly answers, and sometimes does not.

use std::sync::Arc;
use std::time::Duration;

use adapters::chat::{ChatId, ChatType, InboundContent};
use parking_lot::Mutex;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::dice::BotStoryDice;
use super::monitor::ChatMonitor;
use super::persona::Persona;
use super::phone::{AnswerMethod, OfferedAnswer, PhoneMessage, asks, offered, offers, quota_told};
use super::service::SimulatedService;
use textslash::conversation::messages::Message;
use textslash::invitation::Invitation;
use textslash::sandbox::anthropic::SimulatedAnthropic;
use textslash::sandbox::fly::{FlyOrganisation, SimulatedFly};

mod forgetting;
mod hostile;

/// What a person does before wanting all of it removed, at the most.
const DEEDS_MAX: u64 = 30;

/// The longest that a person thinks.
const THOUGHT_MAX: Duration = Duration::from_secs(60);

/// The longest that a person is away: longer than an open question waits.
const AWAY_MAX: Duration = Duration::from_secs(50 * 60);

/// How long a person who wants all of it removed waits before asking again.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What comes in several messages is read as a whole, which takes this long.
pub(super) const READING: Duration = Duration::from_secs(5);

/// Rounds until all is removed: each run may take a quarter of an hour, of which a person has
/// several.
const ROUNDS_MAX: usize = 120;

/// Answers that remove something.
const SURE: [&str; 2] = ["Yes, remove it", "Remove everything"];

/// What to do with a deployment that failed before the next is begun.
const KEEP: &str = "Keep for inspection";

/// What is answered by somebody who has a deployment and wants one more.
const ANOTHER: &str = "Deploy another one";

/// Answers that lead away from a deployment.
const AWAY: [&str; 7] = [
    "Cancel",
    "Back",
    "Change an answer",
    "Tear down",
    "Help",
    "Remove everything",
    "Yes, remove it",
];

pub(super) struct SimulatedPerson {
    pub(super) chat: ChatId,
    pub(super) service: Arc<SimulatedService>,
    pub(super) stage: Arc<ChatMonitor>,
    pub(super) fly: Arc<SimulatedFly>,
    pub(super) anthropic: Arc<SimulatedAnthropic>,
    pub(super) dice: BotStoryDice,
    /// For what must not change what else they do.
    pub(super) whims: BotStoryDice,
    pub(super) activity: Mutex<PersonActivity>,
    pub(super) persona: Persona,
    /// Where they deploy.
    pub(super) organisation: FlyOrganisation,
    /// What they were given, where it takes that to begin.
    pub(super) invitation: Option<Invitation>,
    /// Nobody else has deployments in this account, so that it may be searched.
    pub(super) is_alone: bool,
}

/// What a person did, to be compared with what came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PersonActivity {
    /// Asked for help.
    pub(super) helps: usize,
    /// Said yes to a plan.
    pub(super) deploys: usize,
    /// Was told that nothing is left.
    pub(super) is_done: bool,
    /// Wanted to be forgotten, and is.
    pub(super) is_forgotten: bool,
}

impl SimulatedPerson {
    pub(super) fn did(&self, note: impl FnOnce(&mut PersonActivity)) {
        note(&mut self.activity.lock());
    }

    pub(super) fn asked_for_help(&self, times: usize) {
        self.did(|did| did.helps += times);
    }

    pub(super) fn helps(&self) -> usize {
        self.activity.lock().helps
    }

    pub(super) fn says(&self, line: &str) {
        if line == "/help" {
            self.asked_for_help(1);
        }
        let content = InboundContent::Text(Zeroizing::new(line.to_owned()));
        self.service.write(&self.chat, ChatType::Private, content);
    }

    fn enters_secret(&self, secret: &str) {
        secret.split([',', ' ']).for_each(|part| self.stage.keep_secret(part));
        let secret = Zeroizing::new(secret.to_owned());
        let content = if self.dice.percent(50) {
            InboundContent::Text(secret)
        } else {
            InboundContent::Secret(secret)
        };
        self.service.write(&self.chat, ChatType::Private, content);
    }

    pub(super) fn takes(&self, offer: &OfferedAnswer) {
        match &offer.answer {
            AnswerMethod::Number(number) => self.says(&number.to_string()),
            AnswerMethod::Tap(button) => {
                self.did(|did| {
                    did.helps += usize::from(button == "/help");
                    did.deploys += usize::from(offer.label == "Deploy");
                });
                let content = InboundContent::Tap { button: button.clone(), message: None };
                match self.persona {
                    Persona::Sharing | Persona::Late if offer.label == "Deploy" => {
                        self.service.write_with_others(&self.chat, content);
                    }
                    _ => self.service.write(&self.chat, ChatType::Private, content),
                }
            }
        }
    }

    /// Chats until there is no more to be had or said.
    pub(super) async fn chats(&self) {
        self.says("hi");
        match self.persona {
            Persona::Whimsical => self.chats_as_people_do().await,
            Persona::Purposeful | Persona::Sharing | Persona::Late => self.deploys(0).await,
            Persona::Curious => self.looks_around().await,
            Persona::Flooding { reachable } => self.floods(reachable).await,
            Persona::Garbling => self.garbles().await,
            Persona::Greedy => self.deploys_without_measure().await,
            Persona::Guessing => self.guesses().await,
        }
    }

    async fn looks_around(&self) {
        for line in ["/help", "/status", "/help"] {
            tokio::time::sleep(self.dice.up_to(THOUGHT_MAX)).await;
            self.says(line);
        }
    }

    /// Answers what is asked after the messages that were read.
    pub(super) async fn deploys(&self, mut read: usize) {
        for _ in 0..ROUNDS_MAX {
            self.wait_for_more_than(read, PATIENCE).await;
            tokio::time::sleep(READING).await;
            let shown = self.service.shown_in(&self.chat);
            let new = &shown[read.min(shown.len())..];
            read = shown.len();
            if new.iter().any(ends_it) {
                return;
            }
            if let Some(question) = new.iter().rev().find(|it| asks(it)) {
                self.answers_question(question);
            }
        }
    }

    /// Begins one more, whatever became of the one before.
    pub(super) async fn deploys_another(&self, read: usize) {
        let shown = self.service.shown_in(&self.chat);
        if let Some(offer) = shown.iter().rev().find(|it| asks(it)).and_then(|it| offered(it, KEEP))
        {
            self.takes(&offer);
            tokio::time::sleep(READING).await;
        }
        self.says("/deploy");
        self.deploys(read).await;
    }

    /// Gives what is asked, or takes the usual answer, which stands first.
    fn answers_question(&self, question: &PhoneMessage) {
        let another = offered(question, ANOTHER);
        match another.or_else(|| offers(question).into_iter().next()) {
            _ if question.says(&Message::AskInvitation) => {
                self.says(self.invitation.as_ref().map_or("", |it| it.code.as_str()));
            }
            _ if question.asks_secret => self.answers_secret_question(question),
            Some(offer) if !AWAY.contains(&offer.label.as_str()) => self.takes(&offer),
            _ => {}
        }
    }

    async fn chats_as_people_do(&self) {
        for _ in 0..self.dice.below(DEEDS_MAX) {
            let before = self.service.count_in(&self.chat);
            self.wait_for_more_than(before, self.dice.up_to(THOUGHT_MAX)).await;
            match self.has_had_enough() {
                true => self.wants_to_be_forgotten().await,
                false => self.does_something().await,
            }
        }
    }

    async fn does_something(&self) {
        match self.dice.below(100) {
            0..4 => self.says("/start"),
            4..8 => self.says("/help"),
            8..11 => self.says("/status"),
            11..13 => self.says("/cancel"),
            13..15 => self.says("/teardown"),
            15..17 => self.says("what do you mean?"),
            17..19 => self.says("/back"),
            19..22 => self.taps_an_old_button(),
            22..25 => self.enters_secret("FlyV1 fm2_lJPECAAAAAAAAAAAnotatokenatall"),
            25..27 => tokio::time::sleep(self.dice.up_to(AWAY_MAX)).await,
            27..29 => self.writes_in_a_group(),
            29..34 => {
                self.answers();
                self.answers();
            }
            _ => self.answers(),
        }
    }

    fn writes_in_a_group(&self) {
        let group = ChatId(format!("group-of-{}", self.chat.0));
        let content = InboundContent::Text(Zeroizing::new("/teardown".to_owned()));
        self.service.write(&group, ChatType::Group, content);
    }

    pub(super) fn taps_an_old_button(&self) {
        let shown = self.service.shown_in(&self.chat);
        let offers: Vec<OfferedAnswer> = shown.iter().flat_map(offers).collect();
        if let Some(offer) = offers.get(self.dice.index(offers.len())) {
            self.takes(offer);
        }
    }

    /// Answers what was asked last, mostly so that it goes on.
    fn answers(&self) {
        let shown = self.service.shown_in(&self.chat);
        let Some(question) = shown.iter().rev().find(|it| asks(it)) else { return };
        if question.says(&Message::AskInvitation) && !self.whims.percent(20) {
            return self.shows_an_invitation();
        }
        if question.asks_secret && !self.dice.percent(10) {
            return self.answers_secret_question(question);
        }
        let offers = offers(question);
        let forward: Vec<_> =
            offers.iter().filter(|it| !AWAY.contains(&it.label.as_str())).collect();
        let any: Vec<_> = offers.iter().collect();
        let among = if self.dice.percent(85) && !forward.is_empty() { forward } else { any };
        if let Some(offer) = among.get(self.dice.index(among.len())) {
            self.takes(offer);
        }
    }

    fn shows_an_invitation(&self) {
        let Some(Invitation { code, .. }) = &self.invitation else { return };
        match self.whims.below(4) {
            0 => self.says(&code.replace('0', "1")),
            1 => self.says(&format!("/start {code}")),
            _ => self.says(code),
        }
    }

    fn answers_secret_question(&self, question: &PhoneMessage) {
        if !self.is_alone && self.is_asked_for_a_search() {
            return self.says("/cancel");
        }
        if question.text.contains("Anthropic") {
            self.enters_secret(self.anthropic.key());
        } else {
            self.enters_secret(&self.fly.mint_token_of(&self.organisation));
        }
    }

    /// The token that is asked for is to search the account, not to remove what is known.
    fn is_asked_for_a_search(&self) -> bool {
        let shown = self.service.shown_in(&self.chat);
        let removes =
            |it: &PhoneMessage| offers(it).iter().any(|it| SURE.contains(&it.label.as_str()));
        let last = shown.iter().rev().find(|it| it.says(&Message::NoRecord) || removes(it));
        last.is_some_and(|it| it.says(&Message::NoRecord))
    }

    pub(super) async fn wait_for_more_than(&self, messages: usize, time: Duration) {
        let bell = self.service.changed_in(&self.chat);
        let more = async {
            loop {
                let mut changed = std::pin::pin!(bell.notified());
                changed.as_mut().enable();
                if self.service.count_in(&self.chat) > messages {
                    return;
                }
                changed.await;
            }
        };
        // Nothing new is an answer too.
        let _ = timeout(time, more).await;
    }

    /// Asks for the removal of everything until the bot knows of nothing any more.
    pub(super) async fn wants_an_end(&self) {
        let mut read = self.service.count_in(&self.chat);
        self.says("/teardown");
        for _ in 0..ROUNDS_MAX {
            self.wait_for_more_than(read, PATIENCE).await;
            tokio::time::sleep(READING).await;
            let shown = self.service.shown_in(&self.chat);
            let new = &shown[read.min(shown.len())..];
            read = shown.len();
            if new.iter().any(|it| it.says(&Message::NoRecord)) {
                self.says("/cancel");
                self.did(|did| did.is_done = true);
                return self.may_want_to_be_forgotten_at_last().await;
            }
            self.removes(new);
        }
    }

    fn removes(&self, new: &[PhoneMessage]) {
        let Some(question) = new.iter().rev().find(|it| asks(it)) else {
            return self.says("/teardown");
        };
        let offers = offers(question);
        let sure = offers.iter().find(|it| SURE.contains(&it.label.as_str()));
        let which = [Message::ChooseRun, Message::ChooseFound];
        let removes_one = which.iter().any(|it| question.says(it));
        match sure.or(offers.first().filter(|_| removes_one)) {
            Some(offer) => self.takes(offer),
            None if question.asks_secret => self.answers_secret_question(question),
            None => self.says("/teardown"),
        }
    }
}

/// The relay is there, something went wrong for which somebody else must be asked, or no more is
/// let today.
fn ends_it(shown: &PhoneMessage) -> bool {
    let failed = || shown.buttons.iter().any(|it| it.label == KEEP);
    shown.says(&Message::Ready) || failed() || quota_told(shown).is_some()
}
