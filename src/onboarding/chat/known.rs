//! What is on record of the person of a chat, and what is decided from it.

use std::cmp::Reverse;

use crate::conversation::messages::Message;
use crate::conversation::{Context, Phase, Run, RunStanding, State};
use crate::invitation::{Offer, WrongCodes};
use crate::journal::End;
use crate::messaging::RETRIES;
use crate::provisioner::{RunSummary, Within};
use crate::quota::Begun;
use crate::spec::{DeploymentId, Role, Spec};
use crate::store::{erasure, invitations};

use super::super::Settings;
use super::{Chat, Line};

/// What is on record of a person.
pub(super) struct Known {
    /// Their deployments without those that are gone, newest first.
    pub(super) runs: Vec<Run>,
    /// When each was begun, those that are gone too and those that were forgotten; while the plan is open, also what
    /// others have begun.
    pub(super) begun: Begun,
    /// How many are gone.
    pub(super) removed: usize,
    /// The invitations there are, while one may let the person in.
    invitations: Option<Vec<Offer>>,
    /// The wrong codes that count now, where people come by invitation.
    wrong_codes: WrongCodes,
}

impl Chat {
    /// Asks the pure part, with everything that it depends on.
    pub(super) fn decide<T>(&self, known: &Known, ask: impl FnOnce(&Context<'_>) -> T) -> T {
        let shared = &self.line.shared;
        let catalogue = &shared.settings.catalogue;
        ask(&Context {
            now_ms: shared.settings.clock.now_ms(),
            locale: self.locale,
            capabilities: self.line.channel.capabilities(),
            clouds: &catalogue.clouds,
            channels: &self.line.channels,
            agents: &catalogue.agents,
            offers: &shared.lent,
            held: &shared.vault.references(&self.owner),
            runs: &known.runs,
            is_known: self.is_on_record(),
            removed: known.removed,
            begun: &known.begun,
            quotas: catalogue.quotas,
            invitations: known.invitations.as_deref(),
            wrong_codes: known.wrong_codes,
            images: &catalogue.images,
            daily_tokens: catalogue.daily_tokens,
            person: &self.person.0,
            fresh: &DeploymentId::from_random(shared.settings.chance.bytes()),
        })
    }

    /// This person's deployments, newest first.
    pub(super) async fn runs(&self) -> anyhow::Result<Known> {
        let summaries = self.line.shared.provisioner.runs(Some(&self.owner)).await?;
        let on_record = summaries.len();
        let mut begun = self.begun_by_others().await?;
        let by_person_ms = &mut begun.by_person_ms;
        by_person_ms.extend(self.begun_and_forgotten().await?);
        by_person_ms.extend(summaries.iter().map(|it| it.opened_at_ms));
        by_person_ms.sort_unstable_by_key(|at_ms| Reverse(*at_ms));
        let mut runs = Vec::new();
        for summary in summaries.into_iter().rev() {
            let standing = self.standing(&summary).await?;
            if standing != RunStanding::Removed {
                let RunSummary { spec, opened_at_ms, .. } = summary;
                runs.push(Run { spec, standing, opened_at_ms });
            }
        }
        let removed = on_record - runs.len();
        let invitations = self.invitations().await?;
        let wrong_codes = self.wrong_codes().await?;
        Ok(Known { runs, begun, removed, invitations, wrong_codes })
    }

    async fn wrong_codes(&self) -> anyhow::Result<WrongCodes> {
        let Settings { database, catalogue, clock, .. } = &self.line.shared.settings;
        if catalogue.invitations.is_empty() {
            return Ok(WrongCodes::default());
        }
        invitations::wrong_codes(database, &self.owner, clock.now_ms()).await
    }

    async fn invitations(&self) -> anyhow::Result<Option<Vec<Offer>>> {
        let Settings { database, catalogue, .. } = &self.line.shared.settings;
        if catalogue.invitations.is_empty() || self.stored.state.is_let_in {
            return Ok(None);
        }
        invitations::offers(database, &catalogue.invitations).await.map(Some)
    }

    async fn begun_and_forgotten(&self) -> anyhow::Result<Vec<u64>> {
        let settings = &self.line.shared.settings;
        erasure::begun(&settings.database, &self.owner, settings.clock.now_ms()).await
    }

    /// What counts towards the next deployment's quotas, beside the person's own. Nobody else asks for it, so it
    /// is looked up only where one may be begun.
    async fn begun_by_others(&self) -> anyhow::Result<Begun> {
        let State { phase, answers, .. } = &self.stored.state;
        if *phase != Phase::Review {
            return Ok(Begun::default());
        }
        let organisation = answers.chosen_organisation().and_then(|it| it.number);
        self.line.shared.provisioner.begun(self.within(organisation)).await
    }

    pub(in crate::onboarding) fn within(&self, organisation: Option<u64>) -> Within {
        Within { quotas: self.line.shared.settings.catalogue.quotas, organisation }
    }

    async fn standing(&self, summary: &RunSummary) -> anyhow::Result<RunStanding> {
        Ok(match summary.end {
            Some(End::Deployed) => RunStanding::Deployed,
            Some(End::Removed) => RunStanding::Removed,
            // A run that stopped on the way to either goal ends stuck; only one that was turned back
            // cannot be finished.
            Some(End::Stuck) | None => match self.line.shared.provisioner.run(&summary.id).await? {
                Some(run) if run.is_turned() || run.is_adopted() => RunStanding::Stuck,
                _ => RunStanding::Unfinished,
            },
        })
    }

    pub(in crate::onboarding) async fn spec_of(&self, run: &DeploymentId) -> Option<Spec> {
        match self.line.shared.provisioner.run(run).await {
            Ok(run) => run.map(|run| run.spec().clone()),
            Err(error) => {
                tracing::error!("cannot read a run: {error:#}");
                None
            }
        }
    }
}

/// The address that the person leads a number to by hand.
pub(super) fn webhook_of(line: &Line, runs: &[Run], message: &Message) -> Option<String> {
    let Message::WebhookUrl { run } = message else { return None };
    let spec = &runs.iter().find(|it| it.spec.id == *run)?.spec;
    let relay = line.shared.settings.vendors.fly.endpoints().public(&spec.app(Role::Relay));
    Some(format!("{relay}/whatsapp#{RETRIES}"))
}
