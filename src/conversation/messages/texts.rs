//! The text of each message.

use crate::deployment::Goal;
use crate::phrase;
use crate::spec::RelayChannel;

use super::super::choice::ChatCommand;
use super::super::{Exposure, PersonTraces};
use super::{Locale, Message, PageLink, credentials, date, labels, lists, refusals};

/// The text of a message.
pub fn text(locale: Locale, message: &Message) -> String {
    match message {
        Message::Welcome => phrase!(locale, "welcome"),
        Message::WelcomeBack => phrase!(locale, "welcome-back"),
        Message::Help => help(locale),
        Message::AskLanguage => ask_language(locale),
        Message::LanguageChosen => phrase!(locale, "language-chosen"),
        Message::PrivateOnly => phrase!(locale, "private-only"),
        Message::OurTrouble => phrase!(locale, "our-trouble"),
        Message::TooMuchAtOnce => phrase!(locale, "too-much-at-once"),
        Message::NothingToCancel => phrase!(locale, "nothing-to-cancel"),
        Message::Cancelled { deployed } => phrase!(locale, "cancelled", deployed = deployed),
        Message::NothingBefore => phrase!(locale, "nothing-before"),
        Message::StaleButton => phrase!(locale, "stale-button"),
        Message::StillWorking => phrase!(locale, "still-working"),
        Message::StillChecking => phrase!(locale, "still-checking"),
        Message::CheckInterrupted => phrase!(locale, "check-interrupted"),
        Message::Expired { again } => phrase!(locale, "expired", command = again.word()),
        Message::SecretsExpired => phrase!(locale, "secrets-expired"),
        Message::EnoughToday { used_up } => refusals::enough_today(locale, used_up),
        Message::ClosedForNow => phrase!(locale, "closed-for-now"),
        Message::AskInvitation => phrase!(locale, "ask-invitation"),
        Message::LetIn => phrase!(locale, "invited"),
        Message::NotLetIn { used_up: true } => phrase!(locale, "invitation-used-up"),
        Message::NotLetIn { used_up: false } => phrase!(locale, "invitation-unknown"),
        Message::TooManyCodes { until_ms } => {
            phrase!(locale, "too-many-codes", until = date(*until_ms))
        }
        Message::ForwardedArrived => phrase!(locale, "forwarded"),
        Message::UnsupportedArrived => phrase!(locale, "unsupported"),
        Message::EditedTooLate => phrase!(locale, "edited-too-late"),
        Message::SecretExposed { exposure } => exposed(locale, *exposure),
        Message::PastedDeleted => phrase!(locale, "pasted-deleted"),
        Message::EraseFailed { unanswered: true } => {
            phrase!(locale, "pasted-not-deleted-unanswered")
        }
        Message::EraseFailed { unanswered: false } => {
            phrase!(locale, "pasted-not-deleted-refused")
        }
        Message::PastedStays => phrase!(locale, "pasted-stays"),
        Message::PastedScrubbed => phrase!(locale, "pasted-scrubbed"),
        Message::UnexpectedSecret => phrase!(locale, "unexpected-secret"),
        Message::FormGone => phrase!(locale, "form-gone"),
        Message::FormUsed => phrase!(locale, "form-used"),
        Message::FormTooOften => phrase!(locale, "form-too-often"),
        Message::FormElsewhere => phrase!(locale, "form-elsewhere"),
        Message::FormNotConfirmed => phrase!(locale, "form-not-confirmed"),
        Message::FormClosed => phrase!(locale, "form-closed"),
        Message::FormDeclined => phrase!(locale, "form-declined"),
        Message::FormDone => phrase!(locale, "form-done"),
        Message::FormReused { running } => phrase!(locale, "form-reused", running = running),
        Message::EarlySecret { kind } => credentials::early(locale, *kind),
        Message::SecretLost { kind } => credentials::lost(locale, *kind),
        Message::Checking { kind } => credentials::checking(locale, *kind),
        Message::KeyAccepted => phrase!(locale, "key-accepted"),
        Message::TokenAccepted { organisations } => {
            phrase!(locale, "token-accepted", organisations = organisations.join(", "))
        }
        Message::ChatAccepted { addresses } => {
            phrase!(locale, "chat-accepted", addresses = addresses.join(", "))
        }
        Message::Trial => phrase!(locale, "trial"),
        Message::TrialChannel => phrase!(locale, "trial-channel"),
        Message::Rejected { asked, rejection } => refusals::rejection(locale, *asked, rejection),
        Message::Page(page) => page_link(locale, page),
        Message::AskCloud => phrase!(locale, "ask-cloud"),
        Message::AskToken { offered, deploying, entry } => {
            credentials::ask_token(locale, *offered, *deploying, *entry)
        }
        Message::AskOrganisation => phrase!(locale, "ask-organisation"),
        Message::AskBilling { held, window } => {
            phrase!(locale, "ask-billing", held = held, window = window)
        }
        Message::AskModel { offered, shell, entry } => {
            let how = credentials::how_to_send(locale, *entry);
            phrase!(locale, "ask-model", sandbox = offered, shell = shell, how = how)
        }
        Message::AskChannel => phrase!(locale, "ask-channel"),
        Message::AskChannelKey { channel, offered, makes_bots, entry, expected } => {
            match expected {
                Some(at) => credentials::ask_channel_key_again(locale, *channel, at, *entry),
                None => {
                    credentials::ask_channel_key(locale, *channel, *offered, *makes_bots, *entry)
                }
            }
        }
        Message::AskAddress => phrase!(locale, "ask-address"),
        Message::AskTakeOver { address, host } => {
            phrase!(locale, "ask-take-over", address = address, host = host)
        }
        Message::AskName => phrase!(locale, "ask-name"),
        Message::AskRegion { count } => phrase!(locale, "ask-region", count = count),
        Message::AskSize { quotes } => lists::ask_size(locale, quotes),
        Message::Review { spec, quote } => lists::review(locale, spec, quote),
        Message::AskChange => phrase!(locale, "ask-change"),
        Message::AlreadyDeployed { runs } => {
            phrase!(locale, "already-deployed", deployments = lists::list(locale, runs))
        }
        Message::Status { runs } => lists::list(locale, runs),
        Message::NoDeployments => phrase!(locale, "no-deployments"),
        Message::NoRecord => phrase!(locale, "no-record"),
        Message::Searching => phrase!(locale, "searching"),
        Message::NothingFound => phrase!(locale, "nothing-found"),
        Message::FindFailed { cause } => {
            phrase!(locale, "find-failed", cause = refusals::cause(locale, *cause, None))
        }
        Message::ChooseRun => phrase!(locale, "choose-run"),
        Message::ChooseFound => phrase!(locale, "choose-found"),
        Message::ConfirmTeardown { spec: Some(spec) } => lists::confirm_teardown(locale, spec),
        Message::ConfirmTeardown { spec: None } => phrase!(locale, "confirm-teardown-unknown"),
        Message::AskStop => phrase!(locale, "ask-stop"),
        Message::KeptGoing => phrase!(locale, "kept-going"),
        Message::Failed { goal, failure } => refusals::failed(locale, *goal, failure),
        Message::Kept { remaining } => refusals::kept(locale, remaining.as_deref()),
        Message::Interrupted { goal: Goal::Deployed } => phrase!(locale, "interrupted-deploy"),
        Message::Interrupted { goal: Goal::Removed } => phrase!(locale, "interrupted-removal"),
        Message::RemovedMeanwhile => phrase!(locale, "removed-meanwhile"),
        Message::Receipt { gone } => lists::receipt(locale, gone),
        Message::Ready => phrase!(locale, "ready"),
        Message::RelayLink { .. } => phrase!(locale, "link-placeholder"),
        Message::FirstSteps => phrase!(locale, "first-steps"),
        Message::ChannelReady { channel, address, by_hand } => {
            channel_ready(locale, *channel, address.as_deref(), *by_hand)
        }
        Message::ChannelFirstSteps { channel } => {
            phrase!(locale, "channel-first-steps", channel = channel.word())
        }
        Message::PointByHand => phrase!(locale, "point-by-hand"),
        Message::WebhookUrl { .. } => phrase!(locale, "webhook-placeholder"),
        Message::LinkLost { needs_key } => phrase!(locale, "link-lost", key = needs_key),
        Message::Privacy { entry } => credentials::privacy(locale, *entry),
        Message::NothingOnRecord => phrase!(locale, "nothing-on-record"),
        Message::ConfirmForget { traces } => {
            phrase!(locale, "confirm-forget", record = on_record(locale, *traces))
        }
        Message::NeededToRemove { runs } => {
            phrase!(locale, "needed-to-remove", deployments = lists::list(locale, runs))
        }
        Message::Forgotten { traces, service, begun_counts, let_in, wrong_codes, at_ms } => {
            phrase!(
                locale,
                "forgotten",
                date = date(*at_ms),
                record = on_record(locale, *traces),
                service = service.unwrap_or(RelayChannel::Web).word(),
                begun = begun_counts,
                invited = let_in,
                wrong_codes = wrong_codes,
            )
        }
    }
}

/// Every command and its meaning.
fn help(locale: Locale) -> String {
    let line = |command: ChatCommand| {
        let meaning = labels::meaning(locale, command);
        phrase!(locale, "help-line", command = command.word(), meaning = meaning)
    };
    let commands = ChatCommand::ALL.into_iter().filter(|command| *command != ChatCommand::Start);
    commands.map(line).collect::<Vec<_>>().join("\n")
}

fn ask_language(locale: Locale) -> String {
    let choice =
        |it: Locale| format!("/{} {} ({})", ChatCommand::Language.word(), it.code(), it.name());
    phrase!(locale, "ask-language", choices = Locale::ALL.map(choice).join(", "))
}

fn exposed(locale: Locale, exposure: Exposure) -> String {
    match exposure {
        Exposure::Forwarded => phrase!(locale, "secret-forwarded"),
        Exposure::Quoted => phrase!(locale, "secret-quoted"),
        Exposure::Edited => phrase!(locale, "secret-edited"),
        Exposure::Elsewhere => phrase!(locale, "secret-elsewhere"),
    }
}

fn on_record(locale: Locale, PersonTraces { removed, credentials }: PersonTraces) -> String {
    phrase!(locale, "on-record", removed = removed, credentials = credentials)
}

fn channel_ready(
    locale: Locale,
    channel: RelayChannel,
    address: Option<&str>,
    by_hand: bool,
) -> String {
    let unknown = || phrase!(locale, "channel-ready-address");
    let address = address.map_or_else(unknown, str::to_owned);
    phrase!(locale, "channel-ready", manual = by_hand, address = address, channel = channel.word(),)
}

fn page_link(locale: Locale, page: &PageLink) -> String {
    match page {
        PageLink::CloudTokens(cloud) => phrase!(locale, "page-cloud-tokens", cloud = cloud.word()),
        PageLink::Relay(link) | PageLink::Vendor(link) => link.clone(),
    }
}
