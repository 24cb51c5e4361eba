//! Looks for secrets, as they are and as they may be disguised.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What is hunted: each secret's name, and its text in every form.
#[derive(Clone)]
pub struct Hunt(Vec<(String, Vec<String>)>);

impl Hunt {
    pub fn of(secrets: &[(&str, &str)]) -> Self {
        let hunted = secrets.iter().map(|(name, secret)| {
            assert!(secret.len() >= 16, "{name} is too short to be told from chance");
            ((*name).to_owned(), forms(secret))
        });
        Self(hunted.collect())
    }

    /// The names of those that are in there.
    pub fn found(&self, place: &[u8]) -> Vec<&str> {
        let place = String::from_utf8_lossy(place);
        let is_there = |forms: &Vec<String>| forms.iter().any(|form| place.contains(form));
        self.0.iter().filter(|(_, forms)| is_there(forms)).map(|(name, _)| name.as_str()).collect()
    }

    /// Panics when one of them is in there.
    pub fn finds_nothing(&self, place: &str, content: impl AsRef<[u8]>) {
        let found = self.found(content.as_ref());
        assert!(found.is_empty(), "in {place}: {found:?}");
    }

    /// The files in and below `dir` that hold one of them.
    pub fn files(&self, dir: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for file in files(dir) {
            // A socket or a file that went away meanwhile holds nothing.
            let Ok(content) = std::fs::read(&file) else { continue };
            for name in self.found(&content) {
                found.push(format!("{name} in {}", file.display()));
            }
        }
        found
    }
}

pub fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(self::files(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

/// As it is; in hex, percent-encoded and escaped for JSON; and in base64 of either alphabet, wherever it
/// may stand in what was encoded.
fn forms(secret: &str) -> Vec<String> {
    let escape_all = |digits: fn(u8) -> String| secret.bytes().map(digits).collect::<String>();
    let json = serde_json::to_string(secret).unwrap();
    let json = json.trim_start_matches('"').trim_end_matches('"');
    let mut forms = vec![
        secret.to_owned(),
        hex::encode(secret),
        hex::encode_upper(secret),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        escape_all(|byte| format!("%{byte:02X}")),
        escape_all(|byte| format!("%{byte:02x}")),
        escape_all(|byte| format!("\\u{byte:04x}")),
        json.to_owned(),
        json.replace('/', "\\/"),
    ];
    for before in 0..3 {
        let shifted = [vec![0; before], secret.as_bytes().to_vec()].concat();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            // The first and last characters are shared with what stands before and after.
            let clean = before * 8_usize.div_ceil(6)..shifted.len() / 3 * 4;
            forms.push(encoded[clean].to_owned());
        }
    }
    forms
}

#[test]
fn a_secret_is_found_in_every_disguise() {
    let secret = "fm2_lJPE/+\"secret\" of 1 person";
    let hunt = Hunt::of(&[("it", secret)]);
    let padded = |before: &str| format!("{before}{secret}, and more");
    let disguises = [
        secret.to_owned(),
        hex::encode(padded("x")),
        hex::encode_upper(secret),
        STANDARD_NO_PAD.encode(padded("")),
        STANDARD_NO_PAD.encode(padded("a")),
        URL_SAFE_NO_PAD.encode(padded("ab")),
        URL_SAFE_NO_PAD.encode(padded("abc")),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        serde_json::to_string(secret).unwrap(),
    ];
    for disguise in disguises {
        let planted = format!("before {disguise} after \u{fffd}");
        assert_eq!(hunt.found(planted.as_bytes()), ["it"], "{disguise}");
    }
    assert!(hunt.found(b"nothing of the kind").is_empty());
}
