//! The files of texts agree with each other and with the sources, and render whatever is put into
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fluent_syntax::ast::{
    Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey,
};
use fluent_syntax::parser;

use super::*;
use crate::phrase;

/// The variables of a message, each with the keys by which it selects variants; no keys if it does
/// not.
type Variables = BTreeMap<String, BTreeSet<String>>;

/// Arguments as people and vendors may write them.
fn strange_values() -> [String; 8] {
    [
        "Zoë 👩🏽‍💻 🏳️‍🌈".to_owned(),
        "שלום עולם مرحبا".to_owned(),
        "<b>*bold*</b> _it_ `code` [a](https://b.example) ||s|| \\".to_owned(),
        "{ $name } { \"x\" } {{ }} { -term }".to_owned(),
        "one\ntwo\r\n\n    four".to_owned(),
        "other".to_owned(),
        String::new(),
        "ß".repeat(4_000),
    ]
}

const PLURAL_CATEGORIES: [&str; 5] = ["zero", "one", "two", "few", "many"];

fn is_number(keys: &BTreeSet<String>) -> bool {
    let is_numeric =
        |key: &String| key.parse::<u64>().is_ok() || PLURAL_CATEGORIES.contains(&key.as_str());
    keys.iter().any(is_numeric)
}

/// The messages of a language; panics where a file does not parse or an id stands twice.
fn catalogue(locale: Locale) -> BTreeMap<String, Variables> {
    let mut messages = BTreeMap::new();
    for file in locale.files() {
        let resource = parser::parse(*file).unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
        for entry in resource.body {
            match entry {
                Entry::Message(message) => {
                    let id = message.id.name.to_owned();
                    assert!(message.attributes.is_empty(), "{id} has attributes");
                    let mut variables = Variables::new();
                    collect(&message.value.expect("a message has a text"), &mut variables);
                    assert_eq!(messages.insert(id.clone(), variables), None, "{id} stands twice");
                }
                Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
                other => panic!("neither message nor comment: {other:?}"),
            }
        }
    }
    messages
}

fn collect(pattern: &Pattern<&str>, variables: &mut Variables) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        match expression {
            Expression::Inline(inline) => collect_inline(inline, variables),
            Expression::Select { selector, variants } => {
                let InlineExpression::VariableReference { id } = selector else {
                    panic!("selects by something else than a variable: {selector:?}")
                };
                let keys = variables.entry(id.name.to_owned()).or_default();
                keys.extend(variants.iter().map(|variant| match variant.key {
                    VariantKey::Identifier { name } => name.to_owned(),
                    VariantKey::NumberLiteral { value } => value.to_owned(),
                }));
                for variant in variants {
                    collect(&variant.value, variables);
                }
            }
        }
    }
}

fn collect_inline(inline: &InlineExpression<&str>, variables: &mut Variables) {
    match inline {
        InlineExpression::VariableReference { id } => {
            variables.entry(id.name.to_owned()).or_default();
        }
        InlineExpression::StringLiteral { .. } => {}
        other => panic!("not used here: {other:?}"),
    }
}

/// Each use of a message in the sources: its id and the names of its arguments.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let mut uses = BTreeMap::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
                let source = code(&std::fs::read_to_string(&path).unwrap());
                for call in ["phrase!(", "LocalizedText::new("] {
                    for (at, _) in source.match_indices(call) {
                        let Some((id, names)) = arguments(&source[at + call.len()..]) else {
                            continue;
                        };
                        let before = uses.insert(id.clone(), names.clone());
                        let agrees = before.is_none_or(|before| before == names);
                        assert!(agrees, "{id} is used with different arguments");
                    }
                }
            }
        }
    }
    uses
}

/// A source without its comments.
fn code(source: &str) -> String {
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The id and the names of the arguments of a call that begins here; none without a literal id.
fn arguments(call: &str) -> Option<(String, BTreeSet<String>)> {
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    let mut parts = vec![String::new()];
    for character in call.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = in_text,
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => depth += 1,
            ')' | ']' | '}' if !in_text && depth == 0 => break,
            ')' | ']' | '}' if !in_text => depth -= 1,
            ',' if !in_text && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut()?.push(character);
    }
    let mut parts = parts.iter().map(|part| part.trim());
    let id = parts.find_map(|part| part.strip_prefix('"')?.strip_suffix('"'))?;
    let name = |part: &str| Some(part.split_once(" = ")?.0.to_owned());
    Some((id.to_owned(), parts.filter_map(name).collect()))
}

#[test]
fn the_sources_and_each_language_name_the_same_messages_and_arguments() {
    let uses = uses();
    for locale in Locale::ALL {
        let written: BTreeMap<_, BTreeSet<_>> = catalogue(locale)
            .into_iter()
            .map(|(id, variables)| (id, variables.into_keys().collect()))
            .collect();
        for (id, names) in &uses {
            assert_eq!(written.get(id), Some(names), "{id} in {locale:?}");
        }
        let unused: Vec<_> = written.keys().filter(|id| !uses.contains_key(*id)).collect();
        assert_eq!(unused, Vec::<&String>::new(), "unused in {locale:?}");
    }
}

#[test]
fn each_language_distinguishes_the_same_words() {
    let words = |locale| -> BTreeMap<_, BTreeMap<_, _>> {
        let by_word = |(_, keys): &(String, BTreeSet<String>)| !is_number(keys);
        let messages = catalogue(locale).into_iter();
        messages.map(|(id, all)| (id, all.into_iter().filter(by_word).collect())).collect()
    };
    for locale in Locale::ALL {
        assert_eq!(words(locale), words(Locale::default()), "{locale:?}");
    }
}

#[test]
fn every_message_renders_in_every_language_whatever_its_arguments_are() {
    for locale in Locale::ALL {
        for (id, variables) in catalogue(locale) {
            for strange in strange_values() {
                let text = rendered(locale, &id, &variables, &strange);
                assert!(!text.is_empty(), "{id} says nothing in {locale:?}");
            }
        }
    }
}

/// All variants of a message, each with the same value where nothing is selected.
fn rendered(locale: Locale, id: &str, variables: &Variables, strange: &str) -> String {
    let values = |keys: &BTreeSet<String>| -> Vec<FluentValue<'static>> {
        match keys {
            keys if keys.is_empty() => vec![FluentValue::from(strange.to_owned())],
            keys if is_number(keys) => {
                let chosen = keys.iter().filter_map(|key| key.parse::<u64>().ok());
                chosen.chain([0, 1, 2, 5, 21, 4_000]).map(FluentValue::from).collect()
            }
            keys => keys.iter().cloned().map(FluentValue::from).collect(),
        }
    };
    let mut choices: Vec<Vec<(&str, FluentValue<'static>)>> = vec![Vec::new()];
    for (name, keys) in variables {
        let with = |choice: &Vec<(&'static str, FluentValue<'static>)>, value| {
            let mut choice = choice.clone();
            choice.push((name.clone().leak() as &str, value));
            choice
        };
        choices = choices
            .iter()
            .flat_map(|choice| values(keys).into_iter().map(move |value| with(choice, value)))
            .collect();
    }
    let mut all = String::new();
    for choice in choices {
        let mut errors = Vec::new();
        let text = format(locale, id, &choice, &mut errors).expect("it has a text");
        assert!(errors.is_empty(), "{id} in {locale:?}: {errors:?}");
        let marks = text.chars().filter(|c| ('\u{2066}'..='\u{2069}').contains(c)).count();
        assert_eq!(marks, 0, "{id} in {locale:?} holds marks that a chat shows as boxes");
        let rest = text.replace(strange, "");
        assert!(strange.contains(['{', '}']) || !rest.contains(['{', '}']), "{id}: {rest}");
        all.push_str(&text);
    }
    let shown = variables.values().any(BTreeSet::is_empty);
    assert!(!shown || all.contains(strange), "{id} in {locale:?} alters {strange:?}");
    all
}

#[test]
fn plural_forms_follow_the_number() {
    let dropped = |count: u64| phrase!(Locale::German, "relay-stopping", dropped = count);
    assert_eq!(dropped(0), "Ich halte an.");
    assert_eq!(dropped(1), "Ich halte an. Eine wartende Nachricht ist verworfen.");
    assert_eq!(dropped(2), "Ich halte an. 2 wartende Nachrichten sind verworfen.");
}

#[test]
fn numbers_and_amounts_are_written_as_the_language_writes_them() {
    let written = |locale: Locale| [locale.grouped(5_000_000), dollars(locale, 1_205)];
    assert_eq!(written(Locale::English), ["5,000,000", "$12.05"]);
    assert_eq!(written(Locale::German), ["5.000.000", "12,05 $"]);
}

#[test]
fn alternatives_are_joined_as_the_language_joins_them() {
    assert_eq!(any_of(Locale::English, &[]), "");
    assert_eq!(any_of(Locale::English, &["fra"]), "fra");
    assert_eq!(any_of(Locale::English, &["fra", "ams", "cdg"]), "fra, ams or cdg");
    assert_eq!(any_of(Locale::German, &["fra", "ams"]), "fra oder ams");
}
