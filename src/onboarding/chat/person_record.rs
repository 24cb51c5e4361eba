//! What is on record of the person of a chat, and what is decided from it.

use std::cmp::Reverse;

use crate::chat_service::ChatServiceProfile;
use crate::conversation::messages::Message;
use crate::conversation::{
    ConversationContext, ConversationState, DeploymentStatus, KnownDeployment, Phase,
};
use crate::invitation::{InvitationUse, WrongCodes};
use crate::journal::RunEnd;
use crate::provisioner::{QuotaKey, RunSummary};
use crate::quota::RecentStarts;
use crate::spec::{DeploymentId, Spec};
use crate::store::{erasure, invitations};

use super::super::OnboardingSettings;
use super::{BotChannel, ChatTask};

/// What is on record of a person.
pub(super) struct PersonRecord {
    /// Their deployments without those that are gone, newest first.
    pub(super) runs: Vec<KnownDeployment>,
    /// When each was begun, those that are gone too and those that were forgotten; while the plan
    /// is open, also what others have begun.
    pub(super) recent_starts: RecentStarts,
    /// How many are gone.
    pub(super) removed: usize,
    /// The invitations there are, while one may let the person in.
    invitations: Option<Vec<InvitationUse>>,
    /// The wrong codes that count now, where people come by invitation.
    wrong_codes: WrongCodes,
}

impl ChatTask {
    /// Asks the pure part, with everything that it depends on.
    pub(super) fn decide<T>(
        &self,
        known: &PersonRecord,
        ask: impl FnOnce(&ConversationContext<'_>) -> T,
    ) -> T {
        let shared = &self.bot_channel.shared;
        let catalogue = &shared.settings.catalogue;
        ask(&ConversationContext {
            now_ms: shared.settings.clock.now_ms(),
            locale: self.locale,
            capabilities: self.bot_channel.channel.capabilities(),
            clouds: shared.deployments.clouds().kinds(),
            channels: &self.bot_channel.channels,
            agents: &catalogue.agents,
            chat_guides: shared.settings.vendors.chat_services.guides(),
            model_key_page: shared.settings.vendors.model.key_page(),
            lent_secrets: &shared.lent,
            held_secrets: &shared.vault.references(&self.owner),
            runs: &known.runs,
            is_known: self.is_on_record(),
            removed: known.removed,
            recent_starts: &known.recent_starts,
            quotas: catalogue.quotas,
            invitations: known.invitations.as_deref(),
            wrong_codes: known.wrong_codes,
            images: &catalogue.images,
            daily_tokens: catalogue.daily_tokens,
            person: &self.person.0,
            fresh: &DeploymentId::from_random(shared.settings.random.bytes()),
        })
    }

    /// This person's deployments, newest first.
    pub(super) async fn person_record(&self) -> anyhow::Result<PersonRecord> {
        let summaries = self.bot_channel.shared.deployments.list(Some(&self.owner)).await?;
        let on_record = summaries.len();
        let mut begun = self.recent_starts().await?;
        let by_person_ms = &mut begun.by_person_ms;
        by_person_ms.extend(self.erased_starts().await?);
        by_person_ms.extend(summaries.iter().map(|it| it.opened_at_ms));
        by_person_ms.sort_unstable_by_key(|at_ms| Reverse(*at_ms));
        let mut runs = Vec::new();
        for summary in summaries.into_iter().rev() {
            let standing = standing(&summary);
            if standing != DeploymentStatus::Removed {
                let RunSummary { spec, opened_at_ms, .. } = summary;
                runs.push(KnownDeployment { spec, standing, opened_at_ms });
            }
        }
        let removed = on_record - runs.len();
        let invitations = self.invitations().await?;
        let wrong_codes = self.wrong_codes().await?;
        Ok(PersonRecord { runs, recent_starts: begun, removed, invitations, wrong_codes })
    }

    async fn wrong_codes(&self) -> anyhow::Result<WrongCodes> {
        let OnboardingSettings { database, catalogue, clock, .. } =
            &self.bot_channel.shared.settings;
        if catalogue.invitations.is_empty() {
            return Ok(WrongCodes::default());
        }
        invitations::wrong_codes(database, &self.owner, clock.now_ms()).await
    }

    async fn invitations(&self) -> anyhow::Result<Option<Vec<InvitationUse>>> {
        let OnboardingSettings { database, catalogue, .. } = &self.bot_channel.shared.settings;
        if catalogue.invitations.is_empty() || self.stored.state.is_let_in {
            return Ok(None);
        }
        invitations::offers(database, &catalogue.invitations).await.map(Some)
    }

    async fn erased_starts(&self) -> anyhow::Result<Vec<u64>> {
        let settings = &self.bot_channel.shared.settings;
        erasure::erased_starts(&settings.database, &self.owner, settings.clock.now_ms()).await
    }

    /// What counts towards the next deployment's quotas, beside the person's own. Nobody else asks
    /// for it, so it is looked up only where one may be begun.
    async fn recent_starts(&self) -> anyhow::Result<RecentStarts> {
        let ConversationState { phase, answers, .. } = &self.stored.state;
        if *phase != Phase::Review {
            return Ok(RecentStarts::default());
        }
        let organisation = answers.chosen_organisation().and_then(|it| it.number);
        self.bot_channel.shared.deployments.recent_starts(self.quota_key(organisation)).await
    }

    pub(in crate::onboarding) fn quota_key(&self, organisation: Option<u64>) -> QuotaKey {
        QuotaKey { quotas: self.bot_channel.shared.settings.catalogue.quotas, organisation }
    }

    pub(in crate::onboarding) async fn spec_of(&self, run: &DeploymentId) -> Option<Spec> {
        match self.bot_channel.shared.deployments.run(run).await {
            Ok(run) => run.map(|run| run.spec().clone()),
            Err(error) => {
                tracing::error!("cannot read a run: {error:#}");
                None
            }
        }
    }
}

fn standing(summary: &RunSummary) -> DeploymentStatus {
    match summary.end {
        Some(RunEnd::Deployed) => DeploymentStatus::Deployed,
        Some(RunEnd::Removed) => DeploymentStatus::Removed,
        // A run that stopped on the way to either goal ends stuck; only one that can still be
        // deployed can be finished.
        Some(RunEnd::Stuck) | None if summary.is_removal_only => DeploymentStatus::Stuck,
        Some(RunEnd::Stuck) | None => DeploymentStatus::InProgress,
    }
}

/// The address that the person leads a number to by hand.
pub(super) fn webhook_of(
    line: &BotChannel,
    runs: &[KnownDeployment],
    message: &Message,
) -> Option<String> {
    let Message::WebhookUrl { run } = message else { return None };
    let spec = &runs.iter().find(|it| it.spec.id == *run)?.spec;
    let relay = line.shared.deployments.relay_url(spec)?;
    ChatServiceProfile::of_channel(spec.channel)?.webhook_url(&relay)
}
