//! Whoever sits at the terminal, for roles without a conversation. Questions go to standard error:
//! standard output is for results.

use std::cell::OnceCell;
use std::io::IsTerminal;

use adapters::chat::{AnswerKind, InboundContent, Outbound};
use adapters::console::{Terminal, Voice};
use textslash::messages::answer;
use textslash::phrase;
use zeroize::Zeroizing;

use crate::report;

/// One terminal for all questions: each would read ahead of the next.
#[derive(Default)]
pub struct TerminalPrompt {
    terminal: OnceCell<(Terminal, Voice)>,
}

impl TerminalPrompt {
    /// Whether there is somebody to ask.
    pub fn is_interactive(&self) -> bool {
        std::io::stdin().is_terminal()
    }

    /// Whether the answer is yes.
    pub async fn confirms(&self) -> bool {
        let question = phrase!(report::locale(), "cli-agree");
        let answered = self.answer(Outbound::text("agree", question)).await;
        answer::is_yes(&answered)
    }

    /// A credential, typed without echo; empty when the input has ended.
    pub async fn enters(&self, question: &str) -> Zeroizing<String> {
        self.answer(Outbound::text(question, question).asking(AnswerKind::Secret)).await
    }

    async fn answer(&self, question: Outbound) -> Zeroizing<String> {
        let (_, voice) = self.terminal.get_or_init(|| {
            let terminal = Terminal::of_stdin_and_stderr();
            let voice = terminal.voice("textslash");
            (terminal, voice)
        });
        voice.show(&question.key, &question);
        match voice.next().await {
            Some(InboundContent::Secret(text) | InboundContent::Text(text)) => text,
            Some(
                InboundContent::Tap { .. } | InboundContent::File(_) | InboundContent::Unsupported,
            )
            | None => Zeroizing::default(),
        }
    }
}
