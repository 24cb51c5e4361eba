//! Who may tell us what somebody wrote, and what is believed.

use adapters::channel::{Channel, ChannelEvent};
use adapters::chat::{InboundContent, InboundId, UserId};
use adapters::whatsapp::signature::{SignedContent, sign};

use super::world::{ADAS_NUMBER, NUMBER, WhatsAppWorld};

const NOTHING: &str = "<Response/>";

#[tokio::test]
async fn what_is_signed_is_answered_with_nothing_once_it_is_safe() {
    let world = WhatsAppWorld::new().await;
    let told = world.is_told(&[]);
    let answered = async {
        let inbound = world.inbound().await;
        assert_eq!(inbound.content, InboundContent::Text("hi".to_owned().into()));
        assert_eq!(inbound.from, UserId(format!("whatsapp:{ADAS_NUMBER}")));
        tokio::task::yield_now().await;
        inbound.id
    };
    tokio::pin!(told);
    let id = tokio::select! {
        biased;
        early = &mut told => panic!("answered before it was safe: {early:?}"),
        id = answered => id,
    };
    world.channel().acknowledge(&id).await;
    let (status, text) = told.await;
    assert_eq!(status, 200);
    assert!(text.ends_with(NOTHING), "{text}");
}

#[tokio::test]
async fn what_is_forged_altered_or_not_signed_is_refused() {
    let world = WhatsAppWorld::new().await;
    let (token, url) = (world.simulated.auth_token(), format!("{}/whatsapp", world.door));
    let form = world.form(&[]);
    let signature = sign(token, &url, SignedContent::Form(&form));
    let forged = sign("another token", &url, SignedContent::Form(&form));
    let elsewhere = sign(token, "https://evil.example/whatsapp", SignedContent::Form(&form));
    let altered = world.form(&[("Body", "hi, it is me")]);
    let more = world.form(&[("Body", "hi"), ("ProfileName", "Eve")]);
    let less = &form[..form.len() - 1];
    for (told, shown) in [
        (form.as_slice(), None),
        (&form, Some("")),
        (&form, Some(forged.as_str())),
        (&form, Some(&elsewhere)),
        (&form, Some(&signature[..signature.len() - 2])),
        (&altered, Some(&signature)),
        (&more, Some(&signature)),
        (less, Some(&signature)),
    ] {
        let (status, text) = world.posts("/whatsapp", told, shown).await;
        assert_eq!((status, text.as_str()), (403, ""), "{shown:?}");
    }
    let (status, _) = world.posts("/whatsapp/status", &form, Some(&signature)).await;
    assert_eq!(status, 403, "signed for another path");
    let (status, _) = world.posts("/whatsapp?x=1", &form, Some(&signature)).await;
    assert_eq!(status, 403, "signed without the query");

    world.ada().says("still here");
    assert_eq!(world.taken().await.content, InboundContent::Text("still here".to_owned().into()));
}

#[tokio::test]
async fn a_signature_is_for_the_url_that_is_configured_with_or_without_its_port() {
    let mut world = WhatsAppWorld::new().await;
    for (public_url, fits, does_not) in [
        (
            "https://bot.example/",
            ["https://bot.example", "https://bot.example:443"],
            ["http://bot.example", "https://bot.example:8443"],
        ),
        (
            "https://bot.example:8443/hooks",
            ["https://bot.example:8443/hooks", "https://bot.example/hooks"],
            ["https://bot.example:8443", "https://bot.example:80/hooks"],
        ),
    ] {
        world.starts_at(public_url);
        let (token, form) = (world.simulated.auth_token(), world.form(&[]));
        let signed_for =
            |base: &str| sign(token, &format!("{base}/whatsapp"), SignedContent::Form(&form));
        for base in does_not.into_iter().chain([world.door.as_str()]) {
            let signature = signed_for(base);
            let (status, _) = world.posts("/whatsapp", &form, Some(&signature)).await;
            assert_eq!(status, 403, "{base} at {public_url}");
        }
        for base in fits {
            let signature = signed_for(base);
            let told = world.posts("/whatsapp", &form, Some(&signature));
            // The same message again is known already.
            let safe = async {
                if base == fits[0] {
                    world.taken().await;
                }
            };
            let ((status, _), ()) = tokio::join!(told, safe);
            assert_eq!(status, 200, "{base} at {public_url}");
        }
    }
}

#[tokio::test]
async fn two_signatures_are_one_too_many() {
    let world = WhatsAppWorld::new().await;
    let (url, form) = (format!("{}/whatsapp", world.door), world.form(&[]));
    let signature = sign(world.simulated.auth_token(), &url, SignedContent::Form(&form));
    let request = reqwest::Client::new().post(url).form(&form);
    let request = request.header("x-twilio-signature", &signature);
    let answer = request.header("x-twilio-signature", &signature).send().await.unwrap();
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn what_is_signed_and_no_message_of_twilios_is_refused() {
    let world = WhatsAppWorld::new().await;
    let other_sid = format!("SM{}", "0b".repeat(16));
    for odd in [
        ("SmsMessageSid", other_sid.as_str()),
        ("SmsMessageSid", ""),
        ("MessageSid", ""),
        ("MessageSid", "SM../../Accounts"),
        ("From", "whatsapp:+4915199999999"),
        ("From", ""),
        ("WaId", ""),
        ("WaId", "4915112345678From"),
        ("To", "whatsapp:+15550009999"),
        ("AccountSid", "AC00000000000000000000000000000000"),
        // One signature fits these and another set of parameters.
        ("FromWhom", "1"),
        ("Bod", "yhi"),
        ("BodyText", "1"),
        ("Extra", "1ProfileNameEve"),
        ("Extra", "ButtonPayloaddeploy"),
        ("not a name", "1"),
        ("MediaUrl10", "https://api.twilio.com/x"),
        ("MediaUrl-1", "https://api.twilio.com/x"),
    ] {
        let (status, text) = world.is_told(&[odd]).await;
        assert_eq!((status, text.as_str()), (403, ""), "{odd:?}");
    }
    let (status, _) = world.is_told(&[("ProfileName", "Ada"), ("ProfileName", "Eve")]).await;
    assert_eq!(status, 403, "a parameter comes once");

    world.ada().says("still here");
    assert_eq!(world.taken().await.content, InboundContent::Text("still here".to_owned().into()));
}

/// F18 of the field cases, and faces of the same kind.
#[tokio::test]
async fn a_parameter_that_twilio_adds_is_ignored_and_the_message_is_taken() {
    let world = WhatsAppWorld::new().await;
    let added = [
        ("ExternalUserId", "US.13491208655302741918"),
        ("Undocumented", "1"),
        ("ZoneOfSender", "Europe/Berlin"),
        ("Empty", ""),
        ("Nested", "{\"a\":[1,2]}"),
    ];
    for (n, parameter) in (1..).zip(added) {
        let sid = format!("SM{:032x}", n);
        let fields = [parameter, ("MessageSid", &sid), ("SmsMessageSid", &sid)];
        let ((status, _), inbound) = tokio::join!(world.is_told(&fields), world.taken());
        assert_eq!(status, 200, "{parameter:?}");
        assert_eq!(inbound.content, InboundContent::Text("hi".to_owned().into()), "{parameter:?}");
    }
}

#[tokio::test]
async fn a_message_that_comes_twice_is_one() {
    let world = WhatsAppWorld::new().await;
    let sid = format!("SM{}", "0a".repeat(16));
    let both = async { tokio::join!(world.is_told(&[]), world.is_told(&[])) };
    let safe = async {
        let inbound = world.taken().await;
        assert_eq!(inbound.id, InboundId(sid));
    };
    let ((first, second), ()) = tokio::join!(both, safe);
    assert_eq!((first.0, second.0), (200, 200));
    assert_eq!(world.is_told(&[]).await.0, 200);
    world.ada().says("next");
    assert_eq!(world.taken().await.content, InboundContent::Text("next".to_owned().into()));
}

#[tokio::test]
async fn what_the_number_itself_says_is_ignored() {
    let world = WhatsAppWorld::new().await;
    let from = format!("whatsapp:{NUMBER}");
    let own = [("From", from.as_str()), ("WaId", NUMBER.trim_start_matches('+'))];
    let (status, text) = world.is_told(&own).await;
    assert_eq!(status, 200, "or it would come again");
    assert!(text.ends_with(NOTHING), "{text}");
    world.ada().says("next");
    let ChannelEvent::Inbound(next) = world.event().await else { panic!("nobody waited") };
    assert_eq!(next.content, InboundContent::Text("next".to_owned().into()));
}
