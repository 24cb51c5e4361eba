//! Looks for secrets, as they are and as they may be disguised.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// How many bytes of a form are looked up at once.
const HEAD: usize = 8;

/// What is hunted: each secret's name, and its text in every form.
#[derive(Clone)]
pub struct SecretHunt {
    names: Vec<String>,
    /// By their first bytes, so that a place is read once whatever is hunted in it.
    forms: HashMap<[u8; HEAD], Vec<(usize, Vec<u8>)>>,
    /// With which byte one of them begins.
    begins: [bool; 256],
}

impl SecretHunt {
    pub fn of(secrets: &[(&str, &str)]) -> Self {
        let mut hunt = Self { names: Vec::new(), forms: HashMap::new(), begins: [false; 256] };
        for (name, secret) in secrets {
            assert!(secret.len() >= 16, "{name} is too short to be told from chance");
            for form in forms(secret) {
                hunt.begins[usize::from(form[0])] = true;
                let head = form.first_chunk().unwrap();
                hunt.forms.entry(*head).or_default().push((hunt.names.len(), form));
            }
            hunt.names.push((*name).to_owned());
        }
        hunt
    }

    /// The names of those that are in there, in the order in which they were given.
    pub fn found(&self, place: &[u8]) -> Vec<&str> {
        let mut found = vec![false; self.names.len()];
        for (at, byte) in place.iter().enumerate() {
            if !self.begins[usize::from(*byte)] {
                continue;
            }
            let rest = &place[at..];
            let Some(head) = rest.first_chunk() else { continue };
            for (name, form) in self.forms.get(head).into_iter().flatten() {
                found[*name] |= rest.starts_with(form);
            }
        }
        let names = self.names.iter().zip(found);
        names.filter(|(_, found)| *found).map(|(name, _)| name.as_str()).collect()
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

/// As it is, and in UTF-16; in hex, percent-encoded and escaped for JSON; and in base64 of either
/// alphabet, wherever it may stand in what was encoded.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let escape_all = |digits: fn(u8) -> String| secret.bytes().map(digits).collect::<String>();
    let json = serde_json::to_string(secret).unwrap();
    let json = json.trim_start_matches('"').trim_end_matches('"');
    let mut texts = vec![
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
            texts.push(encoded[clean].to_owned());
        }
    }
    let mut forms: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    forms.push(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms
}

#[test]
fn a_secret_is_found_in_every_disguise() {
    let secret = "fm2_lJPE/+\"secret\" of 1 person";
    let hunt = SecretHunt::of(&[("it", secret)]);
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
    let wide: Vec<u8> = padded("x").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(hunt.found(&wide), ["it"]);
    assert!(hunt.found(b"nothing of the kind").is_empty());
}
