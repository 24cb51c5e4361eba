//! What a webhook says. The signature binds names and values without separators, so one signature fits two
//! sets of parameters: only names that Twilio documents are taken, each once, and what can be said twice
//! must agree.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::WhatsApp;
use super::webhook::Form;
use crate::chat::{Attachment, ChatId, Content, Inbound, InboundId, MessageRef, Place, UserId};

/// Parameters of an incoming message (Twilio's docs, "Twilio's request to your incoming message webhook URL"
/// and "WhatsApp-specific parameters"), those that are numbered aside.
const KNOWN: [&str; 37] = [
    "AccountSid",
    "ApiVersion",
    "Body",
    "ButtonPayload",
    "ButtonText",
    "ButtonType",
    "ChannelMetadata",
    "ErrorCode",
    "ErrorUrl",
    "Forwarded",
    "FrequentlyForwarded",
    "From",
    "FromCity",
    "FromCountry",
    "FromState",
    "FromZip",
    "Latitude",
    "Longitude",
    "Address",
    "Label",
    "ListId",
    "ListTitle",
    "MessageSid",
    "MessageType",
    "MessagingServiceSid",
    "NumMedia",
    "NumSegments",
    "OriginalRepliedMessageSender",
    "OriginalRepliedMessageSid",
    "ProfileName",
    "ReferralNumMedia",
    "SmsMessageSid",
    "SmsSid",
    "SmsStatus",
    "To",
    "ToCountry",
    "WaId",
];

/// Media of one message (Twilio's limit): numbered with one digit.
const MEDIA_MAX: usize = 10;

/// It is signed, and yet not a message as Twilio sends them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAMessage;

fn is_known(name: &str) -> bool {
    let numbered = ["MediaUrl", "MediaContentType"].iter().find_map(|it| name.strip_prefix(it));
    match numbered {
        Some(number) => matches!(number.as_bytes(), [b'0'..=b'9']),
        None => KNOWN.contains(&name),
    }
}

impl WhatsApp {
    /// What the person did: a text or a tap, and a file for each medium.
    pub(super) fn read(&self, form: &Form) -> Result<Vec<Inbound>, NotAMessage> {
        let mut fields = BTreeMap::new();
        for (name, value) in form {
            if !is_known(name) || fields.insert(name.as_str(), value.as_str()).is_some() {
                return Err(NotAMessage);
            }
        }
        let field = |name: &str| fields.get(name).copied();
        let (from, sid) =
            (field("From").ok_or(NotAMessage)?, field("MessageSid").ok_or(NotAMessage)?);
        let wa_id = field("WaId").ok_or(NotAMessage)?;
        let agrees = from == format!("whatsapp:+{wa_id}")
            && wa_id.bytes().all(|b| b.is_ascii_digit())
            && field("SmsMessageSid") == Some(sid)
            && is_sid(sid)
            && field("AccountSid") == Some(&self.account_sid)
            && field("To") == Some(&self.from);
        if !agrees {
            return Err(NotAMessage);
        }
        // What the number itself says would be an answer to its own answer.
        if from == self.from {
            return Ok(Vec::new());
        }
        let chat = ChatId(from.to_owned());
        let waited_for = self.state().heard(&chat, sid);
        if waited_for {
            self.inbox.reachable(chat.clone());
        }
        let message = MessageRef { chat: chat.clone(), id: sid.to_owned() };
        let inbound = |id: String, content| Inbound {
            id: InboundId(id),
            chat: chat.clone(),
            from: UserId(from.to_owned()),
            place: Place::Private,
            locale: None,
            message: Some(message.clone()),
            content,
        };
        let body = field("Body").unwrap_or_default();
        let media = media(&fields, sid, body);
        if !media.is_empty() {
            let numbered = media.into_iter().enumerate();
            return Ok(numbered
                .map(|(n, file)| inbound(format!("{sid}/{n}"), Content::File(Box::new(file))))
                .collect());
        }
        let content = match field("ButtonPayload") {
            Some(payload) => {
                let question = field("OriginalRepliedMessageSid").filter(|it| is_sid(it));
                let message =
                    question.map(|sid| MessageRef { chat: chat.clone(), id: sid.to_owned() });
                Content::Tap { button: payload.to_owned(), message }
            }
            None => Content::Text(Zeroizing::new(body.to_owned())),
        };
        Ok(vec![inbound(sid.to_owned(), content)])
    }
}

fn media(fields: &BTreeMap<&str, &str>, sid: &str, body: &str) -> Vec<Attachment> {
    let count = fields.get("NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0);
    let medium = |n: usize| {
        let url = fields.get(format!("MediaUrl{n}").as_str())?;
        let medium = url.rsplit('/').next().filter(|it| is_sid(it))?;
        let kind = fields.get(format!("MediaContentType{n}").as_str()).map(|it| (*it).to_owned());
        let ending = kind.as_deref().and_then(|kind| kind.split('/').nth(1)).unwrap_or("bin");
        let ending: String = ending.chars().take_while(char::is_ascii_alphanumeric).collect();
        Some(Attachment {
            id: format!("{sid}/{medium}"),
            name: format!("file-{n}.{ending}"),
            media_type: kind,
            bytes: None,
            caption: if n == 0 { body.to_owned() } else { String::new() },
        })
    };
    (0..count.min(MEDIA_MAX)).filter_map(medium).collect()
}

/// Two capital letters and 32 hexadecimal digits, so that it can stand in a path.
pub(super) fn is_sid(text: &str) -> bool {
    let Some((kind, number)) = text.as_bytes().split_at_checked(2) else { return false };
    number.len() == 32
        && kind.iter().all(u8::is_ascii_uppercase)
        && number.iter().all(u8::is_ascii_hexdigit)
}
