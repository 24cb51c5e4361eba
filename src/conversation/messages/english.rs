//! English: what is said. What stands in several lines, on buttons, or after a refusal is beside
//! it.

use super::super::RunGoal;
use super::super::choice::ChatCommand;
use super::{Message, RetainedRecords, help, page_link};

pub(super) use credentials::secret_form;
use credentials::{a_secret, your_secret};
pub(super) use labels::{channel_name, is_yes, label, meaning};
pub(super) use lists::{board, stage_name};

mod channels;
mod credentials;
mod forgetting;
mod labels;
mod lists;
mod received;
mod refusals;

pub(super) fn text(message: &Message) -> String {
    match message {
        Message::Welcome => WELCOME.to_owned(),
        Message::WelcomeBack => "Hello again. What would you like to do?".to_owned(),
        Message::Help => help(meaning),
        Message::Privacy { entry } => credentials::privacy(*entry),
        Message::ConfirmForget { traces } => forgetting::confirm(*traces),
        Message::NeededToRemove { runs } => forgetting::needed_to_remove(runs),
        Message::NothingOnRecord => forgetting::NOTHING.to_owned(),
        Message::Forgotten { traces, service, begun_counts, let_in, wrong_codes, at_ms } => {
            let kept = RetainedRecords {
                begun: *begun_counts,
                let_in: *let_in,
                wrong_codes: *wrong_codes,
            };
            forgetting::receipt(*traces, *service, kept, *at_ms)
        }
        Message::AskLanguage => "Which language should I speak? /language en is English, \
                                 /language de is German."
            .to_owned(),
        Message::LanguageChosen => "All right, English it is.".to_owned(),
        Message::PrivateOnly => "I only talk in private, because I ask for credentials. Please \
                                 write to me directly."
            .to_owned(),
        Message::OurTrouble => "Something on my side did not work just now. Nothing is lost; \
                                please send that again in a minute."
            .to_owned(),
        Message::TooMuchAtOnce => "That was a lot at once, and I have not read the last of it. \
                                   Please send it again, a little more slowly."
            .to_owned(),
        Message::NothingToCancel => "Nothing is under way. /deploy starts a deployment.".to_owned(),
        Message::Cancelled { deployed } => cancelled(*deployed),
        Message::NothingBefore => "There is no earlier question to go back to.".to_owned(),
        Message::StaleButton => "That button belongs to an earlier question.".to_owned(),
        Message::StillWorking => "I am still working on it; the progress message above shows how \
                                  far it is. /cancel stops a deployment."
            .to_owned(),
        Message::EnoughToday { used_up } => refusals::enough_today(used_up),
        Message::ClosedForNow => CLOSED.to_owned(),
        Message::LetIn => "That invitation works. Let us begin.".to_owned(),
        Message::TooManyCodes { until_ms } => refusals::too_many_codes(*until_ms),
        Message::NotLetIn { used_up } => refusals::not_let_in(*used_up).to_owned(),
        Message::StillChecking => "One moment, I am still checking what you sent.".to_owned(),
        Message::CheckInterrupted => "I was restarted while I checked your answer.".to_owned(),
        Message::Expired { again } => format!(
            "I waited half an hour and have forgotten your credentials. {}",
            command_hint(*again)
        ),
        Message::FormGone => {
            "This form is over. Write something in the chat, and I send you a new one.".to_owned()
        }
        Message::FormUsed => {
            "This form was filled in already. If that was not you, go back to the chat now: what \
             was entered is forgotten there."
                .to_owned()
        }
        Message::FormTooOften => "That was tried too often here. Write something in the chat, and \
                                  I send you a new form."
            .to_owned(),
        Message::FormElsewhere => "This form belongs to somebody's chat. Open it with the button \
                                   in that chat."
            .to_owned(),
        Message::FormNotConfirmed => "Open the link again and say first whether the account is \
                                      yours."
            .to_owned(),
        Message::FormClosed => "Thank you. This form is closed, and nothing was entered. Somebody \
                                sent you a link of theirs: enter no credentials where they ask \
                                you to."
            .to_owned(),
        Message::FormDeclined => "Somebody opened the form that I sent you and said that this is \
                                  not their account. So I closed the form; nothing was entered. \
                                  If it was you, write something here, and I send you a new one."
            .to_owned(),
        Message::FormDone => "Thank you. Go back to the chat: I go on there.".to_owned(),
        Message::SecretsExpired => "I have held your credentials for half an hour and have \
                                    forgotten them now. If you go on, I will ask for them again."
            .to_owned(),
        Message::SecretExposed { exposure } => received::exposed(*exposure).to_owned(),
        Message::ForwardedArrived => received::FORWARDED.to_owned(),
        Message::UnsupportedArrived => received::UNSUPPORTED.to_owned(),
        Message::EditedTooLate => received::EDITED_TOO_LATE.to_owned(),
        Message::PastedDeleted => received::DELETED.to_owned(),
        Message::EraseFailed { unanswered } => received::not_deleted(*unanswered).to_owned(),
        Message::PastedStays => "I cannot delete messages in this chat: what you pasted stays in \
                                 its history. Please delete it, and revoke the credential when \
                                 you are done."
            .to_owned(),
        Message::PastedScrubbed => "I deleted the copy that the service kept, but your phone \
                                    keeps the message. Please delete it there too, and make a new \
                                    credential in its place when you are done."
            .to_owned(),
        Message::FormReused { running } => form_reused(*running),
        Message::EarlySecret { kind } => {
            format!("That is {}. I will need it, so I use it now.", a_secret(*kind))
        }
        Message::UnexpectedSecret => "That looks like a credential, and I do not need one now. I \
                                      have forgotten it. If others could read it, revoke it."
            .to_owned(),
        Message::SecretLost { kind } => format!(
            "I no longer hold {}: I never store credentials. I need it again.",
            your_secret(*kind)
        ),
        Message::Checking { kind } => format!("Checking {} ...", your_secret(*kind)),
        Message::KeyAccepted => "The key works.".to_owned(),
        Message::TokenAccepted { organisations } => {
            format!("That token works. It opens: {}.", organisations.join(", "))
        }
        Message::ChatAccepted { addresses } => {
            format!("That works. It opens: {}.", addresses.join(", "))
        }
        Message::Trial => "This is a Fly.io trial account: Fly.io stops every machine after five \
                           minutes, and the trial ends after two hours of machine time. Your \
                           relay wakes again when you write to it. A payment method lifts these \
                           limits."
            .to_owned(),
        Message::TrialChannel => "On a trial account Fly.io stops your relay after five minutes, \
                                  and nothing on this channel can wake it. Add a payment method \
                                  first, or choose a web link."
            .to_owned(),
        Message::Rejected { asked, rejection } => refusals::rejection(*asked, rejection),
        Message::Page(page) => page_link(page),
        Message::RelayLink { .. } => "(the link to your relay)".to_owned(),
        Message::Ready => "Your relay is ready. I checked it and your VM: both answer, and a call \
                           without a key is refused.\n\nThis is your link. Whoever has it owns \
                           the relay, so keep it to yourself. I do not store it."
            .to_owned(),
        Message::FirstSteps => FIRST_STEPS.to_owned(),
        Message::ChannelReady { channel, address, by_hand } => {
            channels::ready(*channel, address.as_deref(), *by_hand)
        }
        Message::PointByHand => channels::POINT_BY_HAND.to_owned(),
        Message::WebhookUrl { .. } => "(the address of your relay)".to_owned(),
        Message::ChannelFirstSteps { channel } => channels::first_steps(*channel),
        Message::LinkLost { needs_key } => link_lost(*needs_key),
        Message::RemovedMeanwhile => {
            "Everything was removed. I was restarted in between, so I cannot list it again."
                .to_owned()
        }
        Message::Interrupted { goal: RunGoal::Deployed } => "I was restarted in the middle of the \
                                                             deployment. Nothing is lost: I know \
                                                             what exists and can go on from \
                                                             there."
            .to_owned(),
        Message::Interrupted { goal: RunGoal::Removed } => "I was restarted in the middle of the \
                                                            removal. I know what is left and can \
                                                            go on from there."
            .to_owned(),
        Message::Searching => "Searching your account for deployments of mine ...".to_owned(),
        Message::NothingFound => {
            "Nothing of mine is in this account. I have forgotten the token.".to_owned()
        }
        Message::FindFailed { cause } => format!(
            "I could not search the account. {} /teardown tries again.",
            refusals::cause(*cause, None)
        ),
        Message::KeptGoing => "All right, I carry on.".to_owned(),
        Message::Kept { remaining } => lists::kept(remaining.as_deref()),
        Message::Receipt { gone } => lists::receipt(gone),
        Message::NoDeployments => "You have no deployment that I know of. /deploy makes one; \
                                   /teardown searches your account for one."
            .to_owned(),
        Message::NoRecord => "I know of no deployment of yours. If there is one, I can find it in \
                              your account by its names."
            .to_owned(),
        Message::Status { runs } => lists::list(runs),
        Message::AlreadyDeployed { runs } => {
            format!("You have a deployment already.\n\n{}", lists::list(runs))
        }
        Message::Failed { goal, failure } => refusals::failed(*goal, failure),
        Message::AskInvitation => ASK_INVITATION.to_owned(),
        Message::AskCloud => "Where should your relay live?".to_owned(),
        Message::AskToken { offered, deploying, entry } => {
            credentials::ask_token(*offered, *deploying, *entry)
        }
        Message::AskOrganisation => "Your token opens several organisations. Which one should pay \
                                     for the deployment?"
            .to_owned(),
        Message::AskBilling { held, window } => ask_billing(*held, *window),
        Message::AskModel { offered, shell, entry } => {
            credentials::ask_model(*offered, *shell, *entry)
        }
        Message::AskChannel => "Which channel should your relay speak?".to_owned(),
        Message::AskChannelKey { channel, offered, makes_bots, entry, expected } => {
            match expected {
                Some(address) => channels::ask_key_again(*channel, address, *entry),
                None => channels::ask_key(*channel, *offered, *makes_bots, *entry),
            }
        }
        Message::AskAddress => "Which number should your relay use?".to_owned(),
        Message::AskTakeOver { address, host } => format!(
            "{address} already serves {host}. If I use it, {host} gets nothing more until \
             /teardown gives it back. Take it over?"
        ),
        Message::AskName => "What should I call it? Up to 20 small letters, digits and dashes, a \
                             letter first."
            .to_owned(),
        Message::AskRegion { count } => format!(
            "Where should it run? Close to you is fastest; the first one is the nearest to me. \
             You can also type the code of any of Fly.io's {count} regions."
        ),
        Message::AskSize { quotes } => lists::ask_size(quotes),
        Message::Review { spec, quote } => lists::review(spec, quote),
        Message::AskChange => "Which answer should change?".to_owned(),
        Message::ChooseRun => "Which deployment should I remove?".to_owned(),
        Message::ChooseFound => {
            "I found these in your account. Which one should I remove?".to_owned()
        }
        Message::ConfirmTeardown { spec: Some(spec) } => lists::confirm_teardown(spec),
        Message::ConfirmTeardown { spec: None } => "Remove this deployment and all its data for \
                                                    good?"
            .to_owned(),
        Message::AskStop => {
            "The deployment is under way. Stop it and remove everything it made?".to_owned()
        }
    }
}

const WELCOME: &str = "Hi, I am textslash. I put a coding agent of your own into your own cloud \
                       account: a small relay that you chat with, and a VM where the agent works. \
                       It takes a few questions and a few minutes. You see the price before \
                       anything is created, and /teardown removes all of it.";

const CLOSED: &str = "I begin no deployments for now. Whatever you have stays as it is: /status \
                      shows it and /teardown removes it. Please come back another day.";

const ASK_INVITATION: &str = "For now I deploy only for people with an invitation. Please send me \
                              your invitation code. If you have none, ask whoever told you about \
                              me.";

const FIRST_STEPS: &str =
    "Open it in a browser to talk to it; in a terminal, textslash chat does the same.
Then just write, for example: clone my repository and run its tests

Both machines stop when you do not use them and wake when you write. I have forgotten your token \
and key. /teardown removes everything.";

fn cancelled(deployed: bool) -> String {
    let mut text = "Cancelled. I have forgotten your answers and credentials, and leave your \
                    account as it is."
        .to_owned();
    if deployed {
        text.push_str(" What you have there stays until /teardown removes it.");
    }
    text
}

fn command_hint(again: ChatCommand) -> &'static str {
    match again {
        ChatCommand::Deploy => "Your other answers are kept: /deploy goes on where we were.",
        ChatCommand::Teardown => "Nothing was removed; /teardown starts again.",
        ChatCommand::Forget => "Nothing was erased; /forget asks again.",
        _ => "/status shows what you have and how to go on.",
    }
}

fn link_lost(needs_key: bool) -> String {
    let credentials = if needs_key { "token and your Anthropic key" } else { "token" };
    format!(
        "Your relay is ready, but its link did not reach you, and I never store it. I can make a \
         new one; for that I need your {credentials} again."
    )
}

fn ask_billing(held: bool, window: bool) -> String {
    let mut text = if held {
        "Fly.io is reviewing this account and creates nothing until it is cleared. Only you can \
         ask them, on the page above. Come back when they are done."
    } else {
        "Fly.io asks for a payment method before it creates machines. Add one on the page above, \
         then tap Done."
    }
    .to_owned();
    if window {
        text.push_str(
            " Write me something when you are back: after a day without a word from you I may not \
             write first.",
        );
    }
    text
}

fn form_reused(running: bool) -> String {
    let next = if running {
        "What is under way goes on; /cancel stops a deployment. When it has ended, revoke what \
         you entered where you made it."
    } else {
        "Please revoke what you entered where you made it, and make it anew. Then /deploy starts \
         over."
    };
    format!(
        "The form that I sent you was filled in a second time, so somebody else may have its \
         link. I have forgotten every credential of yours. {next}"
    )
}
