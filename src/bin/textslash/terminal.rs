//! A single question at the terminal, for roles without a conversation.

use adapters::chat::{Content, Outbound};
use adapters::console::Terminal;

/// Asks, and returns the answer in lower case; empty when the input has ended.
pub async fn asks(question: &str) -> String {
    let terminal = Terminal::of_stdio();
    let voice = terminal.voice("textslash");
    voice.show("question", &Outbound::text("question", question));
    match voice.next().await {
        Some(Content::Text(text) | Content::Secret(text)) => text.trim().to_lowercase(),
        Some(Content::Tap { .. }) | None => String::new(),
    }
}
