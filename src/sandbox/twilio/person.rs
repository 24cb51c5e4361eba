//! A person with a phone, which keeps every message.

use std::sync::Arc;

use bytes::Bytes;

use super::{SimulatedTwilio, TwilioMessage, TwilioPhone};
use crate::sandbox::patience::wait_until;

type InboundFields = Vec<(String, String)>;

fn owned<const N: usize>(fields: [(&str, &str); N]) -> InboundFields {
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// A message on a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenTwilioMessage {
    /// Whether the person wrote it.
    pub mine: bool,
    /// The id of the message.
    pub sid: String,
    /// The text.
    pub text: String,
    /// Quick replies: label and payload.
    pub buttons: Vec<(String, String)>,
    /// The URL of its medium.
    pub medium: Option<String>,
}

/// A person in a chat with one sender.
pub struct TwilioPerson {
    twilio: Arc<SimulatedTwilio>,
    sender: String,
    number: String,
    read: usize,
}

impl TwilioPerson {
    pub(super) fn new(twilio: Arc<SimulatedTwilio>, sender: &str, number: &str) -> Self {
        twilio.state().phones.entry((number.to_owned(), sender.to_owned())).or_default();
        Self { twilio, sender: sender.to_owned(), number: number.to_owned(), read: 0 }
    }

    /// Writes a line.
    pub fn says(&mut self, text: &str) {
        self.sends(self.twilio.sid("SM"), text, Vec::new(), Vec::new());
    }

    /// Forwards a text that others wrote.
    pub fn forwards(&mut self, text: &str) {
        let forwarded = owned([("Forwarded", "true"), ("MessageType", "text")]);
        self.sends(self.twilio.sid("SM"), text, forwarded, Vec::new());
    }

    /// Sends a place.
    pub fn sends_place(&mut self, label: &str) {
        let place = [
            ("Latitude", "52.5"),
            ("Longitude", "13.4"),
            ("Label", label),
            ("Address", "Unter den Linden 1"),
            ("MessageType", "location"),
        ];
        self.sends(self.twilio.sid("SM"), "", owned(place), Vec::new());
    }

    /// Sends a file with a caption.
    pub fn sends_file(&mut self, media_type: &str, bytes: Bytes, caption: &str) {
        let (sid, medium) = (self.twilio.sid("MM"), self.twilio.sid("ME"));
        self.twilio.state().media.insert(medium.clone(), (media_type.to_owned(), bytes));
        let url = format!(
            "https://api.twilio.com/2010-04-01/Accounts/{}/Messages/{sid}/Media/{medium}",
            self.twilio.credentials.account_sid
        );
        let more = [("MediaUrl0", url.as_str()), ("MediaContentType0", media_type)];
        self.sends(sid, caption, owned(more), vec![medium]);
    }

    /// Taps the newest quick reply with this label, or writes its number where buttons are numbers.
    ///
    /// # Panics
    /// When there is neither: a story went wrong.
    pub fn taps(&mut self, label: &str) {
        let shown = self.screen();
        let newest = shown.iter().rev().filter(|it| !it.mine);
        for message in newest {
            if let Some((label, payload)) = message.buttons.iter().find(|(it, _)| it == label) {
                let tap = [
                    ("ButtonText", label.as_str()),
                    ("ButtonPayload", payload.as_str()),
                    ("OriginalRepliedMessageSid", message.sid.as_str()),
                ];
                return self.sends(self.twilio.sid("SM"), label, owned(tap), Vec::new());
            }
            let numbered = |line: &&str| line.split_once(". ").is_some_and(|(_, it)| it == label);
            if let Some(line) = message.text.lines().find(numbered) {
                let number = line.split_once(". ").map_or("", |(number, _)| number).to_owned();
                return self.says(&number);
            }
        }
        panic!("no button {label:?}{}", self.story());
    }

    fn sends(&mut self, sid: String, text: &str, more: InboundFields, media: Vec<String>) {
        let now_ms = self.twilio.clock.now_ms();
        let (from, to) = (format!("whatsapp:{}", self.number), format!("whatsapp:{}", self.sender));
        let num_media = media.len().to_string();
        let shown = SeenTwilioMessage {
            mine: true,
            sid: sid.clone(),
            text: text.to_owned(),
            buttons: Vec::new(),
            medium: None,
        };
        self.with_phone(|phone| {
            phone.shown.push(shown);
            phone.wrote_at_ms = Some(now_ms);
        });
        let message = TwilioMessage {
            sid: sid.clone(),
            from: from.clone(),
            to: to.clone(),
            body: text.to_owned(),
            inbound: true,
            status: "received",
            error: None,
            at_ms: now_ms,
            media,
        };
        let leads_to = {
            let mut state = self.twilio.state();
            state.messages.push(message);
            state.senders.get(&self.sender).and_then(|it| it.callback_url.clone())
        };
        let wa_id = self.number.trim_start_matches('+');
        let mut fields = owned([
            ("MessageSid", sid.as_str()),
            ("SmsMessageSid", &sid),
            ("SmsSid", &sid),
            ("AccountSid", &self.twilio.credentials.account_sid),
            ("From", &from),
            ("To", &to),
            ("WaId", wa_id),
            ("ProfileName", "Ada"),
            ("Body", text),
            ("NumMedia", &num_media),
            ("NumSegments", "1"),
            ("SmsStatus", "received"),
            ("ApiVersion", "2010-04-01"),
        ]);
        fields.extend(more);
        if let Some(url) = leads_to {
            let duplicates = self.twilio.state().duplicates_deliveries;
            self.twilio.webhooks.deliver(url, fields, duplicates);
        }
    }

    /// Waits until a message contains `expected`, and skips those before it.
    ///
    /// # Panics
    /// When none ever does, with the story so far.
    pub async fn reads(&mut self, expected: &str) -> String {
        let changed = self.twilio.changed.subscribe();
        let found = wait_until(changed, || self.find(expected)).await;
        found.unwrap_or_else(|| panic!("never read {expected:?}{}", self.story()))
    }

    /// Waits until a message contains `expected`, before or after those that were read.
    ///
    /// # Panics
    /// As of [`Self::reads`].
    pub async fn reads_in_any_order(&mut self, expected: &str) {
        let read = std::mem::take(&mut self.read);
        self.reads(expected).await;
        self.read = read;
    }

    fn find(&mut self, expected: &str) -> Option<String> {
        let shown = self.screen();
        let mut unread = shown.iter().enumerate().skip(self.read);
        let (place, found) = unread.find(|(_, it)| !it.mine && it.text.contains(expected))?;
        self.read = place + 1;
        Some(found.text.clone())
    }

    /// Waits for a file and returns its bytes, fetched from the URL in the message.
    ///
    /// # Panics
    /// When none ever comes, or nothing lies there.
    pub async fn gets_file(&mut self) -> Bytes {
        let changed = self.twilio.changed.subscribe();
        let found = wait_until(changed, || self.find_file()).await;
        let url = found.unwrap_or_else(|| panic!("no file ever came{}", self.story()));
        match self.twilio.webhooks.get(&url).await {
            Some(bytes) => bytes,
            None => panic!("nothing lies at {url}"),
        }
    }

    fn find_file(&mut self) -> Option<String> {
        let shown = self.screen();
        let mut unread = shown.iter().enumerate().skip(self.read).filter(|(_, it)| !it.mine);
        let (place, url) = unread.find_map(|(place, it)| Some((place, it.medium.clone()?)))?;
        self.read = place + 1;
        Some(url)
    }

    /// The messages to the person after the last one read.
    pub fn unread(&self) -> Vec<String> {
        let shown = self.screen().into_iter().skip(self.read);
        shown.filter(|it| !it.mine).map(|it| it.text).collect()
    }

    /// Everything on the phone.
    pub fn screen(&self) -> Vec<SeenTwilioMessage> {
        self.with_phone(|phone| phone.shown.clone())
    }

    fn with_phone<T>(&self, act: impl FnOnce(&mut TwilioPhone) -> T) -> T {
        let mut state = self.twilio.state();
        act(state.phones.entry((self.number.clone(), self.sender.clone())).or_default())
    }

    /// Everything that was shown so far, for a story that went wrong and for a transcript.
    pub fn story(&self) -> String {
        let lines = self.screen().into_iter().map(|it| {
            let who = if it.mine { "Ada" } else { "bot" };
            let buttons = it.buttons.iter().map(|(label, _)| format!("[{label}]"));
            let buttons = buttons.collect::<Vec<_>>().join(" ");
            format!("\n---- {who}\n{}\n{buttons}", it.text)
        });
        lines.collect()
    }
}
