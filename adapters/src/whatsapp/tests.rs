use std::path::Path;

use serde_json::Value;

use super::signature::{Signed, sign, verify};

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
            Some(body) => Signed::Body(body.as_bytes()),
            None => Signed::Form(&form),
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
    let made = sign("token", "https://bot.example/whatsapp", Signed::Form(&form));
    let fits = |url: &str, form: &[(String, String)], signature: &str| {
        verify("token", url, Signed::Form(form), signature)
    };
    assert!(fits("https://bot.example/whatsapp", &form, &made));
    assert!(fits("https://bot.example:443/whatsapp", &form, &made));
    assert!(!fits("https://evil.example/whatsapp", &form, &made));
    assert!(!fits("https://bot.example/whatsapp", &form[..1], &made));
    assert!(!fits("https://bot.example/whatsapp", &form, &made[..made.len() - 4]));
    assert!(!fits("https://bot.example/whatsapp", &form, ""));
    assert!(!verify("other", "https://bot.example/whatsapp", Signed::Form(&form), &made));
}
