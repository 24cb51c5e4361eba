//! The texts of the pages, in each language, as the JSON that their scripts read.

use serde_json::{Map, Value};

use crate::messages::{Locale, LocalizedText};

/// The texts of a page, each under the name that its script uses.
pub(crate) type PageTexts = &'static [(&'static str, LocalizedText)];

pub(crate) const FORM: PageTexts = &[
    ("for", LocalizedText::new("form-page-for")),
    ("asks", LocalizedText::new("form-page-asks")),
    ("whose", LocalizedText::new("form-page-whose")),
    ("warning", LocalizedText::new("form-page-warning")),
    ("yes", LocalizedText::new("form-page-yes")),
    ("no", LocalizedText::new("form-page-no")),
    ("send", LocalizedText::new("form-page-send")),
    ("show", LocalizedText::new("form-page-show")),
    ("hide", LocalizedText::new("form-page-hide")),
    ("checking", LocalizedText::new("form-page-checking")),
    ("sending", LocalizedText::new("form-page-sending")),
    ("offline", LocalizedText::new("form-page-offline")),
    ("nothing", LocalizedText::new("form-page-nothing")),
    ("back", LocalizedText::new("form-page-back")),
    ("small", LocalizedText::new("form-page-small")),
];

pub(crate) const CHAT: PageTexts = &[
    ("up", LocalizedText::new("chat-page-up")),
    ("connecting", LocalizedText::new("chat-page-connecting")),
    ("lost", LocalizedText::new("chat-page-lost")),
    ("asleep", LocalizedText::new("chat-page-asleep")),
    ("nokey", LocalizedText::new("chat-page-nokey")),
    ("write", LocalizedText::new("chat-page-write")),
    ("secret", LocalizedText::new("chat-page-secret")),
    ("send", LocalizedText::new("chat-page-send")),
    ("attach", LocalizedText::new("chat-page-attach")),
    ("typing", LocalizedText::new("chat-page-typing")),
    ("waiting", LocalizedText::new("chat-page-waiting")),
    ("uploading", LocalizedText::new("chat-page-uploading")),
    ("large", LocalizedText::new("chat-page-large")),
    ("full", LocalizedText::new("chat-page-full")),
    ("notsent", LocalizedText::new("chat-page-notsent")),
    ("save", LocalizedText::new("chat-page-save")),
    ("gone", LocalizedText::new("chat-page-gone")),
    ("hidden", LocalizedText::new("chat-page-hidden")),
];

/// An object with one object per language code. No text can end the script element around it.
pub(super) fn json(texts: PageTexts) -> String {
    let said = |locale: Locale| -> Map<String, Value> {
        texts.iter().map(|(name, words)| ((*name).to_owned(), words.said(locale).into())).collect()
    };
    let all: Map<String, Value> = Locale::ALL
        .into_iter()
        .map(|locale| (locale.code().to_owned(), Value::Object(said(locale))))
        .collect();
    Value::Object(all).to_string().replace('<', "\\u003c")
}
