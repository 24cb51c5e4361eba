//! What every channel promises, kept by the adapter over loopback, by long polling and by webhook.

use adapters::channel::{Channel, ChannelError, ChannelEvent};
use adapters::chat::{
    Button, ChatId, ChatType, InboundContent, MenuEntry, MessageRef, Outbound, OutboundFile,
    PageButton,
};
use adapters::text::{length, split};
use bytes::Bytes;
use textslash::clock::Clock;
use tokio::time::{Duration, timeout};

use super::world::{ADA, PATIENCE, TelegramWorld, UpdateMode, WAYS};

const STRANGE: &str = "👩‍👩‍👧‍👦 e\u{301} \"quoted\" {\"ok\":true} <b>&amp; *_`~ \\n 0 -1 '; --";

/// Two days and an hour: beyond what Telegram lets a bot delete.
const TOO_LATE: Duration = Duration::from_secs(49 * 60 * 60);

#[tokio::test]
async fn a_line_arrives_with_an_id_of_its_own_and_can_be_answered() {
    for way in WAYS {
        let world = TelegramWorld::new(way).await;
        let mut ada = world.ada();
        let mut ids = Vec::new();
        for text in ["hi", "hi", STRANGE] {
            ada.says(text);
            let inbound = world.taken().await;
            assert_eq!(inbound.content, InboundContent::Text(text.to_owned().into()));
            assert_eq!((&inbound.chat, inbound.place), (&world.chat(), ChatType::Private));
            assert_eq!(inbound.from.0, ADA.to_string());
            assert_eq!(inbound.locale.as_deref(), Some("de"));
            assert!(!ids.contains(&inbound.id), "{:?} came twice", inbound.id);
            ids.push(inbound.id);
        }
        world.sends("answer", "Hello.").await;
        ada.reads("Hello.").await;
        world.expect_only_described_calls();
    }
}

#[tokio::test]
async fn long_and_strange_text_fits_as_promised_and_no_longer() {
    let world = TelegramWorld::new(UpdateMode::Webhook).await;
    let mut ada = world.ada();
    let can = world.channel().capabilities().clone();
    let long = STRANGE.repeat(3 * can.text_max / STRANGE.len());
    for (n, part) in split(&long, can.text_max, can.text_unit).iter().enumerate() {
        world.sends(&format!("part-{n}"), part).await;
        assert_eq!(ada.reads(part).await, *part);
    }

    let longest = "😀".repeat(can.text_max / 2);
    assert_eq!(length(&longest, can.text_unit), can.text_max);
    world.sends("longest", &longest).await;
    ada.reads(&longest).await;
    ada.says(&longest);
    assert!(world.taken().await.content == InboundContent::Text(longest.clone().into()), "harmed");

    let too_long = Outbound::text("too long", longest + "x");
    let refused = world.channel().send(&world.chat(), &too_long).await;
    assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn messages_are_edited_and_deleted_by_their_ids() {
    let world = TelegramWorld::new(UpdateMode::Webhook).await;
    let (channel, mut ada) = (world.channel(), world.ada());
    let question = Outbound::text("m", "before").with_buttons(vec![Button::new("go", "Go")]);
    let message = channel.send(&world.chat(), &question).await.unwrap();
    for _ in 0..2 {
        channel.edit(&message, &Outbound::text("m", "after")).await.unwrap();
    }
    ada.reads("after").await;
    assert_eq!(ada.screen().last().unwrap().buttons, [], "an answered question offers nothing");

    channel.delete(&message).await.unwrap();
    assert_eq!(ada.screen(), []);
    let unknown = MessageRef { chat: world.chat(), id: "unknown".into() };
    for gone in [&message, &unknown] {
        let edited = channel.edit(gone, &Outbound::text("m", "again")).await;
        assert_eq!(edited, Err(ChannelError::NoSuchMessage));
        assert_eq!(channel.delete(gone).await, Err(ChannelError::NoSuchMessage));
    }
    world.expect_only_described_calls();
}

#[tokio::test]
async fn a_pasted_secret_is_deleted_while_telegram_lets_us() {
    let world =
        TelegramWorld::with_clock(UpdateMode::Webhook, Clock::from_tokio(1_790_000_000_000)).await;
    let mut ada = world.ada();
    for secret in ["FlyV1 fm2_pasted", "FlyV1 fm2_found_late"] {
        ada.says(secret);
        let pasted = world.taken().await;
        assert!(!format!("{pasted:?}").contains(secret));
        assert!(world.simulated.stored_text().contains(secret), "the hunt is blind");
        let message = pasted.message.expect("a person's message can be named");
        if secret.contains("late") {
            tokio::time::pause();
            tokio::time::advance(TOO_LATE).await;
            tokio::time::resume();
            let late = world.channel().delete(&message).await;
            assert!(matches!(late, Err(ChannelError::Refused(_))), "{late:?}");
        } else {
            world.channel().delete(&message).await.unwrap();
            assert!(!world.simulated.stored_text().contains(secret));
            assert_eq!(ada.screen(), []);
        }
    }
}

#[tokio::test]
async fn the_same_key_sent_twice_is_one_message() {
    let world = TelegramWorld::new(UpdateMode::Webhook).await;
    let ada = world.ada();
    let first = world.sends("key", "Only once.").await;
    assert_eq!(world.sends("key", "Only once.").await, first);
    world.simulated.person(&world.token, ADA + 1, "en");
    let elsewhere = ChatId((ADA + 1).to_string());
    let other = world.channel().send(&elsewhere, &Outbound::text("key", "Only once.")).await;
    assert_ne!(other.unwrap(), first, "a key belongs to its chat");
    assert_eq!(ada.screen().len(), 1);
}

#[tokio::test]
async fn a_button_comes_back_with_its_id_and_its_message() {
    for way in WAYS {
        let world = TelegramWorld::new(way).await;
        let mut ada = world.ada();
        let longest = "x".repeat(64);
        let buttons = vec![Button::new("deploy:1", "Deploy"), Button::new(&longest, "Leave it")];
        let question = Outbound::text("q", "Shall I?").with_buttons(buttons);
        let sent = world.channel().send(&world.chat(), &question).await.unwrap();
        for button in &question.buttons {
            ada.taps(&button.label);
            let tap =
                InboundContent::Tap { button: button.id.clone(), message: Some(sent.clone()) };
            assert_eq!(world.taken().await.content, tap);
        }
        let answered = async {
            while !world.simulated.calls().iter().any(|(method, _)| method == "answercallbackquery")
            {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, answered).await.expect("a tapped button stops to look busy");
        let too_long = vec![Button::new(longest + "x", "No")];
        let refused = Outbound::text("r", "Shall I?").with_buttons(too_long);
        let refused = world.channel().send(&world.chat(), &refused).await;
        assert!(matches!(refused, Err(ChannelError::Refused(_))), "{refused:?}");
        world.expect_only_described_calls();
    }
}

#[tokio::test]
async fn a_page_of_ours_opens_from_a_button() {
    let world = TelegramWorld::new(UpdateMode::Webhook).await;
    let ada = world.ada();
    let url = "http://127.0.0.1:1/form#ticket".to_owned();
    let page = Some(PageButton { label: "Open the form".into(), url: url.clone().into() });
    let question = Outbound { page, ..Outbound::text("q", "Your token?") };
    world.channel().send(&world.chat(), &question).await.unwrap();
    assert_eq!(ada.page("Open the form"), Some(url));
    world.expect_only_described_calls();
}

#[tokio::test]
async fn files_go_both_ways() {
    for way in WAYS {
        let world = TelegramWorld::new(way).await;
        let (channel, mut ada) = (world.channel(), world.ada());
        let bytes = Bytes::from((0..=255).cycle().take(300_000).collect::<Vec<u8>>());
        ada.sends_file("../notes.bin", bytes.clone(), "read this");
        let InboundContent::File(file) = world.taken().await.content else { panic!("not a file") };
        assert_eq!((file.name.as_str(), file.caption.as_str()), ("../notes.bin", "read this"));
        assert_eq!(file.bytes, Some(300_000));
        assert!(channel.fetch(&file).await.unwrap() == bytes, "harmed");

        for (key, media_type) in [("photo", "image/png"), ("document", "application/pdf")] {
            let file = OutboundFile {
                key: key.into(),
                name: format!("{key}.bin"),
                media_type: media_type.into(),
                bytes: bytes.clone(),
                caption: format!("here is the {key}"),
            };
            let sent = channel.send_file(&world.chat(), &file).await.unwrap();
            assert_eq!(channel.send_file(&world.chat(), &file).await.unwrap(), sent);
            ada.reads(&file.caption).await;
            let calls = world.simulated.calls();
            let of_kind = calls.iter().filter(|(method, _)| *method == format!("send{key}"));
            assert_eq!(of_kind.count(), 1, "{key}");
        }
        world.expect_only_described_calls();
    }
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_after_a_death_and_what_was_does_not() {
    for way in WAYS {
        let mut world = TelegramWorld::new(way).await;
        let mut ada = world.ada();
        ada.says("safe");
        world.taken().await;
        ada.says("lost");
        let lost = world.inbound().await;
        world.dies_and_comes_back().await;
        let again = world.taken().await;
        assert_eq!((&again.id, &again.content), (&lost.id, &lost.content), "by {way:?}");
        ada.says("next");
        let next = world.taken().await;
        assert_eq!(next.content, InboundContent::Text("next".to_owned().into()), "by {way:?}");
    }
}

#[tokio::test]
async fn an_unruly_telegram_repeats_and_shuffles_and_nothing_is_lost() {
    for way in WAYS {
        let world = TelegramWorld::new(way).await;
        world.simulated.duplicate_deliveries();
        let mut ada = world.ada();
        let said: Vec<String> = (0..12).map(|n| format!("line {n}")).collect();
        said.iter().for_each(|line| ada.says(line));
        let mut heard = std::collections::BTreeMap::new();
        while heard.len() < said.len() {
            let inbound = world.taken().await;
            let InboundContent::Text(text) = inbound.content else { panic!("not text") };
            let before = heard.insert(text.to_string(), inbound.id.clone());
            assert!(before.is_none_or(|id| id == inbound.id), "two ids for {:?}", text.as_str());
        }
    }
}

#[tokio::test]
async fn a_blocked_chat_is_unreachable_until_it_is_unblocked() {
    for way in WAYS {
        let world = TelegramWorld::new(way).await;
        let ada = world.ada();
        ada.blocks();
        let sent = world.channel().send(&world.chat(), &Outbound::text("k", "hello?")).await;
        assert_eq!(sent, Err(ChannelError::Unreachable));
        world.simulated.person(&world.token, ADA + 1, "en").says("between");
        ada.unblocks();
        let between = world.event().await;
        assert!(matches!(between, ChannelEvent::Inbound(_)), "a block opens nothing: {between:?}");
        if let ChannelEvent::Inbound(inbound) = between {
            world.channel().acknowledge(&inbound.id).await;
        }
        assert_eq!(world.event().await, ChannelEvent::Reachable(world.chat()));
        world.sends("k", "hello?").await;
        let strangers = ChatId("99".into());
        let sent = world.channel().send(&strangers, &Outbound::text("k", "hello?")).await;
        assert_eq!(sent, Err(ChannelError::Unreachable));
    }
}

#[tokio::test]
async fn who_sends_too_fast_is_told_how_long_to_wait() {
    let world = TelegramWorld::new(UpdateMode::Webhook).await;
    let _ada = world.ada();
    let mut n = 0;
    let refused = loop {
        let message = Outbound::text(n.to_string(), "quick");
        match world.channel().send(&world.chat(), &message).await {
            Ok(_) => n += 1,
            Err(refused) => break refused,
        }
        assert!(n < 1_000, "no limit at all");
    };
    assert!(n >= 20, "{n} messages");
    assert_eq!(refused, ChannelError::RateLimited { retry_after_ms: 1_000 });
}

#[tokio::test]
async fn the_menu_is_offered_in_every_language() {
    let world = TelegramWorld::new(UpdateMode::Webhook).await;
    let meanings =
        vec![("en".to_owned(), "Begin".to_owned()), ("de".to_owned(), "Anfangen".to_owned())];
    let menu = [MenuEntry { word: "start".into(), meanings }];
    for _ in 0..2 {
        world.channel().announce(&menu).await;
    }
    for (language, meaning) in [("", "Begin"), ("en", "Begin"), ("de", "Anfangen")] {
        let asked = serde_json::json!({ "language_code": language });
        let (_, answer) = world.calls("getMyCommands", asked).await;
        assert_eq!(answer["result"][0]["description"], meaning, "{language:?}");
    }
    world.channel().typing(&world.chat()).await;
    world.expect_only_described_calls();
}
