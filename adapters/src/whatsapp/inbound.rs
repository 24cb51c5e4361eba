//! The content of a webhook. The signature binds names and values without separators, so one
//! signature fits two sets of parameters: each known name is taken once, parameters that repeat a
//! value must agree, and an unknown parameter that could be read as a known one is refused. Any
//! other unknown parameter is ignored: Twilio adds parameters without notice.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::WhatsAppChannel;
use super::webhook::FormFields;
use crate::chat::{
    Attachment, Author, ChatId, ChatType, Citation, CitationKind, Inbound, InboundContent,
    InboundId, MessageContext, MessageRef, SearchableText, UserId,
};

/// Parameters of an incoming message (Twilio's docs, "Twilio's request to your incoming message
/// webhook URL" and "WhatsApp-specific parameters"), those that are numbered aside.
const KNOWN: [&str; 48] = [
    "AccountSid",
    "ApiVersion",
    "Body",
    "ButtonPayload",
    "ButtonText",
    "ButtonType",
    "ChannelMetadata",
    "ErrorCode",
    "ErrorUrl",
    "FlowData",
    "Forwarded",
    "FrequentlyForwarded",
    "From",
    "FromCity",
    "FromCountry",
    "FromState",
    "FromZip",
    "InteractiveData",
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
    "ReferralBody",
    "ReferralCtwaClid",
    "ReferralHeadline",
    "ReferralMediaContentType",
    "ReferralMediaId",
    "ReferralMediaUrl",
    "ReferralNumMedia",
    "ReferralSourceId",
    "ReferralSourceType",
    "ReferralSourceUrl",
    "SmsMessageSid",
    "SmsSid",
    "SmsStatus",
    "To",
    "ToCountry",
    "WaId",
];

/// Media of one message (Twilio's limit): numbered with one digit.
const MEDIA_MAX: usize = 10;

/// The message is signed, but not of a form that Twilio sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InvalidMessage;

fn is_known(name: &str) -> bool {
    let numbered = ["MediaUrl", "MediaContentType"].iter().find_map(|it| name.strip_prefix(it));
    match numbered {
        Some(number) => matches!(number.as_bytes(), [b'0'..=b'9']),
        None => KNOWN.contains(&name),
    }
}

/// Whether a parameter whose name is unknown may be ignored. Name and value are signed as one text:
/// it must not begin with a known name, and must not hold one that is missing.
fn is_harmless(name: &str, value: &str, is_there: impl Fn(&str) -> bool) -> bool {
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let signed = Zeroizing::new([name, value].concat());
    let numbered = ["MediaUrl", "MediaContentType"];
    let hidden = |known: &&str| match signed.find(*known) {
        Some(0) => true,
        Some(_) => !is_there(known),
        None => false,
    };
    is_name && !KNOWN.iter().chain(&numbered).any(hidden)
}

impl WhatsAppChannel {
    /// The actions of the person: a text or a tap, and a file for each medium.
    pub(super) fn read(&self, form: &FormFields) -> Result<Vec<Inbound>, InvalidMessage> {
        let mut fields = BTreeMap::new();
        for (name, value) in form.iter().filter(|(name, _)| is_known(name)) {
            if fields.insert(name.as_str(), value.as_str()).is_some() {
                return Err(InvalidMessage);
            }
        }
        for (name, value) in form.iter().filter(|(name, _)| !is_known(name)) {
            let is_there = |known: &str| match known {
                "MediaUrl" | "MediaContentType" => fields.contains_key(&*format!("{known}0")),
                known => fields.contains_key(known),
            };
            if !is_harmless(name, value, is_there) {
                return Err(InvalidMessage);
            }
            tracing::debug!("a parameter that we do not know was ignored");
        }
        let field = |name: &str| fields.get(name).copied();
        let (from, sid) =
            (field("From").ok_or(InvalidMessage)?, field("MessageSid").ok_or(InvalidMessage)?);
        let wa_id = field("WaId").ok_or(InvalidMessage)?;
        let agrees = from == format!("whatsapp:+{wa_id}")
            && wa_id.bytes().all(|b| b.is_ascii_digit())
            && field("SmsMessageSid") == Some(sid)
            && is_sid(sid)
            && field("AccountSid") == Some(&self.account_sid)
            && field("To") == Some(&self.from);
        if !agrees {
            return Err(InvalidMessage);
        }
        // An answer to a message of the number itself would be an answer to its own answer.
        if from == self.from {
            return Ok(Vec::new());
        }
        let chat = ChatId(from.to_owned());
        let waited_for = self.state().record_inbound(&chat, sid);
        if waited_for {
            self.inbox.reachable(chat.clone());
        }
        let message = MessageRef { chat: chat.clone(), id: sid.to_owned() };
        let (body, citations) = words(&fields);
        let context = MessageContext { citations, edit: None, searchable: searchable(&fields) };
        let inbound = |id: String, content| Inbound {
            id: InboundId(id),
            chat: chat.clone(),
            from: UserId(from.to_owned()),
            place: ChatType::Private,
            locale: None,
            message: Some(message.clone()),
            content,
            context: context.clone(),
        };
        let media = media(&fields, sid, body);
        if !media.is_empty() {
            let numbered = media.into_iter().enumerate();
            let numbered = numbered.map(|(n, file)| {
                let mut one = inbound(format!("{sid}/{n}"), InboundContent::File(Box::new(file)));
                if n > 0 {
                    one.context.citations.iter_mut().for_each(|it| it.text.clear());
                }
                one
            });
            return Ok(numbered.collect());
        }
        let content = match field("ButtonPayload") {
            Some(payload) => {
                let question = field("OriginalRepliedMessageSid").filter(|it| is_sid(it));
                let message =
                    question.map(|sid| MessageRef { chat: chat.clone(), id: sid.to_owned() });
                InboundContent::Tap { button: payload.to_owned(), message }
            }
            None if body.is_empty() && context.citations.is_empty() => InboundContent::Unsupported,
            None => InboundContent::Text(Zeroizing::new(body.to_owned())),
        };
        Ok(vec![inbound(sid.to_owned(), content)])
    }
}

/// The sender's own words, and those of others. Twilio marks a forwarded message without its
/// author; an advertisement that led here has words of its own.
fn words<'a>(fields: &BTreeMap<&str, &'a str>) -> (&'a str, Vec<Citation>) {
    let field = |name: &str| fields.get(name).copied().unwrap_or_default();
    let is_forwarded = ["Forwarded", "FrequentlyForwarded"].iter().any(|name| {
        let said = field(name);
        !said.is_empty() && !said.eq_ignore_ascii_case("false")
    });
    let body = field("Body");
    if is_forwarded {
        return ("", vec![Citation::new(CitationKind::Forwarded, Author::Hidden, body)]);
    }
    let referral = [field("ReferralHeadline"), field("ReferralBody")];
    let referral: Vec<_> = referral.into_iter().filter(|text| !text.is_empty()).collect();
    let quoted = Citation::new(CitationKind::Quoted, Author::Hidden, referral.join("\n"));
    (body, if referral.is_empty() { Vec::new() } else { vec![quoted] })
}

/// Every text that is not an id or a number.
fn searchable(fields: &BTreeMap<&str, &str>) -> SearchableText {
    let is_text = |name: &str| {
        let is_address =
            name.ends_with("Sid") || name.ends_with("Url") || name.starts_with("Media");
        !is_address && !matches!(name, "From" | "To" | "WaId")
    };
    let texts = fields.iter().filter(|(name, _)| is_text(name)).map(|(_, text)| *text);
    SearchableText(Zeroizing::new(texts.collect::<Vec<_>>().join("\n")))
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
