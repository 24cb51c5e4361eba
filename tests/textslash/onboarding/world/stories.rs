//! What Ada does again and again.

use adapters::channel::{Channel, SecretEntry};
use adapters::chat::{Inbound, InboundContent};
use zeroize::Zeroizing;

use super::ChatWorld;

impl ChatWorld {
    /// Types a line into a field that the service does not keep.
    pub fn enters(&mut self, line: &str) -> Inbound {
        let inbound = self.inbound(InboundContent::Secret(Zeroizing::new(line.to_owned())));
        self.script.deliver(inbound.clone());
        inbound
    }

    /// Taps a button, or writes its number where choices are numbers in the text.
    pub fn chooses(&mut self, label: &str) {
        let shown = self.script.shown();
        for message in shown.iter().rev() {
            if message.buttons.iter().any(|it| it.label == label) {
                self.taps(label);
                return;
            }
            let mut numbered = message.text.lines().filter_map(|line| line.split_once(". "));
            if let Some((number, _)) = numbered.find(|(_, it)| *it == label) {
                self.says(number);
                return;
            }
        }
        panic!("no choice {label:?}{}", self.story());
    }

    /// Answers everything with a pasted token and key, up to the plan.
    pub async fn answers_everything(&mut self) {
        self.says("hi");
        self.reads("I need a token").await;
        self.says(&self.fly.mint_org_token());
        self.reads("Which Anthropic API key").await;
        self.says(self.anthropic.clone().key());
        self.reads("Where should it run?").await;
        self.says("1");
        self.reads("How large").await;
        self.taps("Small");
        self.reads("This is the plan").await;
    }

    pub async fn deploys(&mut self) -> String {
        self.answers_everything().await;
        self.taps("Deploy");
        self.reads("Your relay is ready").await;
        self.reads("https://").await
    }

    /// Hands over a credential in the way that the service has for it.
    fn hands_over(&mut self, credential: &str) {
        match self.script.capabilities().secret_entry {
            SecretEntry::Hidden => self.enters(credential),
            SecretEntry::PastedThenDeleted | SecretEntry::Form => self.says(credential),
        };
    }

    /// The whole way with these credentials, the relay's own channel and its key among them where
    /// the person does not want a link.
    pub async fn is_deployed_and_removed(&mut self, token: &str, key: &str, own: (&str, &str)) {
        self.says("hi");
        self.reads("I need a token").await;
        self.hands_over(token);
        self.reads("Which Anthropic API key").await;
        self.hands_over(key);
        if let (channel @ ("Telegram" | "Discord" | "WhatsApp"), own_key) = own {
            self.reads("Which channel").await;
            self.chooses(channel);
            self.reads("of your own").await;
            self.hands_over(own_key);
            if channel == "WhatsApp" {
                self.reads("Which number").await;
                self.says("1");
            }
        }
        self.reads("Where should it run?").await;
        self.says("1");
        self.reads("How large").await;
        self.chooses("Small");
        self.reads("This is the plan").await;
        self.chooses("Deploy");
        self.reads("Your relay is ready").await;
        self.says("/teardown");
        self.reads("Remove it?").await;
        self.says("yes");
        self.reads("token").await;
        self.hands_over(token);
        self.reads("Everything is gone").await;
    }

    /// From hello to nothing, whatever the bot asks and however often: what stops is tried again.
    pub async fn gets_through(&mut self, token: &str, key: &str, own_bot: &str) {
        self.says("hi");
        loop {
            match self.find("").await {
                it if it.contains("Everything is gone") => return,
                it if it.contains("need a token") || it.contains("need a Fly.io token") => {
                    self.hands_over(token)
                }
                it if it.contains("Which Anthropic API key") => self.hands_over(key),
                it if it.contains("Which channel") => self.chooses("Telegram"),
                it if it.contains("bot of your own") => self.hands_over(own_bot),
                it if it.contains("Where should it run?") => drop(self.says("1")),
                it if it.contains("How large") => self.chooses("Small"),
                it if it.contains("This is the plan") => self.chooses("Deploy"),
                it if it.contains("stopped") => self.chooses("Try again"),
                it if it.contains("Your relay is ready") => drop(self.says("/teardown")),
                it if it.contains("Remove it?") => drop(self.says("yes")),
                _ => {}
            }
        }
    }

    pub async fn tears_down(&mut self) {
        self.says("/teardown");
        self.reads("Remove it?").await;
        self.says("yes");
        self.reads("token").await;
        self.says(&self.fly.mint_org_token());
        self.reads("Everything is gone").await;
    }

    /// Each line gets an answer that does not repeat it, and the question stays open.
    pub async fn is_bothered_with<'a>(
        &mut self,
        lines: impl Iterator<Item = &'a String>,
        entered: bool,
    ) {
        for line in lines {
            let before = self.script.count();
            let inbound = if entered { self.enters(line) } else { self.says(line) };
            self.acknowledged(&inbound).await;
            self.read = before;
            self.reads("").await;
            let repeats = |text: &String| line.chars().count() > 12 && text.contains(line.as_str());
            assert!(!self.unread().iter().any(repeats), "{line:?}{}", self.story());
        }
    }
}
