use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// The official vectors of superfly/macaroon.
#[derive(Deserialize)]
struct MacaroonVectors {
    location: String,
    key: String,
    kid: String,
    macaroons: BTreeMap<String, String>,
    /// The bundle, the set of caveats to add, and the resulting bundle.
    attenuation: BTreeMap<String, BTreeMap<String, String>>,
    caveats: BTreeMap<String, String>,
    with_tps: String,
}

fn vectors() -> Option<MacaroonVectors> {
    let Some(specs) = std::env::var_os("API_SPECS") else {
        eprintln!(
            "skipped: API_SPECS is not set, so the official macaroon vectors are out of reach"
        );
        return None;
    };
    let path = PathBuf::from(specs).join("../vectors/fly_macaroon_vectors.json");
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

fn bundle(header: &str) -> impl Iterator<Item = &str> {
    header.strip_prefix("FlyV1 ").unwrap().split(',')
}

fn unbase64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

fn caveat_set(base64: &str) -> Vec<EncodedCaveat> {
    EncodedCaveat::read_all(&mut MessagePackReader(&unbase64(base64))).unwrap()
}

fn packed(caveat: Caveat) -> String {
    STANDARD.encode(EncodedCaveat::new(caveat).signed())
}

fn apps(ids: [u64; 2]) -> Caveat {
    Caveat::Apps(ids.map(|id| (id, Caveat::ALL)).into())
}

fn a_token() -> Macaroon {
    let mut token = Macaroon::mint(b"key", b"kid", [7; 16], PERMISSION_LOCATION);
    token.attenuate(Caveat::Organization { id: 123, mask: Caveat::ALL });
    token
}

#[test]
fn every_official_token_is_read_verified_and_written_again_byte_for_byte() {
    let Some(vectors) = vectors() else { return };
    assert!(!vectors.macaroons.is_empty());
    for (name, header) in &vectors.macaroons {
        let text = bundle(header).next().unwrap();
        let token = Macaroon::decode(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(*token.encode(), text, "{name}");
        assert_eq!(token.location(), vectors.location, "{name}");
        assert_eq!(token.caveats().count(), 1, "{name}");
        if token.is_proof() {
            continue;
        }
        assert_eq!(token.kid(), unbase64(&vectors.kid), "{name}");
        assert!(token.verify(&unbase64(&vectors.key)), "{name}");
        assert!(!token.verify(b"another key"), "{name}");
    }
}

#[test]
fn every_official_caveat_is_the_same_in_its_token_and_alone() {
    let Some(vectors) = vectors() else { return };
    for (name, base64) in &vectors.caveats {
        let alone = caveat_set(base64).remove(0);
        assert_eq!(packed(alone.caveat().clone()), *base64, "{name}");
        if let Some(header) = vectors.macaroons.get(name) {
            let token = Macaroon::decode(bundle(header).next().unwrap()).unwrap();
            assert_eq!(token.caveats().next(), Some(alone.caveat()), "{name}");
        }
    }
}

#[test]
fn official_caveats_that_we_write_are_written_as_fly_writes_them() {
    let Some(vectors) = vectors() else { return };
    let ours = [
        ("Organization", Caveat::Organization { id: 123, mask: Caveat::ALL }),
        ("Mutations", Caveat::Mutations(vec!["foo".to_owned()])),
        ("BindToParentToken", Caveat::BindToParent(vec![1, 2, 3])),
    ];
    for (name, caveat) in ours {
        assert_eq!(caveat_set(&vectors.caveats[name])[0].caveat(), &caveat, "{name}");
        assert_eq!(packed(caveat), vectors.caveats[name], "{name}");
    }
}

#[test]
fn every_official_attenuation_comes_out_as_fly_computes_it() {
    let Some(vectors) = vectors() else { return };
    for (before, after) in &vectors.attenuation {
        assert!(after.len() > 10);
        for (added, after) in after {
            for (before, after) in bundle(before).zip(bundle(after)) {
                let mut token = Macaroon::decode(before).unwrap();
                if token.location() == vectors.location {
                    for caveat in caveat_set(added) {
                        token.attenuate(caveat.caveat().clone());
                    }
                    assert!(token.verify(&unbase64(&vectors.key)), "{added}");
                }
                assert_eq!(*token.encode(), after, "{added}");
            }
        }
    }
}

#[test]
fn a_third_party_caveat_names_the_ticket_of_its_discharge() {
    let Some(vectors) = vectors() else { return };
    let tokens: Vec<_> =
        bundle(&vectors.with_tps).map(|text| Macaroon::decode(text).unwrap()).collect();
    let [permission, discharge] = &tokens[..] else { panic!("two tokens") };
    let tickets: Vec<_> = permission
        .caveats()
        .map(|caveat| match caveat {
            Caveat::ThirdParty { location, ticket, .. } => (location.as_str(), ticket.as_slice()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(tickets[0], ("discharged", discharge.kid()));
    assert_eq!(tickets[1].0, "undischarged");
    assert!(permission.verify(&unbase64(&vectors.key)));
}

#[test]
fn known_caveats_survive_writing_and_reading() {
    let caveats = [
        Caveat::Organization { id: u64::MAX, mask: Caveat::READ },
        Caveat::Volumes(BTreeMap::from([("vol_1".to_owned(), Caveat::ALL)])),
        apps([1, 1 << 40]),
        Caveat::ValidityWindow { not_before: -1, not_after: 1_800_000_000 },
        Caveat::Mutations(Vec::new()),
        Caveat::Machines(BTreeMap::from([("148".to_owned(), Caveat::CONTROL)])),
        Caveat::ThirdParty {
            location: "https://api.fly.io/aaa/v1".to_owned(),
            verifier_key: vec![1; 60],
            ticket: vec![2; 300],
        },
        Caveat::BindToParent(vec![0; 16]),
        Caveat::FromMachine("148".to_owned()),
        Caveat::Action(Caveat::READ),
        Caveat::Other { kind: 1 << 48, body: vec![0xc0] },
    ];
    let mut token = Macaroon::mint(b"key", b"kid", [0; 16], PERMISSION_LOCATION);
    caveats.iter().for_each(|caveat| token.attenuate(caveat.clone()));

    let read = Macaroon::decode(&token.encode()).unwrap();

    assert!(read.caveats().eq(&caveats));
    assert!(read.verify(b"key"));
}

#[test]
fn a_caveat_whose_body_is_not_as_we_know_it_is_kept_as_it_came() {
    let odd = Caveat::Other { kind: 4, body: vec![0xa3, b'o', b'd', b'd'] };
    let mut token = a_token();
    token.attenuate(odd.clone());

    let read = Macaroon::decode(&token.encode()).unwrap();

    assert_eq!(read.caveats().last(), Some(&odd));
    assert!(read.verify(b"key"));
}

#[test]
fn the_same_restriction_is_added_once() {
    let mut token = a_token();
    token.attenuate(apps([1, 2]));
    let once = token.encode();
    token.attenuate(apps([1, 2]));
    assert_eq!(token.encode(), once);
}

#[test]
fn a_token_cut_off_anywhere_says_so() {
    let whole = a_token().encode();
    let unpadded = whole.trim_end_matches('=').len();
    for end in "fm2_".len()..unpadded {
        let cut = Macaroon::decode(&whole[..end]).err();
        assert_eq!(cut, Some(DecodeError::CutOff), "after {end} characters");
    }
    assert!(Macaroon::decode(&whole[..unpadded]).is_ok(), "padding says nothing");
}

#[test]
fn a_text_that_is_no_token_is_refused() {
    let nonsense =
        ["", "fm2", "hello", "fo1_abcdef", "sk-ant-api03-abc", "fm2_ä", "fm2_kA==", "fm2_!!!!"];
    for text in nonsense {
        assert_eq!(Macaroon::decode(text).err(), Some(DecodeError::NotAToken), "{text}");
    }
    let followed = [a_token().encode().trim_end_matches('='), "AAAA"].concat();
    assert_eq!(Macaroon::decode(&followed).err(), Some(DecodeError::NotAToken));
    let deep = format!("fm2_{}", STANDARD.encode([[0x91; 1000].as_slice(), &[0xc0]].concat()));
    assert_eq!(Macaroon::decode(&deep).err(), Some(DecodeError::NotAToken));
    let long = format!("fm2_{}", "A".repeat(TOKEN_MAX));
    assert_eq!(Macaroon::decode(&long).err(), Some(DecodeError::TooLong));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "fm2_[A-Za-z0-9+/=]{0,200}") {
        let _ = Macaroon::decode(&text);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = format!("fm2_{}", STANDARD.encode([&[0x94, 0x93], bytes.as_slice()].concat()));
        let _ = Macaroon::decode(&text);
    }

    #[test]
    fn a_changed_byte_is_noticed(place in 0_usize..100, by in 1_u8..) {
        let whole = a_token();
        let text = whole.encode();
        let mut bytes = unbase64(text.strip_prefix("fm2_").unwrap());
        let place = place % bytes.len();
        bytes[place] ^= by;
        let changed = Macaroon::decode(&format!("fm2_{}", STANDARD.encode(&bytes)));
        let location = b"https://api.fly.io/v1";
        let unsigned = bytes.windows(location.len()).all(|window| window != location);
        let is_broken = changed.is_err();
        let is_refused = changed.is_ok_and(|token| !token.verify(b"key"));
        prop_assert!(unsigned || is_broken || is_refused);
    }
}
