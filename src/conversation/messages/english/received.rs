//! English: messages that are not taken as the person's own words.

use super::super::super::Exposure;

pub(super) const FORWARDED: &str = "That message was forwarded, so I do not take it as your \
                                    answer. Please write it yourself.";

pub(super) const UNSUPPORTED: &str =
    "I can only read text here, so I have not taken that. Please write it as a message.";

pub(super) const EDITED_TOO_LATE: &str = "I read your message before you edited it, so the edit \
                                          changes nothing. Please send what you want changed as a \
                                          new message.";

pub(super) fn exposed(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::Forwarded => {
            "That message was forwarded and may hold a credential. I take credentials only from \
             what you write yourself, so I have not used it. It also stands where it came from: \
             make a new one and send me that."
        }
        Exposure::Quoted => {
            "The message that you quote holds a credential. I have not used it. If you want me \
             to, send it as a message of your own."
        }
        Exposure::Edited => {
            "I read your message before you edited it, and it may hold a credential now. I have \
             not used it. If you want me to, send it as a new message."
        }
        Exposure::Elsewhere => {
            "That holds a credential, but I take one only from the text of a message. I have not \
             used it. If you want me to, send it as text."
        }
    }
}

pub(super) const DELETED: &str = "I deleted your message with the credential from this chat.";

pub(super) fn not_deleted(unanswered: bool) -> &'static str {
    match unanswered {
        true => {
            "I could not delete your message with the credential: the service has not answered \
             for an hour. Please delete it yourself."
        }
        false => {
            "I could not delete your message with the credential: the service does not let me, \
             for example because the message is older than two days. Please delete it yourself."
        }
    }
}
