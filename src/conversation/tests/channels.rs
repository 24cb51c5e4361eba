//! A relay that speaks a chat service: its key, its address, and where it is found.

use super::*;
use crate::account::ChatAccount;
use crate::spec::RelayChannel::{Discord, Telegram, WhatsApp};

impl ConversationWorld {
    /// Somebody who writes on this channel, so that her relay may speak it too.
    pub(super) fn on(channel: RelayChannel) -> Self {
        let mut ada = Self::new();
        let can = &mut ada.capabilities;
        match channel {
            RelayChannel::Web => {}
            Telegram => {
                ada.channels = &[RelayChannel::Web, Telegram];
                (can.opens_pages, can.makes_bots) = (true, true);
            }
            Discord => {
                ada.channels = &[RelayChannel::Web, Discord];
                (can.deletes_theirs, can.secret_entry) = (false, SecretEntry::Hidden);
            }
            WhatsApp => {
                ada.channels = &[RelayChannel::Web, WhatsApp];
                (can.edits, can.deletes_theirs, can.scrubs_theirs) = (false, false, true);
                can.secret_entry = SecretEntry::Form;
            }
        }
        ada
    }

    /// She has given token and model key and chosen the channel that she is on.
    pub(super) fn asked_for_the_channel_key(&mut self) {
        self.says("hi");
        self.gives_token_and_key();
        let channel = self.channels[1];
        self.reads_question("Which channel");
        self.taps(&messages::label(Locale::English, &Choice::Channel(channel)));
    }

    fn gives_token_and_key(&mut self) {
        self.pastes(Vendor::Fly);
        self.token_is_good();
        self.pastes(Vendor::Anthropic);
        self.key_is_good();
    }

    fn answers_the_rest(&mut self) {
        self.reads_question("Where should it run?");
        self.taps("Amsterdam (ams)");
        self.taps("Medium");
        self.reads_question("This is the plan");
    }

    /// Somebody whose Telegram relay is ready to be deployed.
    fn with_a_telegram_plan() -> (Self, SecretRef) {
        let mut ada = Self::on(Telegram);
        ada.asked_for_the_channel_key();
        let key = ada.pastes(Vendor::Telegram);
        ada.chat_is(Ok(chat_account(&["@ada_bot"])));
        ada.answers_the_rest();
        (ada, key)
    }

    /// What the last deployment or resumption is driven with.
    #[track_caller]
    fn driven_with(&self) -> RunCredentials {
        let with = self.unread.iter().find_map(|effect| match effect {
            Effect::Deploy { with, .. } | Effect::Resume { with, .. } => Some(*with),
            _ => None,
        });
        with.unwrap_or_else(|| panic!("no run in {:#?}", self.unread))
    }

    #[track_caller]
    fn reads_alone(&self, link: &str) {
        assert!(self.texts().iter().any(|text| text == link), "{link} in {:#?}", self.texts());
    }
}

/// An account whose only address serves this host.
pub(super) fn serving(name: &str, host: &str) -> ChatAccount {
    let mut account = chat_account(&[name]);
    account.addresses[0].serves = Some(host.to_owned());
    account
}

#[test]
fn a_telegram_relay_obeys_the_one_who_made_it_and_is_found_by_its_name() {
    let mut ada = ConversationWorld::on(Telegram);
    ada.asked_for_the_channel_key();
    ada.reads_alone("https://t.me/BotFather");
    ada.reads("/newbot");
    ada.reads_question("Make it for me");
    assert_eq!(ada.button("Make it for me"), "make-bot:textslash_4711_bot");

    let key = ada.pastes(Vendor::Telegram);
    ada.expects(&Effect::DeleteMessage);
    let kind = SecretKind::TelegramToken;
    ada.expects(&Effect::Check { kind, secret: key, organisation: None });
    ada.chat_is(Ok(chat_account(&["@ada_bot"])));
    ada.reads("It opens: @ada_bot.");
    ada.answers_the_rest();
    ada.taps("Deploy");
    assert_eq!(ada.driven_with().channel_key, Some(key));
    let spec = ada.expects_deploy();
    assert_eq!((spec.channel, spec.owner.as_str()), (Telegram, "4711"));
    assert_eq!(spec.address.as_deref(), Some("@ada_bot"));

    ada.unread.clear();
    ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    ada.expects(&Effect::ForgetCredential(SecretRef(99)));
    ada.expects(&Effect::ForgetCredential(key));
    assert!(ada.held.is_empty());
    ada.reads("Write to @ada_bot");
    ada.reads_alone("https://t.me/ada_bot");
    let links = ada.unread.iter().filter(|effect| {
        matches!(effect, Effect::Say(BotMessage { message: Message::RelayLink { .. }, .. }))
    });
    assert_eq!(links.count(), 0, "there is no web chat to link to");
    ada.unread.clear();
    ada.says("/start");
    ada.taps("New keys");
    ada.reads_question("token");
}

#[test]
fn a_web_relay_needs_no_key_even_where_another_channel_is_offered() {
    let mut ada = ConversationWorld::on(Telegram);
    ada.says("hi");
    ada.gives_token_and_key();
    ada.says("web");
    ada.answers_the_rest();
    ada.taps("Deploy");
    assert_eq!(ada.driven_with().channel_key, None);
    let spec = ada.expects_deploy();
    assert_eq!((spec.owner, spec.address), (RelayChannel::link_holder(), None));
}

#[test]
fn a_discord_relay_is_added_by_its_install_link() {
    let mut ada = ConversationWorld::on(Discord);
    ada.asked_for_the_channel_key();
    ada.reads_alone("https://discord.com/developers/applications");
    ada.reads_question("hidden field");
    ada.pastes(Vendor::Discord);
    ada.chat_is(Ok(chat_account(&["@ada_bot 123456789012345678"])));
    ada.answers_the_rest();
    ada.taps("Deploy");
    ada.expects_deploy();
    ada.unread.clear();
    ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    ada.reads("stays up");
    ada.reads_alone("https://discord.com/oauth2/authorize?client_id=123456789012345678");
}

#[test]
fn a_whatsapp_relay_asks_which_number_and_is_pointed_by_hand_in_the_sandbox() {
    let mut ada = ConversationWorld::on(WhatsApp);
    ada.asked_for_the_channel_key();
    ada.reads_alone("https://console.twilio.com");
    ada.reads("Account SID");
    ada.reads_question("do not write it into this chat");
    ada.pastes(Vendor::Twilio);
    ada.expects(&Effect::DeleteMessage);
    let outcome = DeletionOutcome::Deleted;
    ada.event(Event::MessageDeleted { message: "1".into(), outcome });
    ada.reads("your phone keeps");
    ada.chat_is(Ok(chat_account(&["+49301234567", "+14155238886"])));
    ada.reads_question("Which number");
    ada.says("+14155238886");
    ada.answers_the_rest();
    ada.taps("Deploy");
    assert_eq!(ada.expects_deploy().address.as_deref(), Some("+14155238886"));
    ada.unread.clear();
    ada.run_ends(RunOutcome::Deployed { link: Some(SecretRef(99)) });
    ada.reads("only you can take it");
    ada.reads("When a message comes in");
    let run = ada.runs[0].spec.id.clone();
    let webhook = Message::WebhookUrl { run };
    assert!(ada.unread.iter().any(|it| matches!(it, Effect::Say(s) if s.message == webhook)));
    ada.reads_alone("https://wa.me/14155238886");
}

#[test]
fn nothing_is_taken_over_without_a_yes() {
    let mut ada = ConversationWorld::on(Telegram);
    ada.asked_for_the_channel_key();
    let first = ada.pastes(Vendor::Telegram);
    ada.chat_is(Ok(serving("@ada_bot", "old.example")));
    ada.reads_question("@ada_bot already serves old.example");
    ada.taps("Use another one");
    ada.expects(&Effect::ForgetCredential(first));
    ada.reads_question("BotFather");
    ada.pastes(Vendor::Telegram);
    ada.chat_is(Ok(serving("@ada_bot", "old.example")));
    ada.taps("Take it over");
    ada.answers_the_rest();
}

#[test]
fn another_number_of_the_same_account_can_be_used_instead() {
    let mut ada = ConversationWorld::on(WhatsApp);
    ada.asked_for_the_channel_key();
    let key = ada.pastes(Vendor::Twilio);
    let mut account = chat_account(&["+49301234567", "+49307654321"]);
    account.addresses[0].serves = Some("old.example".into());
    ada.chat_is(Ok(account));
    ada.says("1");
    ada.reads_question("already serves");
    ada.taps("Use another one");
    ada.reads_question("Which number");
    ada.taps("+49307654321");
    ada.answers_the_rest();
    assert!(ada.held.contains(&key), "the account is still the same");
}

#[test]
fn back_and_change_lead_to_the_channel_and_its_key() {
    let (mut ada, key) = ConversationWorld::with_a_telegram_plan();
    for question in ["How large", "Where should it run?", "BotFather", "Which channel"] {
        ada.says("/back");
        ada.reads_question(question);
    }
    ada.taps("Telegram");
    ada.reads_question("This is the plan");
    ada.taps("Change an answer");
    ada.taps("Channel's key");
    ada.taps("Keep my answer");
    ada.reads_question("This is the plan");
    ada.taps("Change an answer");
    ada.taps("Channel's key");
    let other = ada.pastes(Vendor::Telegram);
    ada.chat_is(Ok(chat_account(&["@other_bot"])));
    ada.expects(&Effect::ForgetCredential(key));
    ada.reads_question("This is the plan");
    ada.taps("Change an answer");
    ada.taps("Channel");
    ada.taps("a web link");
    ada.expects(&Effect::ForgetCredential(other));
    ada.reads_question("This is the plan");
}

#[test]
fn every_refused_key_is_told_why_and_asked_for_again() {
    for rejection in [
        CredentialRejection::Malformed,
        CredentialRejection::RefusedByVendor,
        CredentialRejection::VendorUnreachable,
    ] {
        let mut ada = ConversationWorld::on(Telegram);
        ada.asked_for_the_channel_key();
        let key = ada.pastes(None);
        ada.chat_is(Err(rejection.clone()));
        ada.expects(&Effect::ForgetCredential(key));
        assert!(ada.texts()[0].ends_with('.') && ada.texts()[0].len() > 20, "{rejection:?}");
        ada.reads_question("BotFather");
    }
    let mut ada = ConversationWorld::on(Telegram);
    ada.asked_for_the_channel_key();
    ada.pastes(Vendor::Discord);
    ada.reads("That is a Discord bot token");
}

#[test]
fn a_channel_key_expires_and_is_lost_as_the_others_are() {
    let (mut ada, key) = ConversationWorld::with_a_telegram_plan();
    ada.minutes_pass(30);
    ada.expects(&Effect::ForgetCredential(key));
    assert!(ada.held.is_empty());

    let (mut ada, key) = ConversationWorld::with_a_telegram_plan();
    ada.held.remove(&key);
    ada.event(Event::Restarted);
    ada.reads("I no longer hold your Telegram bot token");
    ada.reads_question("BotFather");
    ada.pastes(Vendor::Telegram);
    ada.chat_is(Ok(chat_account(&["@ada_bot"])));
    ada.reads_question("This is the plan");
}

#[test]
fn a_run_that_goes_on_takes_the_key_of_its_own_bot_only() {
    let (mut ada, _) = ConversationWorld::with_a_telegram_plan();
    ada.taps("Deploy");
    ada.expects_deploy();
    ada.bot_restarts();
    ada.gives_token_and_key();
    ada.reads_question("Your relay answers at @ada_bot");
    let stranger = ada.pastes(Vendor::Telegram);
    ada.chat_is(Ok(chat_account(&["@other_bot"])));
    ada.expects(&Effect::ForgetCredential(stranger));
    ada.reads("Please send the one of @ada_bot");
    let key = ada.pastes(Vendor::Telegram);
    ada.chat_is(Ok(chat_account(&["@ada_bot"])));
    assert_eq!(ada.driven_with().channel_key, Some(key));
}

#[test]
fn a_relay_that_became_ready_while_nobody_looked_is_told_where_to_find() {
    let (mut ada, _) = ConversationWorld::with_a_telegram_plan();
    ada.taps("Deploy");
    ada.expects_deploy();
    ada.runs[0].standing = DeploymentStatus::Deployed;
    ada.unread.clear();
    ada.bot_restarts();
    ada.reads("Write to @ada_bot");
    ada.reads_alone("https://t.me/ada_bot");
    assert_eq!(ada.state.link_owed, None);
}

#[test]
fn a_trial_account_is_told_that_nothing_wakes_a_discord_relay() {
    for (channel, is_told) in [(Discord, true), (Telegram, false)] {
        let mut ada = ConversationWorld::on(channel);
        ada.says("hi");
        ada.pastes(Vendor::Fly);
        ada.token_is(Ok(account(OrganisationStatus::Trial)));
        ada.taps("Shell agent, no key");
        ada.says(channel.word());
        let told = ada.texts().iter().any(|text| text.contains("nothing on this channel"));
        assert_eq!(told, is_told, "{channel:?}");
    }
}
