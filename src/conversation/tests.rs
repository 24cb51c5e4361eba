//! Transcripts: somebody says, somebody reads.

use std::collections::BTreeSet;

use adapters::channel::{Capabilities, SecretEntry};
use adapters::text::LengthUnit;

use super::*;
use crate::account::{
    Account, ChatAccount, ChatAddress, FailureCause, Organisation, OrganisationStatus, RegionOffer,
};
use crate::chat_service::ChatServiceProfile;
use crate::deployment::{RemainingResource, RunFailure};
use crate::plan::Stage;
use crate::plan::StepId;
use crate::spec::{MachineSize, Region, Role};

mod always;
mod channels;
mod deploying;
mod ends;
mod forgetting;
mod forms;
mod invitations;
mod naughty;
mod removing;
mod words;

const CLOUDS: &[CloudKind] = &[CloudKind::Fly];
const CHANNELS: &[RelayChannel] = &[RelayChannel::Web];
const MODEL_KEY_PAGE: &str = "https://models.test/keys";

/// The guides of the real services.
fn chat_guides() -> Vec<ChatGuide> {
    ChatServiceProfile::all().map(|profile| profile.guide).collect()
}

const BOTH_AGENTS: &[AgentKind] = &[AgentKind::Claude, AgentKind::Shell];
const MINUTE_MS: u64 = 60_000;

/// A person, and the world as the conversation sees it.
struct ConversationWorld {
    state: ConversationState,
    now_ms: u64,
    capabilities: Capabilities,
    channels: &'static [RelayChannel],
    agents: &'static [AgentKind],
    /// What the service hints at.
    hint: Option<&'static str>,
    offers: Vec<(SecretKind, SecretRef)>,
    held: BTreeSet<SecretRef>,
    runs: Vec<KnownDeployment>,
    begun: RecentStarts,
    /// Something of her is on record.
    is_known: bool,
    /// How many deployments of hers are gone and still on record.
    removed: usize,
    quotas: Quotas,
    /// What lets people in, where it takes that.
    invitations: Option<Vec<InvitationUse>>,
    /// The wrong codes that count now.
    wrong_codes: WrongCodes,
    images: Images,
    fresh: DeploymentId,
    secrets_so_far: u64,
    unread: Vec<Effect>,
    buttons: Vec<(String, String)>,
}

impl ConversationWorld {
    fn new() -> Self {
        Self {
            state: ConversationState::default(),
            now_ms: 1_800_000_000_000,
            capabilities: Capabilities {
                edits: true,
                deletes_theirs: true,
                scrubs_theirs: false,
                buttons_max: 10,
                text_max: 4096,
                text_unit: LengthUnit::Utf16,
                edit_interval_ms: 1500,
                secret_entry: SecretEntry::PastedThenDeleted,
                opens_pages: false,
                makes_bots: false,
                files_in_bytes_max: 0,
                files_out_bytes_max: 0,
            },
            channels: CHANNELS,
            agents: BOTH_AGENTS,
            hint: None,
            offers: Vec::new(),
            held: BTreeSet::new(),
            runs: Vec::new(),
            begun: RecentStarts::default(),
            is_known: false,
            removed: 0,
            quotas: Quotas::PUBLIC,
            invitations: None,
            wrong_codes: WrongCodes::default(),
            images: Images {
                relay: format!("relay@sha256:{}", "1".repeat(64)),
                vm: format!("vm@sha256:{}", "2".repeat(64)),
            },
            fresh: DeploymentId::from_random([3; 10]),
            secrets_so_far: 0,
            unread: Vec::new(),
            buttons: Vec::new(),
        }
    }

    /// Somebody who has answered everything and reads the plan.
    fn at_the_review() -> Self {
        let mut ada = Self::new();
        ada.says("hi");
        ada.pastes(Vendor::Fly);
        ada.token_is_good();
        ada.pastes(Vendor::Anthropic);
        ada.key_is_good();
        ada.taps("Amsterdam (ams)");
        ada.taps("Medium");
        ada.reads_question("This is the plan");
        ada
    }

    /// Somebody whose deployment is under way.
    fn deploying() -> Self {
        let mut ada = Self::at_the_review();
        ada.taps("Deploy");
        ada.expects_deploy();
        ada.unread.clear();
        ada
    }

    fn event(&mut self, event: Event) {
        let context = ConversationContext {
            now_ms: self.now_ms,
            locale: messages::locale_of(&self.state, self.hint),
            capabilities: &self.capabilities,
            clouds: CLOUDS,
            person: "4711",
            channels: self.channels,
            agents: self.agents,
            model_key_page: MODEL_KEY_PAGE,
            chat_guides: &chat_guides(),
            lent_secrets: &self.offers,
            held_secrets: &self.held,
            runs: &self.runs,
            is_known: self.is_known,
            removed: self.removed,
            recent_starts: &self.begun,
            quotas: self.quotas,
            invitations: self.invitations.as_deref(),
            wrong_codes: self.wrong_codes,
            images: &self.images,
            daily_tokens: Spec::DAILY_TOKENS,
            fresh: &self.fresh,
        };
        let (state, effects) = advance(std::mem::take(&mut self.state), event, &context);
        let stored = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<ConversationState>(&stored).unwrap(), state, "{stored}");
        self.state = state;
        self.is_known = !effects.contains(&Effect::ErasePerson);
        let locale = self.locale();
        for effect in &effects {
            match effect {
                Effect::Say(saying) if !saying.choices.is_empty() => {
                    let button = |c: &Choice| (messages::label(locale, c), c.id(saying.serial));
                    self.buttons = saying.choices.iter().map(button).collect();
                }
                Effect::ForgetCredential(secret) => {
                    self.held.remove(secret);
                }
                _ => {}
            }
        }
        self.unread.extend(effects);
    }

    /// The language that is spoken with her.
    fn locale(&self) -> Locale {
        messages::locale_of(&self.state, self.hint)
    }

    fn says(&mut self, line: &str) {
        self.event(Event::TextReceived(line.to_owned()));
    }

    fn taps(&mut self, label: &str) {
        let id = self.button(label);
        self.event(Event::ButtonTapped(id));
    }

    /// The id of a button that can be seen.
    fn button(&self, label: &str) -> String {
        let found = self.buttons.iter().find(|(shown, _)| shown == label);
        found.unwrap_or_else(|| panic!("no button {label:?} in {:?}", self.buttons)).1.clone()
    }

    fn pastes(&mut self, vendor: impl Into<Option<Vendor>>) -> SecretRef {
        self.secrets_so_far += 1;
        let secret = SecretRef(self.secrets_so_far);
        self.held.insert(secret);
        self.event(Event::SecretArrived { vendor: vendor.into(), secret, pasted: true });
        secret
    }

    fn check_under_way(&mut self) -> SecretRef {
        let check = self.unread.iter().rev().find_map(|effect| match effect {
            Effect::Check { secret, .. } => Some(*secret),
            _ => None,
        });
        check.unwrap_or_else(|| panic!("nothing is being checked: {:?}", self.unread))
    }

    fn token_is(&mut self, result: Result<Account, CredentialRejection>) {
        let secret = self.check_under_way();
        self.unread.clear();
        self.event(Event::CredentialChecked {
            secret,
            result: result.map(CheckedCredential::Account),
        });
    }

    fn token_is_good(&mut self) {
        self.token_is(Ok(account(OrganisationStatus::Active)));
    }

    fn key_is_good(&mut self) {
        let secret = self.check_under_way();
        self.unread.clear();
        self.event(Event::CredentialChecked { secret, result: Ok(CheckedCredential::Model) });
    }

    fn chat_is(&mut self, result: Result<ChatAccount, CredentialRejection>) {
        let secret = self.check_under_way();
        self.unread.clear();
        self.event(Event::CredentialChecked {
            secret,
            result: result.map(CheckedCredential::Chat),
        });
    }

    fn minutes_pass(&mut self, minutes: u64) {
        self.now_ms += minutes * MINUTE_MS;
        self.event(Event::TimePassed);
    }

    /// The process is replaced by a new one, which holds no credential.
    fn bot_restarts(&mut self) {
        self.held.clear();
        self.event(Event::Restarted);
    }

    fn texts(&self) -> Vec<String> {
        let text = |effect: &Effect| match effect {
            Effect::Say(saying) => Some(messages::text(self.locale(), &saying.message)),
            _ => None,
        };
        self.unread.iter().filter_map(text).collect()
    }

    /// Somewhere in what came since the last reading.
    #[track_caller]
    fn reads(&mut self, expected: &str) {
        let texts = self.texts();
        assert!(texts.iter().any(|text| text.contains(expected)), "{expected:?} not in {texts:#?}");
    }

    /// The last message, and nothing remains unread.
    #[track_caller]
    fn reads_question(&mut self, expected: &str) {
        let texts = self.texts();
        let last = texts.last().cloned().unwrap_or_default();
        assert!(last.contains(expected), "{expected:?} is not the last of {texts:#?}");
        self.unread.clear();
    }

    #[track_caller]
    fn expects(&mut self, expected: &Effect) {
        assert!(self.unread.contains(expected), "{expected:?} not in {:#?}", self.unread);
    }

    /// The deployment that was asked for; its record exists from now on.
    #[track_caller]
    fn expects_deploy(&mut self) -> Spec {
        let deploy = self.unread.iter().find_map(|effect| match effect {
            Effect::Deploy { spec, .. } => Some((**spec).clone()),
            _ => None,
        });
        let spec = deploy.unwrap_or_else(|| panic!("no deploy in {:#?}", self.unread));
        self.runs = vec![KnownDeployment {
            spec: spec.clone(),
            standing: DeploymentStatus::InProgress,
            opened_at_ms: self.now_ms,
        }];
        spec
    }

    fn run_ends(&mut self, end: RunOutcome) {
        let run = self.runs[0].spec.id.clone();
        match &end {
            RunOutcome::Deployed { .. } => self.runs[0].standing = DeploymentStatus::Deployed,
            RunOutcome::Removed(_) => self.runs.clear(),
            RunOutcome::Failed(_) => {}
        }
        self.event(Event::RunEnded { run, end });
    }

    /// Everything that was said, as a reader would see it.
    fn transcript(&mut self) -> String {
        let mut lines = Vec::new();
        let locale = self.locale();
        for effect in self.unread.drain(..) {
            match effect {
                Effect::Say(saying) => {
                    lines.push(messages::text(locale, &saying.message));
                    let labels: Vec<String> = (saying.choices.iter())
                        .map(|choice| messages::label(locale, choice))
                        .collect();
                    if !labels.is_empty() {
                        lines.push(format!("  [{}]", labels.join("] [")));
                    }
                }
                Effect::Show { board, .. } => lines.push(messages::board(locale, &board)),
                Effect::DeleteMessage => lines.push("  (the message is deleted)".to_owned()),
                _ => {}
            }
        }
        lines.join("\n")
    }
}

fn account(standing: OrganisationStatus) -> Account {
    let region = |code: &str, name: &str, paid_only| RegionOffer {
        region: Region::try_from(code.to_owned()).unwrap(),
        name: name.to_owned(),
        paid_only,
        place: None,
    };
    Account {
        organisations: vec![organisation("ada", standing)],
        regions: vec![
            region("ams", "Amsterdam", false),
            region("fra", "Frankfurt", true),
            region("iad", "Ashburn", false),
        ],
        nearest: Some(Region::try_from("ams".to_owned()).unwrap()),
    }
}

/// An account with a chat service that has these addresses, none of which serves anything.
fn chat_account(names: &[&str]) -> ChatAccount {
    let address =
        |name: &&str| ChatAddress { name: (*name).to_owned(), serves: None, by_hand: false };
    ChatAccount { addresses: names.iter().map(address).collect() }
}

fn organisation(slug: &str, standing: OrganisationStatus) -> Organisation {
    Organisation { slug: slug.to_owned(), name: format!("{slug}'s"), number: Some(4711), standing }
}

/// A run that stopped before it came to a gate.
fn stopped(cause: FailureCause) -> RunOutcome {
    RunOutcome::Failed(RunFailure { cause, step: None, remaining: Some(remains()) })
}

fn remains() -> Vec<RemainingResource> {
    vec![RemainingResource {
        step: StepId::new("relay-app"),
        name: "my-relay-3333333333".into(),
        seen: true,
        costs: false,
        link: "https://fly.io/apps/my-relay-3333333333".into(),
    }]
}
