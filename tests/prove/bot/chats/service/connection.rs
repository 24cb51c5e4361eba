//! The service as a process of the bot knows it, and what is noted of what that process does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapters::channel::{Capabilities, Channel, ChannelError, ChannelEvent};
use adapters::chat::{ChatId, Inbound, InboundId, MessageRef, Outbound};
use async_trait::async_trait;

use super::super::super::Promise;
use super::super::profile::NAME;
use super::{ServiceState, SimulatedService, number};
use textslash::onboarding::QUEUE_MAX;

/// Messages of one chat that the bot's process holds at the most: those in its queue, the one that
/// is answered, and the one that is being led to them.
const IN_HAND_MAX: usize = QUEUE_MAX + 2;

/// What a message takes to a chat on a slow line.
const SLOW: Duration = Duration::from_millis(200);

/// The service as one process of the bot knows it.
pub(in super::super) struct ServiceConnection(pub(in super::super) Arc<SimulatedService>);

#[async_trait]
impl Channel for ServiceConnection {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    async fn next(&self) -> Option<ChannelEvent> {
        let event = self.0.events.lock().await.recv().await?;
        if let ChannelEvent::Inbound(inbound) = &event {
            self.0.note_handed_over(inbound);
        }
        Some(event)
    }

    async fn acknowledge(&self, id: &InboundId) {
        self.0.stage.deed(&format!("acknowledges {}", id.0)).await;
        if let Some(number) = number(id) {
            self.0.note_acknowledged(id, number);
            let chat = self.0.state().written.get(number).map(|it| it.chat.clone());
            if chat.is_some_and(|chat| self.0.is_slow(&chat)) {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        let stage = &self.0.stage;
        let line = message.text.lines().next().unwrap_or_default();
        // A link is the one secret that is meant for the person, and for no trace.
        let (line, _) = line.split_once('#').unwrap_or((line, ""));
        stage.deed(&format!("says to {} ({}): {line}", chat.0, message.key)).await;
        match message.text.split_once("/chat#") {
            Some((_, key)) => stage.keep_secret(key),
            None => stage.expect_no_secret("a message", message.text.as_bytes()),
        }
        self.0.proof.look(chat, &message.text);
        if self.0.is_slow(chat) {
            tokio::time::sleep(SLOW).await;
        }
        let trouble = self.0.next_failure(chat);
        if let Some((error, _)) = trouble.as_ref().filter(|(_, arrives)| !arrives) {
            stage.trace(&format!("{} was not reached: {error}", chat.0));
            return Err(error.clone());
        }
        let reference = self.0.show(chat, message);
        stage.deed(&format!("{} has it", chat.0)).await;
        trouble.map_or(Ok(reference), |(error, _)| Err(error))
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        self.0.stage.deed(&format!("edits {} in {}", message.id, message.chat.0)).await;
        self.0.stage.expect_no_secret("an edit", new.text.as_bytes());
        if let Some((error, _)) = self.0.next_failure(&message.chat) {
            return Err(error);
        }
        let mut state = self.0.state();
        let phone = state.chats.get_mut(&message.chat);
        let mut shown = phone.into_iter().flat_map(|phone| &mut phone.shown);
        let shown = shown.find(|it| it.key == message.id).ok_or(ChannelError::NoSuchMessage)?;
        shown.text.clone_from(&new.text);
        Ok(())
    }

    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError> {
        self.0.stage.deed(&format!("deletes {}", message.id)).await;
        match self.0.next_failure(&message.chat) {
            Some((error, _)) => Err(error),
            None => Ok(()),
        }
    }

    async fn typing(&self, _: &ChatId) {}
}

impl SimulatedService {
    fn note_handed_over(&self, inbound: &Inbound) {
        let Some(number) = number(&inbound.id) else { return };
        let in_hand: usize = {
            let mut state = self.state();
            let in_hand = state.in_hand.entry(inbound.chat.clone()).or_default();
            *in_hand.entry(number).or_default() += 1;
            in_hand.values().sum()
        };
        self.stage.mark_checked([Promise::Queue]);
        if in_hand > IN_HAND_MAX {
            let what = format!("{in_hand} messages of {} are held", inbound.chat.0);
            self.stage.violation(Promise::Queue, what);
        }
    }

    /// What is acknowledged is on record, unless its sender writes more than is taken.
    fn note_acknowledged(&self, id: &InboundId, number: usize) {
        self.stage.mark_checked([Promise::Durable]);
        let durable = !self.is_private(number) || self.proof.is_durable(id);
        let mut state = self.state();
        let ServiceState {
            written,
            waiting,
            pace,
            taken,
            slow,
            flooded,
            unread,
            refused,
            in_hand,
            ..
        } = &mut *state;
        let Some(chat) = written.get(number).map(|it| it.chat.clone()) else { return };
        let is_slow = slow.contains(&chat);
        let in_line = in_hand.get_mut(&chat).map_or(0, |in_hand| let_go(in_hand, number));
        let floods = flooded.contains(&chat);
        if let Some((_, at)) = waiting.remove(&number) {
            match (durable, floods) {
                (true, _) => taken.entry(chat).or_default().push(number),
                (false, true) => {
                    unread.insert(number);
                    refused.extend(Some(number).filter(|_| in_line == 0));
                }
                (false, false) => {
                    let what = format!("{} is acknowledged and not on record", id.0);
                    self.stage.violation(Promise::Durable, what);
                }
            }
            pace.acknowledged.extend(at.filter(|_| !is_slow).map(|at| at.elapsed()));
        }
    }
}

/// One copy less of this message; how many there are still.
fn let_go(in_hand: &mut BTreeMap<usize, usize>, number: usize) -> usize {
    let left = in_hand.remove(&number).unwrap_or_default().saturating_sub(1);
    if left > 0 {
        in_hand.insert(number, left);
    }
    left
}
