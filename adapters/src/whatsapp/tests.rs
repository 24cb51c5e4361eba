use std::path::Path;

use serde_json::Value;

use super::signature::{SignedContent, sign, verify};

#[test]
fn twilios_own_signatures_are_judged_as_twilio_does() {
    let Ok(specs) = std::env::var("API_SPECS") else {
        println!("skipped: API_SPECS is not set, so Twilio's vectors are not checked");
        return;
    };
    let file = Path::new(&specs).join("../vectors/twilio_signature_official.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let vectors = all["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 16);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap_or_default();
        let form = pairs(&vector["params"]);
        let signed = match vector["body"].as_str() {
            Some(body) => SignedContent::Body(body.as_bytes()),
            None => SignedContent::Form(&form),
        };
        let verdict = verify(text("auth_token"), text("url"), signed, text("signature"));
        assert_eq!(Some(verdict), vector["expect"].as_bool(), "{}", text("name"));
    }
}

fn pairs(params: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match params {
        Value::Object(all) => all.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        Value::Array(all) => all.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_signature_fits_its_url_and_its_parameters_only() {
    let form = vec![("Body".to_owned(), "hi".to_owned()), ("From".to_owned(), "x".to_owned())];
    let made = sign("token", "https://bot.example/whatsapp", SignedContent::Form(&form));
    let fits = |url: &str, form: &[(String, String)], signature: &str| {
        verify("token", url, SignedContent::Form(form), signature)
    };
    assert!(fits("https://bot.example/whatsapp", &form, &made));
    assert!(fits("https://bot.example:443/whatsapp", &form, &made));
    assert!(!fits("https://evil.example/whatsapp", &form, &made));
    assert!(!fits("https://bot.example/whatsapp", &form[..1], &made));
    assert!(!fits("https://bot.example/whatsapp", &form, &made[..made.len() - 4]));
    assert!(!fits("https://bot.example/whatsapp", &form, ""));
    assert!(!verify("other", "https://bot.example/whatsapp", SignedContent::Form(&form), &made));
}

mod what_came_too_late {
    use tokio::time::{Duration, Instant, advance};

    use crate::chat::{ChatId, Outbound};
    use crate::whatsapp::state::WhatsAppState;

    fn sent(state: &mut WhatsAppState, chat: &ChatId, key: &str) {
        let message = Outbound::text(key, key);
        state.note_sent(chat, key, key, Instant::now(), Some(&message));
    }

    fn missed(state: &mut WhatsAppState, chat: &ChatId) -> Vec<String> {
        state.take_missed(chat).into_iter().map(|it| it.key).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn is_kept_though_the_failure_is_told_before_the_answer() {
        let (mut state, chat) = (WhatsAppState::default(), ChatId("ada".into()));
        assert_eq!(state.came_too_late("early"), None);
        sent(&mut state, &chat, "early");
        assert!(state.is_closed(&chat));
        assert_eq!(state.sent_as(&chat, "early"), None, "the same key is sent anew");
        assert!(state.record_inbound(&chat, "SM1"), "somebody waits");
        assert_eq!(missed(&mut state, &chat), ["early"]);
    }

    #[tokio::test(start_paused = true)]
    async fn is_sent_at_once_when_the_person_has_written_since() {
        let (mut state, chat) = (WhatsAppState::default(), ChatId("ada".into()));
        sent(&mut state, &chat, "late");
        advance(Duration::from_secs(1)).await;
        assert!(!state.record_inbound(&chat, "SM1"));
        assert_eq!(state.came_too_late("late"), Some(chat.clone()));
        assert_eq!(state.came_too_late("late"), None, "told twice");
        assert!(!state.is_closed(&chat));
        assert_eq!(missed(&mut state, &chat), ["late"]);
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_its_order_when_it_must_wait_again() {
        let (mut state, chat) = (WhatsAppState::default(), ChatId("ada".into()));
        for key in ["first", "second", "third"] {
            sent(&mut state, &chat, key);
        }
        state.came_too_late("first");
        state.came_too_late("second");
        let waiting = state.take_missed(&chat);
        state.came_too_late("third");
        state.put_back(&chat, waiting);
        assert_eq!(missed(&mut state, &chat), ["first", "second", "third"]);
    }

    #[tokio::test(start_paused = true)]
    async fn has_come_and_is_not_kept() {
        let (mut state, chat) = (WhatsAppState::default(), ChatId("ada".into()));
        sent(&mut state, &chat, "came");
        state.is_final("came");
        state.came_too_late("came");
        assert_eq!(missed(&mut state, &chat), [""; 0]);
    }
}
