//! English: what is said. What stands in several lines, on buttons, or after a refusal is beside it.

use adapters::channel::SecretEntry;

use crate::secret::SecretKind;

use super::super::Goal;
use super::super::choice::Command;
use super::{Message, Page};

pub(super) use labels::{is_yes, label};
pub(super) use lists::{board, stage_name};

mod channels;
mod labels;
mod lists;
mod refusals;

pub(super) fn text(message: &Message) -> String {
    match message {
        Message::Welcome => WELCOME.to_owned(),
        Message::WelcomeBack => "Hello again. What would you like to do?".to_owned(),
        Message::Help => HELP.to_owned(),
        Message::Privacy { entry, deletes_theirs } => privacy(*entry, *deletes_theirs),
        Message::PrivateOnly => "I only talk in private, because I ask for credentials. \
             Please write to me directly."
            .to_owned(),
        Message::OurTrouble => "Something on my side did not work just now. Nothing is lost; \
             please send that again in a minute."
            .to_owned(),
        Message::NothingToCancel => "Nothing is under way. /deploy starts a deployment.".to_owned(),
        Message::Cancelled { deployed } => cancelled(*deployed),
        Message::NothingBefore => "There is no earlier question to go back to.".to_owned(),
        Message::StaleButton => "That button belongs to an earlier question.".to_owned(),
        Message::StillWorking => "I am still working on it; the progress message above shows how \
             far it is. /cancel stops a deployment."
            .to_owned(),
        Message::StillChecking => "One moment, I am still checking what you sent.".to_owned(),
        Message::CheckInterrupted => "I was restarted while I checked your answer.".to_owned(),
        Message::Expired { again } => format!(
            "I waited half an hour and have forgotten your credentials. {}",
            way_back(*again)
        ),
        Message::SecretsExpired => "I have held your credentials for half an hour and have \
             forgotten them now. If you go on, I will ask for them again."
            .to_owned(),
        Message::EraseFailed => "I could not delete the message with your credential. Please \
             delete it yourself."
            .to_owned(),
        Message::PastedStays => "I cannot delete messages in this chat: what you pasted stays in \
             its history. Please delete it, and revoke the credential when you are done."
            .to_owned(),
        Message::PastedScrubbed => "I have deleted what you pasted at the service that carries our \
             messages. Your phone keeps its copy: please delete it there, and replace the \
             credential when you are done."
            .to_owned(),
        Message::FormReused => FORM_REUSED.to_owned(),
        Message::ChannelKeyAccepted { addresses } => {
            format!("That works. It opens: {}.", addresses.join(", "))
        }
        Message::ReadyOn { channel, address } => channels::ready(*channel, address),
        Message::FirstStepsOn => FIRST_STEPS_ON.to_owned(),
        Message::EarlySecret { kind } => {
            format!("That is {}. I will need it, so I use it now.", a_secret(*kind))
        }
        Message::UnexpectedSecret => "That looks like a credential, and I do not need one now. I \
             have forgotten it. If others could read it, revoke it."
            .to_owned(),
        Message::SecretLost { kind } => format!(
            "I no longer hold {}: I never store credentials. Please send it again.",
            your_secret(*kind)
        ),
        Message::Checking { kind } => format!("Checking {} ...", your_secret(*kind)),
        Message::KeyAccepted => "The key works.".to_owned(),
        Message::TokenAccepted { organisations } => {
            format!("That token works. It opens: {}.", organisations.join(", "))
        }
        Message::Trial => "This is a Fly.io trial account: Fly.io stops every machine after five \
             minutes, and the trial ends after two hours of machine time. Your relay wakes again \
             when you write to it. A payment method lifts these limits."
            .to_owned(),
        Message::Rejected { asked, rejection } => refusals::rejection(*asked, rejection),
        Message::Page(page) => page_link(page),
        Message::RelayLink { .. } => "(the link to your relay)".to_owned(),
        Message::Ready => "Your relay is ready. I checked it and your VM: both answer, and a call \
             without a key is refused.\n\nThis is your link. Whoever has it owns the relay, so keep \
             it to yourself. I do not store it."
            .to_owned(),
        Message::FirstSteps => FIRST_STEPS.to_owned(),
        Message::LinkLost { needs_key } => link_lost(*needs_key),
        Message::RemovedMeanwhile => {
            "Everything was removed. I was restarted in between, so I cannot list it again."
                .to_owned()
        }
        Message::Interrupted { goal: Goal::Deployed } => "I was restarted in the middle of the \
             deployment. Nothing is lost: I know what exists and can go on from there."
            .to_owned(),
        Message::Interrupted { goal: Goal::Removed } => "I was restarted in the middle of the \
             removal. I know what is left and can go on from there."
            .to_owned(),
        Message::Searching => "Searching your account for deployments of mine ...".to_owned(),
        Message::NothingFound => "Nothing of mine is in this account. I have forgotten the \
             token."
            .to_owned(),
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
        Message::AlreadyDeployed { runs } => format!("You have a deployment already.\n\n{}", lists::list(runs)),
        Message::Failed { goal, failure } => refusals::failed(*goal, failure),
        question => ask(question),
    }
}

fn ask(message: &Message) -> String {
    match message {
        Message::AskCloud => "Where should your relay live?".to_owned(),
        Message::AskToken { offered: true, deploying: true } => "Your deployment lives in a Fly.io \
             account of your own. Which token may I use? In this sandbox you can use a ready-made \
             one."
            .to_owned(),
        Message::AskToken { offered: false, deploying: true } => ASK_TOKEN.to_owned(),
        Message::AskToken { offered, deploying: false } => {
            let how = if *offered { " In this sandbox you can use the ready-made one." } else { "" };
            format!(
                "For this I need a Fly.io token of that account; I do not keep them.{how} Please \
                 send one."
            )
        }
        Message::AskOrganisation => "Your token opens several organisations. Which one should pay \
             for the deployment?"
            .to_owned(),
        Message::AskBilling { held: false } => "Fly.io asks for a payment method before it creates \
             machines. Add one on the page above, then tap Done."
            .to_owned(),
        Message::AskBilling { held: true } => "Fly.io is reviewing this account and creates nothing \
             until it is cleared. Only you can ask them, on the page above. Come back when they are \
             done."
            .to_owned(),
        Message::AskModel { offered, shell } => ask_model(*offered, *shell),
        Message::AskChannel => "Which channel should your relay speak?".to_owned(),
        Message::AskChannelKey { channel, entry } => channels::ask_key(*channel, *entry),
        Message::AskAddress => "Which number should your relay answer on?".to_owned(),
        Message::AskTakeOver { address, serves } => format!(
            "{address} already serves {serves}. If your relay uses it, {serves} hears nothing more \
             until /teardown gives it back. Take it over?"
        ),
        Message::AskName => "What should I call it? Up to 20 small letters, digits and dashes, a \
             letter first."
            .to_owned(),
        Message::AskRegion { count } => format!(
            "Where should it run? Close to you is fastest; the first one is the nearest to me. You \
             can also type the code of any of Fly.io's {count} regions."
        ),
        Message::AskSize { quotes } => lists::ask_size(quotes),
        Message::Review { spec, quote } => lists::review(spec, quote),
        Message::AskChange => "Which answer should change?".to_owned(),
        Message::ChooseRun => "Which deployment should I remove?".to_owned(),
        Message::ChooseFound => "I found these in your account. Which one should I remove?".to_owned(),
        Message::ConfirmTeardown { spec: Some(spec) } => lists::confirm_teardown(spec),
        Message::ConfirmTeardown { spec: None } => "Remove this deployment and all its data for \
             good?"
            .to_owned(),
        Message::AskStop => "The deployment is under way. Stop it and remove everything it made?"
            .to_owned(),
        _ => String::new(),
    }
}

const WELCOME: &str = "Hi, I am textslash. I put a coding agent of your own into your own cloud \
account: a small relay that you chat with, and a VM where the agent works. It takes a few questions \
and a few minutes. You see the price before anything is created, and /teardown removes all of it.";

const HELP: &str = "/deploy - make a deployment
/status - what you have, what it costs, since when
/teardown - remove a deployment, with a receipt
/back - the previous question
/cancel - stop what we are doing
/privacy - what I keep and where
/help - this list";

const ASK_TOKEN: &str =
    "Your deployment lives in a Fly.io account of your own, and I need a token \
for it.

1. Open the page above (it works on a phone) and sign in, or sign up.
2. Create an organization token with an expiry of one day.
3. Copy all of it and send it to me.

I use it for this deployment only, narrow it at once, and never store it.";

const FIRST_STEPS: &str = "To talk to it, run: textslash chat LINK
Then just write, for example: clone my repository and run its tests

Both machines stop when you do not use them and wake when you write. I have forgotten your token \
and key. /teardown removes everything.";

const FIRST_STEPS_ON: &str = "Write to it there, for example: clone my repository and run its \
tests\n\nBoth machines stop when you do not use them and wake when you write. I have forgotten your \
token and keys. /teardown removes everything and gives your bot back.";

const FORM_REUSED: &str = "My form was filled in a second time, so somebody else may have its link. I \
have forgotten everything you entered. Please revoke those credentials where you made them; /deploy \
starts over with new ones.";

fn cancelled(deployed: bool) -> String {
    let mut text = "Cancelled. I have forgotten your answers and credentials, and leave your \
                    account as it is."
        .to_owned();
    if deployed {
        text.push_str(" What you have there stays until /teardown removes it.");
    }
    text
}

fn way_back(again: Command) -> &'static str {
    match again {
        Command::Deploy => "Your other answers are kept: /deploy goes on where we were.",
        Command::Teardown => "Nothing was removed; /teardown starts again.",
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

fn a_secret(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::FlyToken => "a Fly.io token",
        SecretKind::ModelKey => "an Anthropic key",
        SecretKind::TelegramToken => "a Telegram bot token",
        SecretKind::DiscordToken => "a Discord bot token",
        SecretKind::TwilioKey => "a Twilio key",
        SecretKind::OwnerKey | SecretKind::LinkKey | SecretKind::ModelProxyToken => "a key",
    }
}

fn your_secret(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::FlyToken => "your Fly.io token",
        SecretKind::ModelKey => "your Anthropic key",
        SecretKind::TelegramToken => "your Telegram bot token",
        SecretKind::DiscordToken => "your Discord bot token",
        SecretKind::TwilioKey => "your Twilio key",
        SecretKind::OwnerKey | SecretKind::LinkKey | SecretKind::ModelProxyToken => "your key",
    }
}

fn page_link(page: &Page) -> String {
    match page {
        Page::FlyTokens => "https://fly.io/dashboard/personal/tokens".to_owned(),
        Page::AnthropicKeys => "https://console.anthropic.com/settings/keys".to_owned(),
        Page::BotFather => "https://t.me/BotFather".to_owned(),
        Page::DiscordDevelopers => "https://discord.com/developers/applications".to_owned(),
        Page::TwilioConsole => "https://console.twilio.com".to_owned(),
        Page::Chat { channel, address } => channels::page(*channel, address),
        Page::Vendor(link) => link.clone(),
    }
}

fn ask_model(offered: bool, shell: bool) -> String {
    let mut text = "The agent is Claude Code. Which Anthropic API key may it use? The key goes \
                    straight to your relay; the VM never sees it, and I do not store it."
        .to_owned();
    if offered {
        text.push_str(" In this sandbox you can use a ready-made one.");
    } else {
        text.push_str(" You can make one on the page above.");
    }
    if shell {
        text.push_str(" Without a key, the shell agent simply runs the lines you send.");
    }
    text
}

fn privacy(entry: SecretEntry, deletes_theirs: bool) -> String {
    let channel = match (entry, deletes_theirs) {
        (SecretEntry::Hidden, _) => "Here you type them into a hidden field that keeps nothing.",
        (SecretEntry::Form, _) => {
            "Here you give them in a form that opens once. What is pasted into this chat instead \
             stays in its history, and I cannot delete it."
        }
        (SecretEntry::PastedThenDeleted, true) => {
            "Here you paste them, and I delete the message at once. The service may keep copies \
             that I cannot reach, so revoke a token when you no longer need it."
        }
        (SecretEntry::PastedThenDeleted, false) => {
            "Here what you paste stays in the history, and I cannot delete it. Delete it yourself, \
             and revoke the token when you no longer need it."
        }
    };
    format!(
        "I keep: that you have a deployment, its names, ids, region and size, and the answers of an \
         unfinished conversation. I never store credentials: they are in memory while they are \
         needed, half an hour at most without you, and are forgotten after the deployment.\n\n\
         {channel}\n\nYour model key lives in your own cloud account, in the relay's secret store. \
         Your chats with the agent go through your relay, not through me."
    )
}
