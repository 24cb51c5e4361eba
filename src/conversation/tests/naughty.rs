//! The big list of naughty strings, in every state and on every service.

use std::path::Path;

use adapters::{discord, telegram, whatsapp};

use super::always::{every_phase, was_answered};
use super::*;

/// What every service can do, and one that can do next to nothing.
fn every_vocabulary() -> Vec<Capabilities> {
    let terminal = Capabilities {
        secret_entry: SecretEntry::Hidden,
        text_unit: LengthUnit::Bytes,
        deletes_theirs: false,
        ..ConversationWorld::new().capabilities
    };
    let plain = Capabilities {
        edits: false,
        deletes_theirs: false,
        buttons_max: 0,
        text_max: 160,
        secret_entry: SecretEntry::Form,
        ..ConversationWorld::new().capabilities
    };
    let services =
        [telegram::capabilities(true), discord::capabilities(), whatsapp::capabilities()];
    services.into_iter().chain([terminal, plain]).collect()
}

#[test]
fn naughty_strings_are_answered_and_never_repeated() {
    let Ok(specs) = std::env::var("API_SPECS") else {
        println!("skipped: API_SPECS is not set, so the naughty strings are not at hand");
        return;
    };
    let file = Path::new(&specs).join("../vectors/blns.json");
    let naughty: Vec<String> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for can in every_vocabulary() {
        for mut ada in every_phase() {
            ada.capabilities = can.clone();
            let start = ada.state.clone();
            ada.says("\u{1}");
            let usual = ada.texts();
            for line in &naughty {
                ada.unread.clear();
                ada.state = start.clone();
                ada.says(line);
                was_answered(&ada, line);
                let reflected = |text: &&String| {
                    line.chars().count() > 12
                        && text.contains(line.as_str())
                        && !usual.contains(text)
                };
                assert_eq!(ada.texts().iter().find(reflected), None, "{line}");
            }
        }
    }
}
