//! How credentials are asked for, and forms that were filled in twice.

use super::*;
use crate::conversation::credential_entry::CredentialEntry;

#[test]
fn a_form_that_was_filled_in_twice_ends_the_question() {
    let mut ada = ConversationWorld::at_the_review();
    ada.event(Event::FormReused);
    assert!(ada.held.is_empty());
    ada.reads_question("revoke what you entered");
    assert_eq!(ada.state.phase, Phase::Idle);
    ada.says("/deploy");
    ada.reads_question("I need a token");
}

#[test]
fn a_form_that_was_filled_in_twice_does_not_stop_a_run() {
    let mut ada = ConversationWorld::deploying();
    ada.event(Event::FormReused);
    assert!(ada.held.is_empty());
    ada.reads("goes on");
    assert!(matches!(ada.state.phase, Phase::Running { .. }));
    let ended = ada.unread.iter().any(|it| matches!(it, Effect::Teardown { .. }));
    assert!(!ended, "{:#?}", ada.unread);
}

#[test]
fn a_form_that_was_filled_in_twice_during_a_check_forgets_what_is_checked() {
    let mut ada = ConversationWorld::new();
    ada.says("hi");
    let secret = ada.pastes(Vendor::Fly);
    ada.event(Event::FormReused);
    ada.expects(&Effect::ForgetCredential(secret));
    ada.unread.clear();
    ada.event(Event::CredentialChecked {
        secret,
        result: Ok(CheckedCredential::Account(account(OrganisationStatus::Active))),
    });
    assert_eq!(ada.state.phase, Phase::Idle);
    assert_eq!(ada.texts(), Vec::<String>::new());
}

#[test]
fn a_form_that_its_reader_turned_down_is_told_and_the_question_stays_open() {
    let mut ada = ConversationWorld::on(RelayChannel::WhatsApp);
    ada.says("hi");
    ada.reads_question("I need a token");
    ada.event(Event::FormDeclined);
    ada.reads("this is not their account");
    ada.reads_question("I need a token");
}

#[test]
fn a_form_names_its_account_without_the_middle_of_a_number() {
    for (channel, person, shown) in [
        ("whatsapp", "+4915112345678", "WhatsApp +4915 •••••• 678"),
        ("whatsapp", "+123", "WhatsApp +123"),
        ("telegram", "@ada", "Telegram @ada"),
        ("nowhere", "ada", "ada"),
    ] {
        assert_eq!(messages::account_on(channel, person), shown);
    }
}

#[test]
fn a_credential_is_asked_for_as_the_channel_takes_it() {
    let ways = [
        (RelayChannel::Telegram, "tap the button and enter it there"),
        (RelayChannel::Discord, "hidden field"),
        (RelayChannel::WhatsApp, "Please do not write it into this chat"),
        (RelayChannel::Web, "Paste it here; I delete the message at once"),
    ];
    for (channel, how) in ways {
        let mut ada = ConversationWorld::on(channel);
        ada.says("hi");
        ada.reads_question(how);
    }
}

#[test]
fn a_service_that_may_not_write_first_says_so_before_a_long_wait() {
    let link = "https://fly.io/dashboard/ada/billing".to_owned();
    for (channel, is_told) in [(RelayChannel::WhatsApp, true), (RelayChannel::Telegram, false)] {
        let mut ada = ConversationWorld::on(channel);
        ada.says("hi");
        ada.pastes(Vendor::Fly);
        ada.token_is(Ok(account(OrganisationStatus::PaymentNeeded { link: link.clone() })));
        let asked = ada.texts().last().cloned().unwrap_or_default();
        assert_eq!(asked.contains("may not write first"), is_told, "{asked}");
    }
}

#[test]
fn every_form_fits_every_service() {
    for locale in Locale::ALL {
        for kind in words::KINDS {
            let form = messages::secret_form(locale, kind);
            let short = |text: &str, max: usize| text.chars().count() <= max;
            assert!(short(&form.button, 20) && short(&form.title, 45), "{form:?}");
            let expected = if kind == SecretKind::TwilioKey { 2 } else { 1 };
            assert_eq!(form.fields.len(), expected, "{kind:?}");
            for field in form.fields {
                assert!(short(&field.label, 45) && short(&field.example, 100), "{field:?}");
                assert!(!field.id.is_empty() && !field.label.is_empty());
                assert_eq!(crate::credential_format::recognise(&field.example), None, "{field:?}");
            }
        }
    }
}

#[test]
fn privacy_is_worded_for_every_way_in() {
    let mut texts = BTreeSet::new();
    for channel in RelayChannel::ALL {
        let ada = ConversationWorld::on(channel);
        let privacy = Message::Privacy { entry: CredentialEntry::of(&ada.capabilities) };
        texts.insert(messages::text(Locale::English, &privacy));
        texts.insert(messages::text(Locale::German, &privacy));
    }
    assert_eq!(texts.len(), 8, "{texts:#?}");
}
