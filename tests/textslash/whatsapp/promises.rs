//! What every channel promises, kept by the adapter over loopback.

use std::collections::BTreeMap;

use adapters::channel::{Channel, ChannelError};
use adapters::chat::{Button, ChatType, InboundContent, MessageRef, Outbound, OutboundFile};
use adapters::text::{length, split};
use bytes::Bytes;

use super::world::{NUMBER, WhatsAppWorld};

const STRANGE: &str =
    "👩‍👩‍👧‍👦 e\u{301} \"quoted\" {\"ok\":true} <b>&amp; *_`~ \\n {{1}} 0 -1 '; -- %41+&=";

#[tokio::test]
async fn a_line_arrives_with_an_id_of_its_own_and_can_be_answered() {
    let world = WhatsAppWorld::new().await;
    let mut ada = world.ada();
    let mut ids = Vec::new();
    for text in ["hi", "hi", STRANGE] {
        ada.says(text);
        let inbound = world.taken().await;
        assert_eq!(inbound.content, InboundContent::Text(text.to_owned().into()));
        assert_eq!((&inbound.chat, inbound.place), (&world.chat(), ChatType::Private));
        assert!(!ids.contains(&inbound.id), "{:?} came twice", inbound.id);
        let message = inbound.message.expect("a person's message can be named");
        assert_eq!(message.id, ada.screen().last().unwrap().sid);
        ids.push(inbound.id);
    }
    let sent = world.sends("answer", "Hello.").await;
    ada.reads("Hello.").await;
    assert_eq!(ada.screen().last().unwrap().sid, sent.id);
    world.channel().typing(&world.chat()).await;
    let typing = world.calls("POST", "/Typing.json");
    let last_heard = &ids.last().unwrap().0;
    assert_eq!(typing[0]["messageId"].as_str(), Some(last_heard.as_str()));
    world.expect_only_described_calls();
}

#[tokio::test]
async fn long_and_strange_text_fits_as_promised_and_no_longer() {
    let world = WhatsAppWorld::new().await;
    let mut ada = world.ada_who_wrote().await;
    let can = world.channel().capabilities().clone();
    let long = STRANGE.repeat(3 * can.text_max / STRANGE.len());
    for (n, part) in split(&long, can.text_max, can.text_unit).iter().enumerate() {
        world.sends(&format!("part-{n}"), part).await;
        assert_eq!(ada.reads(part).await, *part);
    }

    let longest = "😀".repeat(1_600);
    assert_eq!(length(&longest, can.text_unit), can.text_max);
    world.sends("longest", &longest).await;
    ada.reads(&longest).await;
    ada.says(&longest);
    assert!(world.taken().await.content == InboundContent::Text(longest.clone().into()), "harmed");

    let refused = world.tries("too long", &(longest + "x")).await;
    assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn a_pasted_secret_is_deleted_at_twilio_and_nothing_is_edited() {
    let world = WhatsAppWorld::new().await;
    let mut ada = world.ada();
    ada.says("FlyV1 fm2_pasted");
    let pasted = world.taken().await;
    assert!(!format!("{pasted:?}").contains("fm2_pasted"));
    assert!(world.simulated.stored_text().contains("fm2_pasted"), "the hunt is blind");
    let message = pasted.message.unwrap();
    world.channel().delete(&message).await.unwrap();
    assert!(!world.simulated.stored_text().contains("fm2_pasted"));
    assert_eq!(ada.screen().len(), 1, "a phone keeps what was written");

    let named = |id: &str| MessageRef { chat: world.chat(), id: id.into() };
    let unknown = named(&format!("SM{}", "0".repeat(32)));
    for gone in [message, unknown, named("unknown"), named("SM../../../Accounts")] {
        assert_eq!(world.channel().delete(&gone).await, Err(ChannelError::NoSuchMessage));
    }
    let ours = world.sends("m", "before").await;
    let edited = world.channel().edit(&ours, &Outbound::text("m", "after")).await;
    assert!(matches!(edited, Err(ChannelError::Refused(_))), "{edited:?}");
    world.expect_only_described_calls();
}

#[tokio::test]
async fn the_same_key_sent_twice_is_one_message() {
    let world = WhatsAppWorld::new().await;
    let ada = world.ada_who_wrote().await;
    let first = world.sends("key", "Only once.").await;
    assert_eq!(world.sends("key", "Only once.").await, first);
    let mut bob = world.simulated.person(NUMBER, "+4915100000000");
    bob.says("hi");
    let bobs = world.taken().await.chat;
    let other = world.channel().send(&bobs, &Outbound::text("key", "Only once.")).await;
    assert_ne!(other.unwrap(), first, "a key belongs to its chat");
    assert_eq!(ada.screen().len(), 2);
}

#[tokio::test]
async fn a_quick_reply_comes_back_with_its_id_and_its_message() {
    let world = WhatsAppWorld::new().await;
    let mut ada = world.ada_who_wrote().await;
    let buttons = vec![Button::new("deploy:1", "Deploy"), Button::new("x".repeat(64), "Leave it")];
    let question = Outbound::text("q", "Shall I?").with_buttons(buttons);
    let sent = world.channel().send(&world.chat(), &question).await.unwrap();
    assert_eq!(ada.reads("Shall I?").await, "Shall I?");
    for button in &question.buttons {
        ada.taps(&button.label);
        let tap = InboundContent::Tap { button: button.id.clone(), message: Some(sent.clone()) };
        assert_eq!(world.taken().await.content, tap);
    }
    let again = Outbound { key: "again".into(), ..question };
    world.channel().send(&world.chat(), &again).await.unwrap();
    assert_eq!(world.calls("POST", "/v1/Content").len(), 1, "a question that repeats is known");
    world.expect_only_described_calls();
}

#[tokio::test]
async fn buttons_that_do_not_fit_are_numbers_in_the_text() {
    let world = WhatsAppWorld::new().await;
    let mut ada = world.ada_who_wrote().await;
    let yes_and_no = vec![Button::new("yes", "Yes"), Button::new("no", "No")];
    let numbers = "1. Yes\n2. No";
    let long = "x".repeat(1_025);
    let long_label = vec![Button::new("yes", "Y".repeat(21))];
    let many = (0..4).map(|n| Button::new(n.to_string(), n.to_string())).collect();
    let numbered_label = format!("?\n1. {}", "Y".repeat(21));
    for (n, (text, buttons, shown)) in [
        (long.as_str(), yes_and_no.clone(), format!("{long}\n{numbers}")),
        ("Is {{1}} right?", yes_and_no.clone(), format!("Is {{{{1}}}} right?\n{numbers}")),
        ("{{{", yes_and_no.clone(), format!("{{{{{{\n{numbers}")),
        ("?", long_label, numbered_label),
        ("?", many, "?\n1. 0\n2. 1\n3. 2\n4. 3".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let question = Outbound::text(n.to_string(), text).with_buttons(buttons);
        world.channel().send(&world.chat(), &question).await.unwrap();
        assert_eq!(ada.screen().last().unwrap().text, shown);
    }
    assert_eq!(world.calls("POST", "/v1/Content").len(), 0);
    ada.taps("Yes");
    assert_eq!(world.taken().await.content, InboundContent::Text("1".to_owned().into()));

    let longest = "x".repeat(1_600);
    let question = Outbound::text("longest", &longest).with_buttons(yes_and_no);
    let sent = world.channel().send(&world.chat(), &question).await.unwrap();
    assert_eq!(world.channel().send(&world.chat(), &question).await.unwrap(), sent);
    let shown = ada.screen().into_iter().map(|it| it.text).collect::<Vec<_>>();
    assert_eq!(shown[shown.len() - 2..], [longest, numbers.to_owned()]);
}

#[tokio::test]
async fn a_question_is_asked_in_numbers_when_twilio_takes_or_keeps_no_contents() {
    let world = WhatsAppWorld::new().await;
    let ada = world.ada_who_wrote().await;
    let question = |key: &str, text: &str| {
        Outbound::text(key, text).with_buttons(vec![Button::new("yes", "Yes")])
    };
    let known = world.channel().send(&world.chat(), &question("known", "Shall I?")).await;
    known.unwrap();
    world.simulated.refuse_contents();
    for (key, text) in [("forgotten", "Shall I?"), ("again", "Shall I?"), ("new", "Really?")] {
        world.channel().send(&world.chat(), &question(key, text)).await.unwrap();
        let last = ada.screen().last().unwrap().clone();
        assert_eq!((last.text, last.buttons), (format!("{text}\n1. Yes"), Vec::new()));
    }
}

#[tokio::test]
async fn files_go_both_ways() {
    let world = WhatsAppWorld::new().await;
    let (channel, mut ada) = (world.channel(), world.ada());
    let bytes = Bytes::from((0..=255).cycle().take(300_000).collect::<Vec<u8>>());
    ada.sends_file("image/jpeg", bytes.clone(), "read this");
    let InboundContent::File(file) = world.taken().await.content else { panic!("not a file") };
    assert_eq!((file.name.as_str(), file.caption.as_str()), ("file-0.jpeg", "read this"));
    assert!(channel.fetch(&file).await.unwrap() == bytes, "harmed");
    let mut gone = file.clone();
    for id in ["", "SM1", &file.id.replace("ME", "MF"), &file.id.to_lowercase()] {
        gone.id = id.to_owned();
        let refused = channel.fetch(&gone).await;
        assert!(matches!(refused, Err(ChannelError::Refused(_))), "{id:?}: {refused:?}");
    }

    for (key, media_type, caption) in
        [("photo", "image/png", "here it is"), ("document", "application/pdf", "")]
    {
        let file = OutboundFile {
            key: key.into(),
            name: format!("{key}.bin"),
            media_type: media_type.into(),
            bytes: bytes.clone(),
            caption: caption.into(),
        };
        let sent = channel.send_file(&world.chat(), &file).await.unwrap();
        assert_eq!(channel.send_file(&world.chat(), &file).await.unwrap(), sent);
        let shown = ada.screen().last().unwrap().clone();
        assert_eq!((shown.text.as_str(), &shown.sid), (caption, &sent.id));
        let fetched = reqwest::get(shown.medium.unwrap()).await.unwrap();
        assert_eq!(fetched.headers()["content-type"], media_type);
        assert!(fetched.bytes().await.unwrap() == bytes, "harmed");
    }
    assert_eq!(world.calls("POST", "/Messages.json").len(), 2);
    let guessed = format!("{}/whatsapp/media/{}", world.door, "0".repeat(64));
    assert_eq!(reqwest::get(guessed).await.unwrap().status(), 404);

    let too_large = Bytes::from(vec![0; 16 * 1024 * 1024 + 1]);
    let file = OutboundFile {
        key: "large".into(),
        name: "large.bin".into(),
        media_type: "image/png".into(),
        bytes: too_large.clone(),
        caption: String::new(),
    };
    let refused = channel.send_file(&world.chat(), &file).await;
    assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
    ada.sends_file("video/mp4", too_large, "");
    let InboundContent::File(file) = world.taken().await.content else { panic!("not a file") };
    let refused = channel.fetch(&file).await;
    assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
    world.expect_only_described_calls();
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_after_a_death_and_what_was_does_not() {
    let mut world = WhatsAppWorld::new().await;
    let mut ada = world.ada();
    ada.says("safe");
    world.taken().await;
    ada.says("lost");
    let lost = world.inbound().await;
    world.dies_and_comes_back();
    let again = world.taken().await;
    assert_eq!((&again.id, &again.content), (&lost.id, &lost.content));
    ada.says("next");
    assert_eq!(world.taken().await.content, InboundContent::Text("next".to_owned().into()));
}

#[tokio::test]
async fn an_unruly_twilio_repeats_and_shuffles_and_each_message_comes_once() {
    let world = WhatsAppWorld::new().await;
    world.simulated.duplicate_deliveries();
    let mut ada = world.ada();
    let said: Vec<String> = (0..12).map(|n| format!("line {n}")).collect();
    said.iter().for_each(|line| ada.says(line));
    let mut heard = BTreeMap::new();
    while heard.len() < said.len() {
        let inbound = world.taken().await;
        let InboundContent::Text(text) = inbound.content else { panic!("not text") };
        let before = heard.insert(text.to_string(), inbound.id);
        assert_eq!(before, None, "{:?} came twice", text.as_str());
    }
}
