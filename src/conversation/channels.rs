//! What a relay's channel needs: its key, one of its addresses, and a yes where that is in use.

use crate::account::{ChatAccount, ChatAddress, ChatGuide};
use crate::credential_format::CredentialRejection;
use crate::secret::SecretRef;
use crate::spec::{DeploymentId, RelayChannel};

use super::choice::{ChatCommand, Choice};
use super::messages::{Message, PageLink};
use super::transition::Transition;
use super::{ChatSelection, Effect, PendingCheck, Purpose, Question};

/// What is kept of an id in a bot's suggested name: Telegram's names have 32 characters at most.
const PERSON_IN_NAME_MAX: usize = 16;

impl Transition<'_> {
    /// The channel of the relay that answers are collected for.
    pub(super) fn channel_for(&self, purpose: &Purpose) -> Option<RelayChannel> {
        match purpose {
            Purpose::Deploy => {
                self.state.answers.channel.or_else(|| self.context.channels.first().copied())
            }
            Purpose::Resume { run } => self.run(run).map(|run| run.spec.channel),
            Purpose::Teardown { .. } | Purpose::Find => None,
        }
    }

    fn chat_guide(&self, channel: RelayChannel) -> Option<&ChatGuide> {
        self.context.chat_guides.iter().find(|guide| guide.channel == channel)
    }

    /// The pages on which the channel's key is made.
    pub(super) fn channel_key_pages(&self, purpose: &Purpose) -> Vec<PageLink> {
        let guide = self.channel_for(purpose).and_then(|channel| self.chat_guide(channel));
        let pages = guide.map_or(&[][..], |guide| guide.key_pages);
        pages.iter().map(|page| PageLink::Vendor((*page).to_owned())).collect()
    }

    /// Whom the relay obeys.
    pub(super) fn relay_owner(&self) -> String {
        match self.channel_for(&Purpose::Deploy) {
            Some(RelayChannel::Web) | None => RelayChannel::link_holder(),
            Some(_) => self.context.person.to_owned(),
        }
    }

    fn chat_for(&self, purpose: &Purpose) -> Option<&ChatSelection> {
        let chat = self.state.answers.chat.as_ref()?;
        if Some(chat.channel) != self.channel_for(purpose) {
            return None;
        }
        match self.expected_address(purpose) {
            Some(expected) => Some(chat).filter(|chat| has_address(&chat.account, &expected)),
            None => Some(chat),
        }
    }

    /// The address of a deployment that there is already.
    fn expected_address(&self, purpose: &Purpose) -> Option<String> {
        match purpose {
            Purpose::Resume { run } => self.run(run)?.spec.address.clone(),
            Purpose::Deploy | Purpose::Teardown { .. } | Purpose::Find => None,
        }
    }

    pub(super) fn has_channel_key(&self, purpose: &Purpose) -> bool {
        self.chat_for(purpose).is_some_and(|chat| self.is_held(chat.key))
    }

    /// The channel's key, if this purpose needs one.
    pub(super) fn channel_key(&self, purpose: &Purpose) -> Option<SecretRef> {
        self.awaited(Question::ChannelKey, purpose)?;
        self.chat_for(purpose).map(|chat| chat.key)
    }

    pub(super) fn chat_key(&self) -> Option<SecretRef> {
        self.state.answers.chat.as_ref().map(|chat| chat.key)
    }

    pub(super) fn addresses(&self) -> &[ChatAddress] {
        self.chat_for(&Purpose::Deploy).map_or(&[], |chat| &chat.account.addresses)
    }

    pub(super) fn address(&self, purpose: &Purpose) -> Option<&ChatAddress> {
        self.chat_for(purpose)?.address()
    }

    /// What the chosen address serves, as long as nobody has agreed that it may be taken.
    pub(super) fn taken_from(&self, purpose: &Purpose) -> Option<&str> {
        let chat = self.chat_for(purpose)?;
        chat.address().filter(|_| !chat.taken_over)?.serves.as_deref()
    }

    pub(super) fn ask_channel_key(&self, purpose: &Purpose) -> Message {
        let channel = self.channel_for(purpose).unwrap_or(RelayChannel::Web);
        Message::AskChannelKey {
            channel,
            offered: channel.key().is_some_and(|kind| self.is_offered(kind)),
            makes_bots: self.can_make_bot(purpose),
            entry: self.entry(),
            expected: self.expected_address(purpose),
        }
    }

    pub(super) fn ask_take_over(&self, purpose: &Purpose) -> Message {
        let address = self.address(purpose);
        Message::AskTakeOver {
            address: address.map(|it| it.name.clone()).unwrap_or_default(),
            host: address.and_then(|it| it.serves.clone()).unwrap_or_default(),
        }
    }

    /// A bot that is there already cannot be made.
    fn can_make_bot(&self, purpose: &Purpose) -> bool {
        self.context.capabilities.makes_bots
            && *purpose == Purpose::Deploy
            && self.awaited(Question::ChannelKey, purpose).is_some()
    }

    pub(super) fn ways_to_a_channel_key(&self, purpose: &Purpose) -> Vec<Choice> {
        let kind = self.awaited(Question::ChannelKey, purpose);
        let offer = kind.filter(|kind| self.is_offered(*kind)).map(|_| Choice::Offer);
        let make = || Choice::MakeBot(suggested_name(self.context.person));
        offer.into_iter().chain(self.can_make_bot(purpose).then(make)).collect()
    }

    pub(super) fn address_choices(&self) -> Vec<Choice> {
        let places = self.addresses().iter().enumerate();
        places.map(|(place, it)| Choice::Address(place, it.name.clone())).collect()
    }

    /// A channel's key was checked and is good.
    pub(super) fn take_chat(
        &mut self,
        checking: PendingCheck,
        account: ChatAccount,
        purpose: Purpose,
    ) {
        let expected = self.expected_address(&purpose);
        if let Some(expected) = expected.filter(|expected| !has_address(&account, expected)) {
            return self.refused(checking, CredentialRejection::OtherAddress { expected }, purpose);
        }
        let Some(channel) = self.channel_for(&purpose) else {
            self.effect(Effect::ForgetCredential(checking.secret));
            return self.ask_next_or_act(purpose);
        };
        let addresses = account.addresses.iter().map(|it| it.name.clone()).collect();
        let key = checking.secret;
        let mut chat = ChatSelection { channel, key, account, address: None, taken_over: false };
        if let Some(old) = self.state.answers.chat.take() {
            if old.key != key {
                self.effect(Effect::ForgetCredential(old.key));
            }
            let same = old.channel == channel;
            chat.address = old.address.filter(|it| same && has_address(&chat.account, it));
        }
        self.state.answers.chat = Some(chat);
        self.say(Message::ChatAccepted { addresses });
        self.ask_next_or_act(purpose);
    }

    /// The channel was chosen: the key of another one is not needed any more.
    pub(super) fn replace_channel(&mut self, channel: RelayChannel) {
        self.state.answers.channel = Some(channel);
        if channel.holds_connection() && self.is_trial() {
            self.say(Message::TrialChannel);
        }
        if self.state.answers.chat.as_ref().is_some_and(|chat| chat.channel != channel) {
            self.forget_chat();
        }
    }

    fn forget_chat(&mut self) {
        if let Some(chat) = self.state.answers.chat.take() {
            self.effect(Effect::ForgetCredential(chat.key));
        }
    }

    pub(super) fn take_address(&mut self, name: String) {
        if let Some(chat) = &mut self.state.answers.chat {
            chat.address = Some(name);
            chat.taken_over = false;
        }
        self.answered();
    }

    pub(super) fn take_over(&mut self) {
        if let Some(chat) = &mut self.state.answers.chat {
            chat.taken_over = true;
        }
        self.answered();
    }

    /// Another address of the same account where there is one, else another account.
    pub(super) fn another_address(&mut self) {
        match &mut self.state.answers.chat {
            Some(chat) if chat.account.addresses.len() > 1 => chat.address = None,
            _ => self.forget_chat(),
        }
        self.answered();
    }

    /// The person points the address at the relay by hand: no interface does.
    pub(super) fn needs_manual_webhook(&self, run: &DeploymentId) -> bool {
        let Some(spec) = self.run(run).map(|run| &run.spec) else { return false };
        let name = spec.address.as_deref();
        let manual = self.chat_guide(spec.channel).and_then(|guide| guide.manual);
        let known = self.state.answers.chat.as_ref().and_then(ChatSelection::address);
        manual.is_some_and(|manual| Some(manual.name) == name)
            || known.is_some_and(|known| known.by_hand && Some(known.name.as_str()) == name)
    }

    /// A relay that speaks another channel than the web is ready: where to find it. It has no link
    /// with a key.
    pub(super) fn channel_ready(&mut self, run: &DeploymentId, by_hand: bool) {
        let Some(spec) = self.run(run).map(|run| &run.spec) else { return };
        let (channel, address) = (spec.channel, spec.address.clone());
        let guide = self.chat_guide(channel).copied();
        let page = guide.zip(address.as_deref());
        let page = page.and_then(|(guide, address)| (guide.chat_page)(address));
        let manual = guide.and_then(|guide| guide.manual).filter(|_| by_hand);
        self.say(Message::ChannelReady { channel, address, by_hand });
        if let Some(manual) = manual {
            self.say(Message::Page(PageLink::Vendor(manual.page.to_owned())));
            self.say(Message::PointByHand);
            self.say(Message::WebhookUrl { run: run.clone() });
        }
        if let Some(page) = page {
            self.say(Message::Page(PageLink::Relay(page)));
        }
        let status = vec![Choice::Command(ChatCommand::Status)];
        self.say_with(Message::ChannelFirstSteps { channel }, status);
    }
}

fn has_address(account: &ChatAccount, address: &str) -> bool {
    account.addresses.iter().any(|it| it.name == address)
}

/// A name that is free and fit to be a Telegram bot's: one a person.
fn suggested_name(person: &str) -> String {
    let id = person.chars().filter(char::is_ascii_alphanumeric).take(PERSON_IN_NAME_MAX);
    format!("textslash_{}_bot", id.collect::<String>())
}
