use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::*;
use crate::chat::{AnswerKind, Button};

mod glass;

use glass::FakeScreen;

/// A terminal with a test as its user.
struct TerminalWorld {
    terminal: Terminal,
    keyboard: DuplexStream,
    glass: FakeScreen,
}

impl TerminalWorld {
    fn piped() -> Self {
        Self::new(TerminalOptions::piped(), 1_000)
    }

    fn with_screen(columns: usize, rows: usize) -> Self {
        Self::new(TerminalOptions::screen(move || ScreenSize { columns, rows }), columns)
    }

    fn new(options: TerminalOptions, columns: usize) -> Self {
        let (keyboard, input) = duplex(1 << 20);
        let glass = FakeScreen::new(columns);
        Self { terminal: Terminal::new(input, glass.clone(), options), keyboard, glass }
    }

    async fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).await.unwrap();
    }

    fn sees(&self, expected: &[&str]) {
        assert_eq!(self.glass.seen(), expected);
    }
}

fn question() -> Outbound {
    Outbound::text("q", "Shall I?")
        .with_buttons(vec![Button::new("yes", "Deploy"), Button::new("no", "Leave it")])
}

fn text(content: Option<InboundContent>) -> String {
    match content {
        Some(InboundContent::Text(text)) => text.to_string(),
        other => panic!("not a text: {other:?}"),
    }
}

fn secret(content: Option<InboundContent>) -> String {
    match content {
        Some(InboundContent::Secret(secret)) => secret.to_string(),
        other => panic!("not a secret: {other:?}"),
    }
}

fn tap(content: Option<InboundContent>) -> String {
    match content {
        Some(InboundContent::Tap { button, message }) => {
            format!("{button} of {}", message.unwrap().id)
        }
        other => panic!("not a tap: {other:?}"),
    }
}

#[tokio::test]
async fn lines_come_in_order_and_end_with_the_input() {
    let mut desk = TerminalWorld::piped();
    let bot = desk.terminal.voice("bot");
    desk.types("one\r\n\ntwo 👩‍👩‍👧‍👦\nno line break").await;
    drop(std::mem::replace(&mut desk.keyboard, duplex(1).0));

    for expected in ["one", "", "two 👩‍👩‍👧‍👦", "no line break"] {
        assert_eq!(text(bot.next().await), expected);
    }
    assert_eq!(bot.next().await, None);
    assert_eq!(desk.terminal.voice("late").next().await, None);
}

#[tokio::test]
async fn a_choice_is_its_number_or_its_label_and_nothing_else() {
    let mut desk = TerminalWorld::piped();
    let bot = desk.terminal.voice("bot");
    bot.show("q", &question());
    bot.show("later", &Outbound::text("later", "Take your time."));
    desk.sees(&["Shall I?", "1) Deploy  2) Leave it", "", "Take your time.", ""]);

    desk.types("1\n 2 \ndEPLOY\n3\n0\n+1\ndeploy!\n").await;

    assert_eq!(tap(bot.next().await), "yes of q");
    assert_eq!(tap(bot.next().await), "no of q");
    assert_eq!(tap(bot.next().await), "yes of q");
    for plain in ["3", "0", "+1", "deploy!"] {
        assert_eq!(text(bot.next().await), plain);
    }
}

#[tokio::test]
async fn an_answer_to_a_secret_question_is_a_secret_unless_it_is_a_command_or_a_choice() {
    for mut desk in [TerminalWorld::piped(), TerminalWorld::with_screen(80, 24)] {
        let bot = desk.terminal.voice("bot");
        bot.show("q", &question().asking(AnswerKind::Secret));
        desk.types("hunter2\n/help\n2\n").await;

        assert_eq!(secret(bot.next().await), "hunter2");
        assert_eq!(text(bot.next().await), "/help");
        assert_eq!(tap(bot.next().await), "no of q");

        bot.show("thanks", &Outbound::text("thanks", "Thank you."));
        desk.types("hunter3\n").await;
        assert_eq!(text(bot.next().await), "hunter3");
    }
}

#[tokio::test]
async fn a_secret_is_never_seen_on_the_screen() {
    let mut desk = TerminalWorld::with_screen(40, 10);
    let bot = desk.terminal.voice("bot");
    bot.show("q", &Outbound::text("q", "Your token?").asking(AnswerKind::Secret));

    desk.types("hunter").await;
    desk.types("2\n").await;

    assert_eq!(secret(bot.next().await), "hunter2");
    desk.sees(&["Your token?", "> (hidden)", "> (hidden) "]);
}

#[tokio::test]
async fn a_line_can_be_edited_while_messages_arrive() {
    let mut desk = TerminalWorld::with_screen(20, 10);
    let bot = desk.terminal.voice("bot");

    desk.types("wrong\u{15}helo é\u{7f}\u{1b}[D\u{7f}\u{7f}lo yuo\u{17}you\r").await;

    assert_eq!(text(bot.next().await), "hello you");
    bot.show("m", &Outbound::text("m", "Hello."));
    desk.sees(&["> hello you", "", "Hello.", "> "]);
}

#[tokio::test]
async fn control_d_on_an_empty_line_ends_the_input() {
    let mut desk = TerminalWorld::with_screen(20, 10);
    let bot = desk.terminal.voice("bot");
    desk.types("hi\u{4}\r\u{4}").await;
    assert_eq!(text(bot.next().await), "hi");
    assert_eq!(bot.next().await, None);
}

#[tokio::test]
async fn the_last_message_is_redrawn_in_place_however_it_wraps() {
    let desk = TerminalWorld::with_screen(10, 10);
    let bot = desk.terminal.voice("bot");
    bot.show("a", &Outbound::text("a", "above"));
    bot.show("m", &Outbound::text("m", "0123456789\n0123456789abc\nlast"));
    bot.edit("m", &Outbound::text("m", "0123456789\nshort\nlast one, wrapped"));
    desk.sees(&["above", "", "0123456789", "short", "last one,", "wrapped", "> "]);

    bot.edit("m", &Outbound::text("m", "gone"));
    desk.sees(&["above", "", "gone", "> "]);

    bot.delete("m");
    desk.sees(&["above", "", "> "]);
}

#[tokio::test]
async fn an_older_message_is_printed_again_from_where_it_changed() {
    let desk = TerminalWorld::with_screen(30, 10);
    let bot = desk.terminal.voice("bot");
    bot.show("m", &Outbound::text("m", "Apps: done\nVM: waiting"));
    desk.terminal.notice("Something else.");

    bot.edit("m", &Outbound::text("m", "Apps: done\nVM: starting"));
    bot.edit("m", &Outbound::text("m", "Apps: done\nVM: done"));

    desk.sees(&["Apps: done", "VM: waiting", "* Something else.", "VM: done", "> "]);
}

#[tokio::test]
async fn a_message_taller_than_the_screen_is_never_drawn_over_above_it() {
    let desk = TerminalWorld::with_screen(10, 3);
    let bot = desk.terminal.voice("bot");
    bot.show("m", &Outbound::text("m", "1\n2\n3\n4"));
    bot.edit("m", &Outbound::text("m", "1\n2\n3\n5"));
    desk.sees(&["1", "2", "3", "5", "> "]);
    bot.edit("m", &Outbound::text("m", "0\n2\n3\n5"));
    desk.sees(&["1", "2", "3", "5", "", "0", "2", "3", "5", "> "]);
}

#[tokio::test]
async fn through_a_pipe_an_edit_prints_only_the_lines_that_changed() {
    let desk = TerminalWorld::piped();
    let bot = desk.terminal.voice("bot");
    bot.show("m", &Outbound::text("m", "Apps: waiting\nVolume: waiting\nVM: waiting"));
    bot.edit("m", &Outbound::text("m", "Apps: waiting\nVolume: done\nVM: waiting"));
    bot.edit("m", &Outbound::text("m", "Apps: waiting\nVolume: done\nVM: waiting"));
    desk.sees(&["Apps: waiting", "Volume: waiting", "VM: waiting", "Volume: done", ""]);
}

#[tokio::test]
async fn two_voices_share_the_terminal_and_a_line_switches_between_them() {
    let mut desk = TerminalWorld::piped();
    let bot = desk.terminal.voice("bot");
    let relay = desk.terminal.voice("relay");
    desk.types("to bot\n/bot\n/relay\nto relay\n/relay\n/relays\n/bot\nto bot again\n").await;

    assert_eq!(text(bot.next().await), "to bot");
    assert_eq!(text(relay.next().await), "to relay");
    assert_eq!(text(relay.next().await), "/relays");
    assert_eq!(text(bot.next().await), "to bot again");

    desk.terminal.switch_to("bot");
    bot.show("1", &Outbound::text("1", "Hi."));
    relay.show("1", &Outbound::text("1", "Hello."));
    relay.show("2", &Outbound::text("2", "Again."));
    desk.sees(&[
        "* You are talking to relay now.",
        "* You are talking to bot now.",
        "",
        "[bot]",
        "Hi.",
        "",
        "[relay]",
        "Hello.",
        "",
        "Again.",
        "",
    ]);
}

#[tokio::test]
async fn on_a_narrow_screen_words_and_links_stay_whole_and_choices_stand_in_a_column() {
    let desk = TerminalWorld::with_screen(24, 20);
    let bot = desk.terminal.voice("bot");
    let buttons = ["Deploy", "Change an answer", "Cancel"];
    let buttons = buttons.map(|label| Button::new(label, label)).to_vec();
    let question = "Your relay is ready, and this is its link:\nhttps://a.example/chat#0123456789";

    bot.show("m", &Outbound::text("m", question).with_buttons(buttons));

    desk.sees(&[
        "Your relay is ready, and",
        "this is its link:",
        "https://a.example/chat#0",
        "123456789",
        "1) Deploy",
        "2) Change an answer",
        "3) Cancel",
        "> ",
    ]);
}

#[tokio::test]
async fn hostile_text_cannot_drive_the_terminal() {
    for desk in [TerminalWorld::piped(), TerminalWorld::with_screen(80, 24)] {
        let bot = desk.terminal.voice("bot");
        let hostile = "a\u{1b}[2J\u{9b}2J\u{7}\r\u{0}\u{7f}\u{202e}b";
        let buttons = vec![Button::new("x", "\u{1b}]0;owned\u{7}\nlabel")];
        bot.show("m", &Outbound::text("m", hostile).with_buttons(buttons));
        assert_eq!(desk.glass.seen()[..2], ["a[2J2Jb", "1) ]0;owned label"]);
    }
}

#[tokio::test]
async fn a_hundred_kilobytes_arrive_whole_and_too_much_is_cut_and_said_so() {
    for mut desk in [TerminalWorld::piped(), TerminalWorld::with_screen(80, 24)] {
        let bot = desk.terminal.voice("bot");
        let long = "é".repeat(50_000);
        desk.types(&format!("{long}\n")).await;
        assert_eq!(text(bot.next().await), long);

        desk.types(&format!("x{}\n", "é".repeat(LINE_MAX))).await;
        let cut = text(bot.next().await);
        assert_eq!(cut, format!("x{}", "é".repeat(LINE_MAX / 2 - 1)));
        assert!(desk.glass.seen().iter().any(|row| row.contains("was longer than")));
    }
}

#[tokio::test]
async fn a_real_keyboard_hides_a_credential_and_gets_its_echo_back() {
    for drawn in [true, false] {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let keyboard = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let echoes = || tcgetattr(&keyboard).unwrap().local_modes.contains(LocalModes::ECHO);
        let tty = Tty::take(&keyboard, drawn);
        let size: Box<dyn Fn() -> ScreenSize + Send> = Box::new(ScreenSize::default);
        let options = TerminalOptions { tty, screen: drawn.then_some(size) };
        let terminal = Terminal::new(tokio::io::empty(), std::io::sink(), options);
        let bot = terminal.voice("bot");

        assert_eq!(echoes(), !drawn, "a screen that we draw on is echoed by us");
        bot.show("q", &Outbound::text("q", "Your token?").asking(AnswerKind::Secret));
        assert!(!echoes());
        bot.show("a", &Outbound::text("a", "Thank you."));
        assert_eq!(echoes(), !drawn);

        drop(terminal);
        assert!(echoes());
    }
}
