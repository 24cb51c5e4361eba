//! What every channel promises, kept by the adapter over loopback.

use std::time::Instant;

use adapters::channel::{Channel, ChannelError};
use adapters::chat::{
    AnswerKind, Button, ChatId, ChatType, InboundContent, MenuEntry, MessageRef, Outbound,
    OutboundFile, SecretField, SecretForm,
};
use adapters::text::{length, split};
use bytes::Bytes;
use serde_json::json;
use textslash::sandbox::discord::InstallContext;

use super::world::{ADA, DiscordWorld, in_time};

const STRANGE: &str =
    "👩‍👩‍👧‍👦 e\u{301} \"quoted\" {\"ok\":true} <b>&amp; *_`~ \\n <@1> @everyone 0 -1 '; --";

#[tokio::test]
async fn a_line_arrives_with_an_id_of_its_own_and_can_be_answered() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    let mut ids = Vec::new();
    for text in ["hi", "hi", STRANGE] {
        ada.says(text);
        let inbound = world.taken().await;
        assert_eq!(inbound.content, InboundContent::Text(text.to_owned().into()));
        assert_eq!((&inbound.chat, inbound.place), (&world.chat(), ChatType::Private));
        assert_eq!(inbound.from.0, ADA.to_string());
        assert!(!ids.contains(&inbound.id), "{:?} came twice", inbound.id);
        let message = inbound.message.expect("a person's message can be named");
        assert_eq!(message.id, ada.screen().last().unwrap().id.to_string());
        ids.push(inbound.id);
    }
    world.channel().typing(&world.chat()).await;
    let sent = world.sends("answer", STRANGE).await;
    assert_eq!(ada.reads(STRANGE).await, STRANGE);
    assert_eq!(sent.id, ada.screen().last().unwrap().id.to_string());
    let said = &world.calls("POST", "/messages")[0];
    assert_eq!(said["allowed_mentions"], json!({ "parse": [] }), "nobody is called by our text");
    assert_eq!(world.calls("POST", "/typing").len(), 1);
    world.expect_only_described_calls();
}

#[tokio::test]
async fn itself_other_bots_and_notices_are_not_heard() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    world.sends("own", "An answer of our own.").await;
    ada.hears_another_bot("I am a bot, too.");
    ada.causes_a_notice();
    ada.says("A person.");
    assert_eq!(world.hears().await, "A person.");
    world.expect_only_described_calls();
}

#[tokio::test]
async fn what_others_read_along_is_no_private_place() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    ada.says_in_a_server("Not meant for the bot.");
    for (place, expected) in [
        (InstallContext::Server, ChatType::Group),
        (InstallContext::Others, ChatType::Group),
        (InstallContext::Bot, ChatType::Private),
    ] {
        ada.runs_among_others("/start", place);
        assert_eq!(world.taken().await.place, expected, "{place:?}");
    }
    world.expect_only_described_calls();
}

#[tokio::test]
async fn long_and_strange_text_fits_as_promised_and_no_longer() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    let can = world.channel().capabilities().clone();
    let code = format!("```rust\n{}```\n", "let answer = 42;\n".repeat(300));
    let long = format!("{}\n{code}{STRANGE}", STRANGE.repeat(3 * can.text_max / STRANGE.len()));
    let parts = split(&long, can.text_max, can.text_unit);
    assert!(parts.len() > 3, "{} parts", parts.len());
    for (n, part) in parts.iter().enumerate() {
        assert_eq!(part.matches("```").count() % 2, 0, "a fence is open: {part}");
        world.sends(&format!("part-{n}"), part).await;
        assert_eq!(ada.reads(part).await, *part);
    }

    let longest = "😀".repeat(2_000);
    assert_eq!(length(&longest, can.text_unit), can.text_max);
    let sent = world.sends("longest", &longest).await;
    ada.reads(&longest).await;
    ada.says(&longest);
    assert!(world.hears().await == longest, "harmed");

    let too_long = Outbound::text("too long", longest + "x");
    let refused = world.tries(&too_long).await;
    assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
    let refused = world.channel().edit(&sent, &too_long).await;
    assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
    world.expect_only_described_calls();
}

#[tokio::test]
async fn messages_are_edited_and_deleted_by_their_ids_and_a_persons_own_stay() {
    let world = DiscordWorld::new().await;
    let (channel, mut ada) = (world.channel(), world.ada());
    let question = Outbound::text("m", "before").with_buttons(vec![Button::new("go", "Go")]);
    let message = world.tries(&question).await.unwrap();
    for _ in 0..2 {
        channel.edit(&message, &Outbound::text("m", "after")).await.unwrap();
    }
    ada.reads("after").await;
    assert_eq!(ada.screen().last().unwrap().buttons, [], "an answered question offers nothing");

    channel.delete(&message).await.unwrap();
    assert_eq!(ada.screen(), []);
    let named = |id: &str| MessageRef { chat: world.chat(), id: id.into() };
    for gone in [message, named("1"), named("unknown"), named("0"), named("../../users/@me")] {
        let edited = channel.edit(&gone, &Outbound::text("m", "again")).await;
        assert_eq!(edited, Err(ChannelError::NoSuchMessage));
        assert_eq!(channel.delete(&gone).await, Err(ChannelError::NoSuchMessage));
    }

    ada.says("mine");
    let mine = world.taken().await.message.unwrap();
    let deleted = channel.delete(&mine).await;
    assert!(matches!(deleted, Err(ChannelError::Refused(_))), "{deleted:?}");
    assert!(!channel.capabilities().deletes_theirs);
    world.expect_only_described_calls();
}

#[tokio::test]
async fn the_same_key_sent_twice_is_one_message_also_after_a_death() {
    let mut world = DiscordWorld::new().await;
    let ada = world.ada();
    let first = world.sends("key", "Only once.").await;
    assert_eq!(world.sends("key", "Only once.").await, first);
    let file = file("report", Bytes::from_static(b"once"));
    let report = world.channel().send_file(&world.chat(), &file).await.unwrap();
    world.dies().await;
    world.starts().await;
    assert_eq!(world.sends("key", "Only once.").await, first);
    assert_eq!(world.channel().send_file(&world.chat(), &file).await.unwrap(), report);
    let bob = world.simulated.person(&world.token, ADA + 1);
    let bobs = ChatId(bob.channel().to_string());
    let other = world.channel().send(&bobs, &Outbound::text("key", "Only once.")).await;
    assert_ne!(other.unwrap(), first, "a key belongs to its chat");
    assert_eq!(ada.screen().len(), 2);
    world.expect_only_described_calls();
}

#[tokio::test]
async fn a_button_comes_back_with_its_id_and_its_message_and_is_answered_at_once() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    let longest = "x".repeat(100);
    let mut buttons = vec![Button::new("deploy:1", "Deploy"), Button::new(&longest, "Leave it")];
    let most = world.channel().capabilities().buttons_max;
    buttons.extend((2..most).map(|n| Button::new(n.to_string(), format!("Choice {n}"))));
    let question = Outbound::text("q", "Shall I?").with_buttons(buttons);
    let sent = world.tries(&question).await.unwrap();
    for (n, button) in question.buttons.iter().enumerate() {
        let tapped = Instant::now();
        ada.taps(&button.label);
        let tap = InboundContent::Tap { button: button.id.clone(), message: Some(sent.clone()) };
        assert_eq!(world.taken().await.content, tap);
        in_time("the tap is answered", world.simulated.has_answered(n + 1)).await;
        assert!(tapped.elapsed().as_secs() < 3, "Discord has given up");
    }
    let too_long =
        Outbound::text("r", "Shall I?").with_buttons(vec![Button::new(longest + "x", "No")]);
    let refused = world.tries(&too_long).await;
    assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
    world.expect_only_described_calls();
}

#[tokio::test]
async fn the_menu_is_offered_where_people_write_to_the_bot_and_commands_arrive_as_text() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    let entry = |word: &str, en: &str, de: &str| MenuEntry {
        word: word.into(),
        meanings: vec![("en".into(), en.into()), ("de".into(), de.into())],
    };
    let menu = [entry("start", "Begin", "Anfangen"), entry("stop", "End", "Beenden")];
    for _ in 0..2 {
        world.channel().announce(&menu).await;
    }
    let commands = world.simulated.commands(&world.token);
    assert_eq!(commands.as_array().unwrap().len(), 2);
    assert_eq!(
        (&commands[0]["name"], &commands[0]["description"]),
        (&json!("start"), &json!("Begin"))
    );
    assert_eq!(commands[0]["description_localizations"]["de"], "Anfangen");
    for command in commands.as_array().unwrap() {
        assert_eq!(command["contexts"], json!([1]), "in direct messages with the bot");
        assert_eq!(command["integration_types"], json!([0, 1]), "also added to an account alone");
    }

    ada.runs("/start");
    let inbound = world.taken().await;
    assert_eq!(inbound.content, InboundContent::Text("/start".to_owned().into()));
    assert_eq!((inbound.locale.as_deref(), inbound.chat), (Some("en-US"), world.chat()));
    in_time("the command is answered", world.simulated.has_answered(1)).await;
    world.expect_only_described_calls();
}

#[tokio::test]
async fn a_secret_is_entered_in_a_modal_and_stands_in_no_message() {
    let world = DiscordWorld::new().await;
    let mut ada = world.ada();
    let field = |id: &str, label: &str| SecretField {
        id: id.into(),
        label: label.into(),
        example: "AC…".into(),
    };
    for (title, fields) in [
        ("Twilio key", vec![field("sid", "Account SID"), field("token", "Auth | token")]),
        ("The longest title that Discord lets it have..", vec![field("key", "Key")]),
    ] {
        let mut question = Outbound::text(title, "Your key?").asking(AnswerKind::Secret);
        let values: Vec<_> = fields.iter().map(|it| format!("FlyV1 {}", it.id)).collect();
        question.fields = Some(SecretForm { button: "Enter".into(), title: title.into(), fields });
        let question = question.with_buttons(vec![Button::new("back", "Back")]);
        world.tries(&question).await.unwrap();
        let typed: Vec<_> = values.iter().map(String::as_str).collect();
        in_time("the modal opens", ada.fills_in("Enter", &typed)).await;
        let inbound = world.taken().await;
        assert!(!format!("{inbound:?}").contains("FlyV1"), "a secret is never printed");
        assert_eq!(inbound.content, InboundContent::Secret(values.join("\n").into()));
        assert_eq!((inbound.message, inbound.place), (None, ChatType::Private));
        assert!(!world.simulated.stored_text().contains("FlyV1"));
    }
    world.expect_only_described_calls();
}

#[tokio::test]
async fn files_go_both_ways() {
    let world = DiscordWorld::new().await;
    let (channel, mut ada) = (world.channel(), world.ada());
    let bytes = Bytes::from((0..=255).cycle().take(300_000).collect::<Vec<u8>>());
    ada.sends_files(
        &[("../notes ü.bin", bytes.clone()), ("two.txt", bytes.slice(..2))],
        "read this",
    );
    let mut ids = Vec::new();
    for (name, caption, size) in [("../notes ü.bin", "read this", 300_000), ("two.txt", "", 2)] {
        let inbound = world.taken().await;
        let InboundContent::File(file) = inbound.content else { panic!("not a file") };
        assert_eq!((file.name.as_str(), file.caption.as_str()), (name, caption));
        assert_eq!(file.bytes, Some(size));
        assert!(channel.fetch(&file).await.unwrap() == bytes.slice(..size as usize), "harmed");
        ids.push(inbound.id);
        if name == "two.txt" {
            ada.deletes_own();
            let gone = channel.fetch(&file).await;
            assert!(gone.is_err(), "{gone:?}");
        }
    }
    assert_ne!(ids[0], ids[1]);

    let file = file("photo", bytes.clone());
    let sent = channel.send_file(&world.chat(), &file).await.unwrap();
    assert_eq!(channel.send_file(&world.chat(), &file).await.unwrap(), sent);
    ada.reads(&file.caption).await;
    assert!(ada.files() == [("photo.bin".to_owned(), bytes)], "harmed");
    let no_words = OutboundFile { key: "bare".into(), caption: String::new(), ..file.clone() };
    channel.send_file(&world.chat(), &no_words).await.unwrap();
    let most = usize::try_from(channel.capabilities().files_out_bytes_max).unwrap();
    let too_large = OutboundFile { key: "large".into(), bytes: vec![0; most + 1].into(), ..file };
    let refused = channel.send_file(&world.chat(), &too_large).await;
    assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
    world.expect_only_described_calls();
}

fn file(name: &str, bytes: Bytes) -> OutboundFile {
    OutboundFile {
        key: name.into(),
        name: format!("{name}.bin"),
        media_type: "image/png".into(),
        bytes,
        caption: format!("here is the {name}"),
    }
}

#[tokio::test]
async fn closed_direct_messages_are_unreachable_until_they_open() {
    let world = DiscordWorld::new().await;
    let ada = world.ada();
    ada.closes_dms();
    let message = Outbound::text("k", "hello?");
    assert_eq!(world.tries(&message).await, Err(ChannelError::Unreachable));
    ada.opens_dms();
    world.tries(&message).await.unwrap();
    let strangers = ChatId("99".into());
    let sent = world.channel().send(&strangers, &message).await;
    assert_eq!(sent, Err(ChannelError::Unreachable));
    for nonsense in ["", "0", "ada", "../1"] {
        let sent = world.channel().send(&ChatId(nonsense.into()), &message).await;
        assert!(matches!(sent, Err(ChannelError::Refused(_))), "{sent:?}");
    }
    world.expect_only_described_calls();
}

#[tokio::test]
async fn who_sends_too_fast_is_told_how_long_to_wait_and_not_refused_again_meanwhile() {
    let world = DiscordWorld::new().await;
    let ada = world.ada();
    world.simulated.limits().set_message_limit(5, 60_000);
    for n in 0..5 {
        world.sends(&n.to_string(), "quick").await;
    }
    for _ in 0..3 {
        let refused = world.tries(&Outbound::text("sixth", "quick")).await;
        let Err(ChannelError::RateLimited { retry_after_ms }) = refused else {
            panic!("{refused:?}")
        };
        assert!((30_000..=60_001).contains(&retry_after_ms), "{retry_after_ms} ms");
    }
    assert!(world.simulated.limits().refusals() <= 1, "who insists is locked out by Discord");
    assert_eq!(ada.screen().len(), 5);
    world.expect_only_described_calls();
}

#[tokio::test]
async fn when_the_wait_is_over_it_goes_on_and_another_chat_never_waited() {
    let world = DiscordWorld::new().await;
    let ada = world.ada();
    let bobs = ChatId(world.simulated.person(&world.token, ADA + 1).channel().to_string());
    world.simulated.limits().set_message_limit(2, 300);
    for n in 0..6 {
        let message = Outbound::text(n.to_string(), "quick");
        let sent = async {
            while let Err(ChannelError::RateLimited { .. }) = world.tries(&message).await {
                tokio::task::yield_now().await;
            }
        };
        in_time("the wait is over", sent).await;
        if n < 2 {
            world.channel().send(&bobs, &message).await.unwrap();
        }
    }
    assert_eq!(ada.screen().len(), 6);
    assert_eq!(world.simulated.limits().refusals(), 0, "it waits before it is told to");
    world.expect_only_described_calls();
}
