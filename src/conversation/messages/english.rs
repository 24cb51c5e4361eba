//! English.

use std::fmt::Write as _;

use adapters::channel::SecretEntry;

use crate::plan::Stage;
use crate::pricing::{self, Item, Quote};
use crate::secret::SecretKind;
use crate::spec::{AgentKind, CloudKind, RelayChannel, Size, Spec};

use super::super::choice::{Choice, Command};
use super::super::{Board, Goal, Gone, Mark, Question, Remains, RunStanding};
use super::{Message, Page, Summary};

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
        Message::Cancelled => "Cancelled. I have forgotten your answers and credentials; nothing \
             was created."
            .to_owned(),
        Message::NothingBefore => "There is no earlier question to go back to.".to_owned(),
        Message::StaleButton => "That button belongs to an earlier question.".to_owned(),
        Message::StillWorking => "I am still working on it; the progress message above shows how \
             far it is. /cancel stops a deployment."
            .to_owned(),
        Message::StillChecking => "One moment, I am still checking what you sent.".to_owned(),
        Message::CheckInterrupted => "I was restarted while I checked your answer.".to_owned(),
        Message::Expired => "I waited half an hour and have forgotten your credentials. Your other \
             answers are kept: /deploy goes on where we were."
            .to_owned(),
        Message::SecretsExpired => "I have held your credentials for half an hour and have \
             forgotten them now. If you go on, I will ask for them again."
            .to_owned(),
        Message::EraseFailed => "I could not delete the message with your credential. Please \
             delete it yourself."
            .to_owned(),
        Message::PastedStays => "I cannot delete messages in this chat: what you pasted stays in \
             its history. Please delete it, and revoke the credential when you are done."
            .to_owned(),
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
        Message::LinkLost => "Your relay is ready, but I was restarted before I could give you its \
             link, and I never store it. I can make a new one; for that I need your token again."
            .to_owned(),
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
            refusals::cause(*cause)
        ),
        Message::KeptGoing => "All right, I carry on.".to_owned(),
        Message::Kept { remaining } => kept(remaining),
        Message::Receipt { gone } => receipt(gone),
        Message::NoDeployments => "You have no deployment that I know of. /deploy makes one; \
             /teardown searches your account for one."
            .to_owned(),
        Message::NoRecord => "I know of no deployment of yours. If there is one, I can find it in \
             your account by its names."
            .to_owned(),
        Message::Status { runs } => list(runs),
        Message::AlreadyDeployed { runs } => format!("You have a deployment already.\n\n{}", list(runs)),
        Message::Failed { goal, cause, remaining } => refusals::failed(*goal, *cause, remaining),
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
        Message::AskName => "What should I call it? Up to 20 small letters, digits and dashes, a \
             letter first."
            .to_owned(),
        Message::AskRegion { count } => format!(
            "Where should it run? Close to you is fastest; the first one is the nearest to me. You \
             can also type the code of any of Fly.io's {count} regions."
        ),
        Message::AskSize { quotes } => ask_size(quotes),
        Message::Review { spec, quote } => review(spec, quote),
        Message::AskChange => "Which answer should change?".to_owned(),
        Message::ChooseRun => "Which deployment should I remove?".to_owned(),
        Message::ChooseFound => "I found these in your account. Which one should I remove?".to_owned(),
        Message::ConfirmTeardown { spec: Some(spec) } => confirm_teardown(spec),
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

const FIRST_STEPS: &str = "Open the link, or run: textslash chat LINK
Then just write, for example: clone my repository and run its tests

Both machines stop when you do not use them and wake when you write. I have forgotten your token \
and key. /teardown removes everything.";

fn a_secret(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::FlyToken => "a Fly.io token",
        SecretKind::ModelKey => "an Anthropic key",
        SecretKind::OwnerKey | SecretKind::LinkKey | SecretKind::ModelProxyToken => "a key",
    }
}

fn your_secret(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::FlyToken => "your Fly.io token",
        SecretKind::ModelKey => "your Anthropic key",
        SecretKind::OwnerKey | SecretKind::LinkKey | SecretKind::ModelProxyToken => "your key",
    }
}

fn page_link(page: &Page) -> String {
    match page {
        Page::FlyTokens => "https://fly.io/dashboard/personal/tokens".to_owned(),
        Page::AnthropicKeys => "https://console.anthropic.com/settings/keys".to_owned(),
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

fn ask_size(quotes: &[(Size, Quote)]) -> String {
    let mut text = "How large should the VM be?\n".to_owned();
    for (size, quote) in quotes {
        let _ = write!(
            text,
            "\n{}: {} CPU, {} GB - at most {} a month",
            size_name(*size),
            size.cpus(),
            size.memory_mb() / 1024,
            dollars(quote.always_on_cents)
        );
    }
    text
}

fn review(spec: &Spec, quote: &Quote) -> String {
    let mut text = format!(
        "This is the plan:\n\nName: {}\nCloud: {}, organisation {}\nRegion: {}\nRelay: 1 CPU, {} MB, {} GB disk; \
         you reach it by {}\nVM: {} CPU, {} GB, {} GB disk; agent: {}\n\nFor 30 days:",
        spec.name,
        cloud_name(spec.cloud),
        spec.organisation,
        spec.regions.first().map_or("", AsRef::as_ref),
        pricing::RELAY_MEMORY_MB,
        pricing::RELAY_VOLUME_GB,
        channel_name(spec.channel),
        spec.size.cpus(),
        spec.size.memory_mb() / 1024,
        spec.vm_volume_gb,
        agent_name(spec.agent),
    );
    for line in &quote.lines {
        let _ = write!(text, "\n{}: {}", item(line.what), dollars(line.cents));
    }
    let _ = write!(
        text,
        "\n\nBoth machines stop when idle: about {} a month if you never use it, at most {} if both \
         ran day and night. Fly.io bills you directly (prices of {}, without traffic). Deploy?",
        dollars(quote.idle_cents),
        dollars(quote.always_on_cents),
        pricing::AS_OF
    );
    text
}

fn item(item: Item) -> String {
    match item {
        Item::RelayRunning => "Relay, if it ran all the time".to_owned(),
        Item::VmRunning => "VM, if it ran all the time".to_owned(),
        Item::Volumes { gb } => format!("Disks, {gb} GB"),
        Item::StoppedRootfs => "Stopped machines' root filesystems".to_owned(),
        Item::Addresses => "Addresses".to_owned(),
    }
}

fn dollars(cents: u64) -> String {
    format!("${}.{:02}", cents / 100, cents % 100)
}

fn confirm_teardown(spec: &Spec) -> String {
    format!(
        "This removes {} for good: both apps ({} and {}), their machines, disks, addresses and keys, \
         with everything the agent has on its disk. Remove it?",
        spec.name,
        spec.app(crate::spec::Role::Relay),
        spec.app(crate::spec::Role::Vm)
    )
}

fn kept(remaining: &[Remains]) -> String {
    if remaining.is_empty() {
        return "All right. Nothing was left behind.".to_owned();
    }
    format!(
        "All right, I leave it as it is. It may cost money until it is removed; /teardown does \
         that.\n{}",
        refusals::remains(remaining)
    )
}

fn receipt(gone: &[Gone]) -> String {
    let mut text = "Everything is gone. I looked for each of these, and it is not there any \
                    more:\n"
        .to_owned();
    for it in gone {
        let _ = write!(text, "\n{}: {} - gone {}", it.kind, it.name, date(it.at_ms));
    }
    text.push_str("\n\nI have forgotten your token. You can revoke it now.");
    text
}

fn list(runs: &[Summary]) -> String {
    let lines = runs.iter().map(|run| {
        format!(
            "{} in {}, {}, {}\nsince {}, about {} a month when idle, at most {}",
            run.spec.name,
            run.spec.regions.first().map_or("", AsRef::as_ref),
            size_name(run.spec.size).to_lowercase(),
            standing(run.standing),
            date(run.opened_at_ms),
            dollars(run.quote.idle_cents),
            dollars(run.quote.always_on_cents),
        )
    });
    lines.collect::<Vec<_>>().join("\n\n")
}

fn standing(standing: RunStanding) -> &'static str {
    match standing {
        RunStanding::Unfinished => "not finished",
        RunStanding::Deployed => "deployed",
        RunStanding::Removed => "removed",
        RunStanding::Stuck => "partly removed",
    }
}

/// A moment, to the minute, in UTC.
pub(super) fn date(at_ms: u64) -> String {
    let seconds = i64::try_from(at_ms / 1000).unwrap_or_default();
    let Ok(at) = time::OffsetDateTime::from_unix_timestamp(seconds) else { return String::new() };
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
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

pub(super) fn board(board: &Board) -> String {
    let title = match board.goal {
        Goal::Deployed => "Deploying",
        Goal::Removed => "Removing everything",
    };
    let mut text = title.to_owned();
    for (stage, mark) in &board.stages {
        let sign = match mark {
            Mark::Ahead => "[ ]",
            Mark::Started | Mark::Moving => "[..]",
            Mark::Done => "[x]",
        };
        let _ = write!(text, "\n{sign} {}", stage_name(*stage, board.goal));
        if *mark == Mark::Moving {
            text.push_str(" - no room there, moving to another region");
        }
    }
    text
}

pub(super) fn stage_name(stage: Stage, goal: Goal) -> &'static str {
    match (goal, stage) {
        (Goal::Deployed, Stage::Apps) => "Names reserved",
        (Goal::Deployed, Stage::Network) => "Network and addresses",
        (Goal::Deployed, Stage::Secrets) => "Keys handed over",
        (Goal::Deployed, Stage::Storage) => "Disks",
        (Goal::Deployed, Stage::Machines) => "Machines started",
        (Goal::Deployed, Stage::Proof) => "Tested: relay, VM, and a stranger refused",
        (Goal::Removed, Stage::Apps) => "Apps",
        (Goal::Removed, Stage::Network) => "Addresses",
        (Goal::Removed, Stage::Secrets) => "Keys",
        (Goal::Removed, Stage::Storage) => "Disks",
        (Goal::Removed, Stage::Machines) => "Machines",
        (Goal::Removed, Stage::Proof) => "Checked that all is gone",
    }
}

pub(super) fn label(choice: &Choice) -> String {
    match choice {
        Choice::Command(command) => command_label(*command).to_owned(),
        Choice::Cloud(cloud) => cloud_name(*cloud).to_owned(),
        Choice::Offer => "Use sandbox one".to_owned(),
        Choice::KeepAnswer => "Keep my answer".to_owned(),
        Choice::Agent(agent) => agent_name(*agent).to_owned(),
        Choice::Organisation(_, slug) => slug.clone(),
        Choice::Channel(channel) => channel_name(*channel).to_owned(),
        Choice::Region(region, name) => format!("{name} ({region})"),
        Choice::Size(size) => size_name(*size).to_owned(),
        Choice::CheckAgain => "Done, check again".to_owned(),
        Choice::Deploy => "Deploy".to_owned(),
        Choice::Change => "Change an answer".to_owned(),
        Choice::Answer(question) => question_name(*question).to_owned(),
        Choice::Retry => "Try again".to_owned(),
        Choice::Keep => "Keep for inspection".to_owned(),
        Choice::Remove => "Remove everything".to_owned(),
        Choice::KeepGoing => "Keep going".to_owned(),
        Choice::ConfirmTeardown => "Yes, remove it".to_owned(),
        Choice::Run(_, name) => name.clone(),
        Choice::NewLink(_) => "New link".to_owned(),
        Choice::Resume(_) => "Finish deploying".to_owned(),
        Choice::DeployAnother => "Deploy another one".to_owned(),
    }
}

fn command_label(command: Command) -> &'static str {
    match command {
        Command::Start => "Start",
        Command::Help => "Help",
        Command::Deploy => "Start deploying",
        Command::Status => "Status",
        Command::Teardown => "Tear down",
        Command::Cancel => "Cancel",
        Command::Back => "Back",
        Command::Privacy => "Privacy",
    }
}

fn question_name(question: Question) -> &'static str {
    match question {
        Question::Cloud => "Cloud",
        Question::Token => "Token",
        Question::Organisation => "Organisation",
        Question::Billing => "Billing",
        Question::Model => "Agent and key",
        Question::Channel => "Channel",
        Question::Name => "Name",
        Question::Region => "Region",
        Question::Size => "Size",
    }
}

fn cloud_name(cloud: CloudKind) -> &'static str {
    match cloud {
        CloudKind::Fly => "Fly.io",
    }
}

fn agent_name(agent: AgentKind) -> &'static str {
    match agent {
        AgentKind::Claude => "Claude Code",
        AgentKind::Shell => "Shell agent, no key",
    }
}

fn channel_name(channel: RelayChannel) -> &'static str {
    match channel {
        RelayChannel::Web => "a web link",
    }
}

fn size_name(size: Size) -> &'static str {
    match size {
        Size::Small => "Small",
        Size::Medium => "Medium",
        Size::Large => "Large",
    }
}

pub(super) fn is_yes(text: &str) -> bool {
    ["yes", "y", "ok", "sure", "done"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}
