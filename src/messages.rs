//! Every sentence that a person reads, rendered from the Fluent files in `messages/{en,de}`.
//!
//! The test beside this file compares the files with each other and with the uses of [`phrase!`]
//! and [`LocalizedText::new`] in the sources: each id and each argument exists on both sides.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};

pub mod answer;
mod locale;

#[cfg(test)]
mod tests;

pub use locale::Locale;

/// Renders a message in a language: `phrase!(locale, "id", name = value, ..)`.
#[macro_export]
macro_rules! phrase {
    ($locale:expr, $id:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::messages::render(
            $locale,
            $id,
            &[$((stringify!($name), $crate::messages::Argument::value(&$value))),*],
        )
    };
}

/// A message without arguments, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalizedText(&'static str);

impl LocalizedText {
    /// The message with this id.
    pub const fn new(id: &'static str) -> Self {
        Self(id)
    }

    /// Renders it in this language.
    pub fn said(self, locale: Locale) -> String {
        render(locale, self.0, &[])
    }

    /// The text in each language, with the language's code.
    pub fn in_all(self) -> Vec<(String, String)> {
        let texts = Locale::ALL.map(|locale| (locale.code().to_owned(), self.said(locale)));
        texts.into()
    }
}

/// A value that a message may show or select by.
pub trait Argument {
    /// The value for Fluent. Numbers select plural forms; booleans are the words `true` and
    /// `false`.
    fn value(&self) -> FluentValue<'_>;
}

impl Argument for bool {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(if *self { "true" } else { "false" })
    }
}

impl Argument for str {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(self)
    }
}

impl Argument for String {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(self.as_str())
    }
}

impl<T: Argument + ?Sized> Argument for &T {
    fn value(&self) -> FluentValue<'_> {
        (**self).value()
    }
}

macro_rules! number_arguments {
    ($($number:ty)*) => {$(
        impl Argument for $number {
            fn value(&self) -> FluentValue<'_> {
                FluentValue::from(*self)
            }
        }
    )*};
}

number_arguments!(u8 u16 u32 u64 usize i64);

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: [OnceLock<Bundle>; Locale::ALL.len()] =
    [const { OnceLock::new() }; Locale::ALL.len()];

/// Renders the message with this id. A fault in a file of texts shows the id or the name of the
/// argument instead of a text.
pub fn render(locale: Locale, id: &str, arguments: &[(&'static str, FluentValue<'_>)]) -> String {
    let mut errors = Vec::new();
    let text = format(locale, id, arguments, &mut errors);
    if text.is_none() || !errors.is_empty() {
        tracing::error!(id, locale = locale.code(), ?errors, "a message could not be rendered");
    }
    text.unwrap_or_else(|| id.to_owned())
}

fn format(
    locale: Locale,
    id: &str,
    arguments: &[(&'static str, FluentValue<'_>)],
    errors: &mut Vec<FluentError>,
) -> Option<String> {
    let arguments: FluentArgs<'_> = arguments.iter().cloned().collect();
    let bundle = bundle(locale);
    let pattern = bundle.get_message(id)?.value()?;
    Some(bundle.format_pattern(pattern, Some(&arguments), errors).into_owned())
}

/// Each language is parsed once, when it is first used.
fn bundle(locale: Locale) -> &'static Bundle {
    BUNDLES[locale as usize].get_or_init(|| {
        let language = locale.code().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Chat services show the marks that isolate the direction of an argument as boxes.
        bundle.set_use_isolating(false);
        for file in locale.files() {
            let resource = FluentResource::try_new((*file).to_owned());
            bundle.add_resource_overriding(resource.unwrap_or_else(|(resource, _)| resource));
        }
        bundle
    })
}

/// `first`, `second` or `third`.
pub fn any_of(locale: Locale, items: &[&str]) -> String {
    let Some((last, rest)) = items.split_last() else { return String::new() };
    if rest.is_empty() {
        (*last).to_owned()
    } else {
        phrase!(locale, "any-of", rest = rest.join(", "), last = last)
    }
}

/// Dollars and cents.
pub fn dollars(locale: Locale, cents: u64) -> String {
    let rest = format!("{:02}", cents % 100);
    phrase!(locale, "dollars", whole = cents / 100, cents = rest)
}
