//! People who wear a public bot out: they flood it, write what nobody means, deploy again and
//! again, or share one organisation among many accounts.

use std::time::Duration;

use adapters::chat::{ChatType, InboundContent};
use zeroize::Zeroizing;

use super::super::phone::{AnswerMethod, OfferedAnswer};
use super::{READING, SimulatedPerson};
use textslash::invitation::WRONG_CODES_PERSON_MAX;
use textslash::onboarding::QUEUE_MAX;
use textslash::quota::Quotas;

/// Floods of one person.
const FLOODS: usize = 3;

/// Messages of one flood: several times of what is taken at once.
const FLOOD: usize = 3 * QUEUE_MAX;

/// The longest pause between two floods.
const FLOOD_PAUSE_MAX: Duration = Duration::from_secs(40);

/// The longest pause between two things that nobody means.
const GARBLE_PAUSE_MAX: Duration = Duration::from_secs(5);

/// Characters of an over-long text: several times of what any service lets through.
const LONG: usize = 100_000;

/// Buttons of other people that somebody taps.
const FOREIGN_TAPS: usize = 3;

/// Deployments that somebody tries to begin who knows no measure.
const ATTEMPTS: usize = Quotas::PUBLIC.person + 1;

/// Codes that somebody guesses: more than are looked at.
const GUESSES: usize = WRONG_CODES_PERSON_MAX + 3;

/// What is written and means nothing here.
const LINES: [&str; 20] = [
    "",
    " \t\r\n ",
    "\u{0}\u{7}\u{1b}[2J",
    "\u{202e}drowssap\u{202c}",
    "\u{feff}\u{200b}\u{200d}\u{2060}",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}",
    "🏴\u{200d}☠️👩\u{200d}👩\u{200d}👧\u{200d}👦",
    "\u{10ffff}\u{fffd}\u{e000}",
    "99999999999999999999999999",
    "-1",
    "'; DROP TABLE runs; --",
    "{{7*7}} ${HOME} $(reboot)",
    "../../../../etc/passwd",
    "deploy my cat",
    "/back",
    "/cancel everything, now",
    "/status@somebody_elses_bot",
    "/sudo",
    "/teardown",
    "yes",
];

/// Buttons that we never made.
const BUTTONS: [&str; 6] =
    ["", "0:deploy", "4294967296:deploy", "7:run:0000000000", "7:\u{0}", "confirm-teardown"];

impl SimulatedPerson {
    pub(super) async fn floods(&self, reachable: bool) {
        for _ in 0..FLOODS {
            tokio::time::sleep(self.dice.up_to(FLOOD_PAUSE_MAX)).await;
            if !reachable {
                self.service.go_away(&self.chat);
            }
            self.asked_for_help(FLOOD);
            let help = InboundContent::Text(Zeroizing::new("/help".to_owned()));
            self.service.write_at_once(&self.chat, &vec![help; FLOOD]);
        }
    }

    pub(super) async fn garbles(&self) {
        let long = ["x".repeat(LONG), "🦀".repeat(LONG), format!("FlyV1 fm2_{}", "A".repeat(LONG))];
        for line in LINES.into_iter().chain(long.iter().map(String::as_str)) {
            tokio::time::sleep(self.dice.up_to(GARBLE_PAUSE_MAX)).await;
            self.says(line);
        }
        for button in BUTTONS.into_iter().chain([long[0].as_str()]) {
            tokio::time::sleep(self.dice.up_to(GARBLE_PAUSE_MAX)).await;
            let content = InboundContent::Tap { button: button.to_owned(), message: None };
            self.service.write(&self.chat, ChatType::Private, content);
        }
        for _ in 0..FOREIGN_TAPS {
            tokio::time::sleep(self.dice.up_to(GARBLE_PAUSE_MAX)).await;
            self.taps_a_button_of_somebody_else();
            self.taps_an_old_button();
        }
    }

    fn taps_a_button_of_somebody_else(&self) {
        let shown = self.service.all_shown();
        let others = shown.iter().filter(|(chat, _)| *chat != self.chat);
        let buttons: Vec<_> =
            others.flat_map(|(_, shown)| shown).flat_map(|it| &it.buttons).collect();
        if let Some(button) = buttons.get(self.dice.index(buttons.len())) {
            let answer = AnswerMethod::Tap(button.id.clone());
            self.takes(&OfferedAnswer { label: button.label.clone(), answer });
        }
    }

    /// Guesses codes, has itself forgotten, and then knows the code: no guess after the limit may
    /// tell it.
    pub(super) async fn guesses(&self) {
        for number in 0..GUESSES {
            tokio::time::sleep(READING).await;
            self.says(&format!("/start guess-number-{number}"));
        }
        tokio::time::sleep(READING).await;
        self.wants_to_be_forgotten().await;
        if let Some(invitation) = &self.invitation {
            self.says(&format!("/start {}", invitation.code));
        }
    }

    /// Deploys until no more is let.
    pub(super) async fn deploys_without_measure(&self) {
        self.deploys(0).await;
        for _ in 1..ATTEMPTS {
            let read = self.service.count_in(&self.chat);
            self.deploys_another(read).await;
        }
    }
}
