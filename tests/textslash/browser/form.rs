//! The one-time form behind a link in a WhatsApp chat.

use super::driver::Browser;
use crate::services::world::ServicesWorld;

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_entered_on_a_phone_checked_at_once_and_taken_once() {
    let Some(browser) = Browser::start().await else { return };
    let world = ServicesWorld::webhook().await;
    let token = world.sandbox.fly_token().to_owned();
    let mut ada = world.ada_on_whatsapp();
    ada.says("hi");
    ada.reads("I need a token").await;
    let link = ada.reads("/form#").await;
    let link = link.split_whitespace().find(|word| word.contains("/form#")).unwrap().to_owned();

    browser.opens(&link).await;
    browser.reads("+49").await;
    assert_eq!(browser.runs("return location.hash").await, "", "the ticket left the address");
    browser.reads("Is this you?").await;
    assert_eq!(browser.runs("return document.querySelectorAll('input').length").await, 0);
    browser.pictured("form-question").await;
    browser.clicks("#yes").await;
    assert!(browser.until("document.querySelector('#field-token')", &[]).await);
    browser.pictured("form").await;
    browser.types("#field-token", "no token at all").await;
    browser.clicks("#title").await;
    browser.reads("token").await;
    assert!(browser.until("document.querySelector('.said.bad')?.innerText.length > 10", &[]).await);
    browser.pictured("form-refused").await;
    browser.runs("document.getElementById('field-token').value = ''").await;
    browser.types("#field-token", &token).await;
    browser.clicks("#title").await;
    assert!(browser.until("document.querySelector('.said.good')", &[]).await);
    browser.clicks("#send").await;
    browser.reads("You can close this page").await;
    browser.pictured("form-done").await;
    ada.reads("That token works").await;

    browser.opens("about:blank").await;
    browser.opens(&link).await;
    assert!(browser.until("document.querySelector('.said.bad')", &[]).await, "used once");
    world.expect_nowhere(&token);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_somebody_elses_is_turned_down_and_told() {
    let Some(browser) = Browser::start().await else { return };
    let world = ServicesWorld::webhook().await;
    let mut eve = world.ada_on_whatsapp();
    eve.says("hi");
    eve.reads("I need a token").await;
    let link = eve.reads("/form#").await;
    let link = link.split_whitespace().find(|word| word.contains("/form#")).unwrap().to_owned();

    browser.opens(&link).await;
    browser.reads("Is this you?").await;
    browser.clicks("#no").await;
    browser.reads("This form is closed").await;
    browser.pictured("form-closed").await;
    eve.reads("this is not their account").await;
    browser.opens("about:blank").await;
    browser.opens(&link).await;
    assert!(browser.until("document.querySelector('.said.bad')", &[]).await, "it is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_speaks_german_and_is_dark_on_a_phone_that_prefers_it() {
    let Some(browser) = Browser::start().await else { return };
    browser.prefers_german_and_dark().await;
    let world = ServicesWorld::webhook().await;
    let mut ada = world.ada_on_whatsapp();
    ada.says("/language Deutsch");
    ada.reads("Deutsch").await;
    ada.says("hallo");
    let link = ada.reads("/form#").await;
    let link = link.split_whitespace().find(|word| word.contains("/form#")).unwrap().to_owned();

    browser.opens(&link).await;
    browser.reads("Bist du das?").await;
    let paper = "return getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.runs(paper).await, "rgb(20, 22, 26)");
    browser.pictured("form-question-german-dark").await;
    browser.clicks("#yes").await;
    assert!(browser.until("document.querySelector('#field-token')", &[]).await);
    assert_eq!(browser.runs("return document.documentElement.lang").await, "de");
    browser.pictured("form-german-dark").await;
}
