//! The questions: which are asked, in which order, what can be answered, and what an answer
//! changes.

use std::iter;

use crate::account::{Account, Organisation, OrganisationStatus, RegionOffer};
use crate::credential_format::CredentialRejection;
use crate::pricing;
use crate::secret::SecretKind;
use crate::spec::{AgentKind, CloudKind, DeploymentName, MachineSize, Region, Spec};

use super::choice::{ChatCommand, Choice};
use super::messages::{Message, PageLink};
use super::transition::{OpenQuestion, Transition};
use super::{ModelChoice, Phase, Purpose, Question, TeardownTarget};

/// Regions offered as buttons; any other can be typed. More would not fit a phone's screen.
const REGIONS_SHOWN: usize = 6;

impl Transition<'_> {
    /// The questions of this purpose, in order.
    pub(super) fn questions(&self, purpose: &Purpose) -> Vec<Question> {
        match purpose {
            Purpose::Deploy => vec![
                Question::Invitation,
                Question::Cloud,
                Question::Token,
                Question::Organisation,
                Question::Billing,
                Question::Model,
                Question::Channel,
                Question::ChannelKey,
                Question::Address,
                Question::TakeOver,
                Question::Region,
                Question::Size,
            ],
            Purpose::Resume { run } => {
                let needs_model = self.run(run).is_some_and(|run| run.spec.agent.needs_model());
                let model = needs_model.then_some(Question::Model);
                iter::once(Question::Token).chain(model).chain([Question::ChannelKey]).collect()
            }
            Purpose::Teardown { .. } | Purpose::Find => vec![Question::Token],
        }
    }

    /// The first question that must be asked.
    pub(super) fn first_open(&self, purpose: &Purpose) -> Option<Question> {
        self.questions(purpose).into_iter().find(|question| !self.is_answered(*question, purpose))
    }

    /// The question before this one (before the review if `None`), leaving out what was not asked.
    pub(super) fn previous_question(
        &self,
        question: Option<Question>,
        purpose: &Purpose,
    ) -> Option<Question> {
        let all = self.questions(purpose);
        let end = all.iter().position(|it| Some(*it) == question).unwrap_or(all.len());
        all[..end].iter().rev().copied().find(|question| self.has_choice(*question, purpose))
    }

    /// There is something to choose, so the question was asked.
    fn has_choice(&self, question: Question, purpose: &Purpose) -> bool {
        match question {
            Question::Invitation => !self.is_let_in(),
            Question::Cloud => self.context.clouds.len() > 1,
            Question::Channel => self.context.channels.len() > 1,
            Question::Organisation => self.organisations().len() > 1,
            Question::Model => self.context.agents.iter().any(|agent| agent.needs_model()),
            Question::ChannelKey => self.awaited(question, purpose).is_some(),
            Question::Address => self.addresses().len() > 1,
            Question::Billing | Question::TakeOver => false,
            Question::Token | Question::Name | Question::Region | Question::Size => true,
        }
    }

    pub(super) fn is_answered(&self, question: Question, purpose: &Purpose) -> bool {
        let answers = &self.state.answers;
        match question {
            Question::Invitation => self.is_let_in(),
            Question::Cloud => answers.cloud.is_some() || !self.has_choice(question, purpose),
            Question::Token => self.token().is_some_and(|secret| self.is_held(secret)),
            Question::Organisation => {
                answers.organisation.is_some() || !self.has_choice(question, purpose)
            }
            Question::Billing => !matches!(
                self.standing(),
                OrganisationStatus::PaymentNeeded { .. } | OrganisationStatus::UnderReview { .. }
            ),
            Question::Model => match answers.model {
                Some(ModelChoice::Claude { key }) => self.is_held(key),
                Some(ModelChoice::Shell) => *purpose == Purpose::Deploy,
                None => !self.has_choice(question, purpose),
            },
            Question::Channel => answers.channel.is_some() || !self.has_choice(question, purpose),
            Question::ChannelKey => {
                !self.has_choice(question, purpose) || self.has_channel_key(purpose)
            }
            Question::Address => {
                !self.has_choice(question, purpose) || self.address(purpose).is_some()
            }
            Question::TakeOver => self.taken_from(purpose).is_none(),
            Question::Name => true,
            Question::Region => answers.region.is_some(),
            Question::Size => answers.size.is_some(),
        }
    }

    fn account(&self) -> Option<&Account> {
        self.state.answers.token.as_ref().map(|token| &token.account)
    }

    fn organisations(&self) -> &[Organisation] {
        self.account().map_or(&[], |account| &account.organisations)
    }

    fn organisation(&self) -> Option<&Organisation> {
        self.state.answers.chosen_organisation()
    }

    fn standing(&self) -> &OrganisationStatus {
        self.organisation()
            .map_or(&OrganisationStatus::Active, |organisation| &organisation.standing)
    }

    pub(super) fn is_trial(&self) -> bool {
        *self.standing() == OrganisationStatus::Trial
    }

    /// The regions of the account, the nearest first.
    fn regions(&self) -> Vec<&RegionOffer> {
        self.account().map_or_else(Vec::new, |account| account.regions_for(self.standing()))
    }

    fn sizes(&self) -> Vec<MachineSize> {
        self.standing().sizes()
    }

    /// What another account does not have is asked again.
    pub(super) fn drop_answers_of_another_account(&mut self) {
        let answers = &self.state.answers;
        let knows = |slug: &String| self.organisations().iter().any(|it| it.slug == *slug);
        let has = |region: &Region| self.regions().iter().any(|it| it.region == *region);
        let organisation = answers.organisation.clone().filter(knows);
        let region = answers.region.clone().filter(has);
        let size = answers.size.filter(|size| self.sizes().contains(size));
        let answers = &mut self.state.answers;
        (answers.organisation, answers.region, answers.size) = (organisation, region, size);
    }

    /// The cloud in which this purpose acts: that of its deployment, else the chosen one.
    pub(super) fn cloud(&self, purpose: &Purpose) -> CloudKind {
        let run = match purpose {
            Purpose::Resume { run } => self.run(run),
            Purpose::Teardown { target } => self.run(target.id()),
            Purpose::Deploy | Purpose::Find => None,
        };
        let found = match purpose {
            Purpose::Teardown { target: TeardownTarget::Found(found) } => Some(found.spec.cloud),
            _ => None,
        };
        let usual = || self.context.clouds.first().copied().unwrap_or_default();
        run.map(|run| run.spec.cloud).or(found).or(self.state.answers.cloud).unwrap_or_else(usual)
    }

    /// The pages on which the answer is made, each a message of its own.
    pub(super) fn pages_for(&self, question: Question, purpose: &Purpose) -> Vec<PageLink> {
        if self.awaited(question, purpose).is_some_and(|kind| self.is_offered(kind)) {
            return Vec::new();
        }
        match question {
            Question::Token => vec![PageLink::CloudTokens(self.cloud(purpose))],
            Question::Model => vec![PageLink::Vendor(self.context.model_key_page.to_owned())],
            Question::ChannelKey => self.channel_key_pages(purpose),
            Question::Billing => match self.standing() {
                OrganisationStatus::PaymentNeeded { link }
                | OrganisationStatus::UnderReview { link } => {
                    vec![PageLink::Vendor(link.clone())]
                }
                OrganisationStatus::Active | OrganisationStatus::Trial => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    pub(super) fn is_offered(&self, kind: SecretKind) -> bool {
        self.context.lent_secrets.iter().any(|(offered, _)| *offered == kind)
    }

    /// A question as it is asked.
    pub(super) fn compose_question(&self, question: Question, purpose: &Purpose) -> OpenQuestion {
        let mut choices = self.answers_to(question, purpose);
        if self.has_kept_credential(question, purpose) {
            choices.push(Choice::KeepAnswer);
        }
        if self.previous_question(Some(question), purpose).is_some() {
            choices.push(Choice::Command(ChatCommand::Back));
        }
        choices.push(Choice::Command(ChatCommand::Cancel));
        let awaits = self.awaited(question, purpose);
        OpenQuestion { message: self.question_message(question, purpose), choices, awaits }
    }

    /// A credential that was given before and need not be given again.
    fn has_kept_credential(&self, question: Question, purpose: &Purpose) -> bool {
        match question {
            Question::Token => self.token().is_some_and(|secret| self.is_held(secret)),
            Question::Model => self.model_key().is_some_and(|secret| self.is_held(secret)),
            Question::ChannelKey => self.has_channel_key(purpose),
            _ => false,
        }
    }

    fn question_message(&self, question: Question, purpose: &Purpose) -> Message {
        match question {
            Question::Invitation => Message::AskInvitation,
            Question::Cloud => Message::AskCloud,
            Question::Token => Message::AskToken {
                offered: self.is_offered(self.cloud_token(purpose)),
                deploying: matches!(purpose, Purpose::Deploy | Purpose::Resume { .. }),
                entry: self.entry(),
            },
            Question::Organisation => Message::AskOrganisation,
            Question::Billing => {
                let held = matches!(self.standing(), OrganisationStatus::UnderReview { .. });
                Message::AskBilling { held, window: self.entry().may_not_write_first() }
            }
            Question::Model => Message::AskModel {
                offered: self.is_offered(SecretKind::ModelKey),
                shell: self.keyless_agents(purpose).next().is_some(),
                entry: self.entry(),
            },
            Question::Channel => Message::AskChannel,
            Question::ChannelKey => self.ask_channel_key(purpose),
            Question::Address => Message::AskAddress,
            Question::TakeOver => self.ask_take_over(purpose),
            Question::Name => Message::AskName,
            Question::Region => Message::AskRegion { count: self.regions().len() },
            Question::Size => Message::AskSize { quotes: self.size_quotes() },
        }
    }

    /// The agents that answer without a model.
    fn keyless_agents(&self, purpose: &Purpose) -> impl Iterator<Item = AgentKind> {
        let is_new = *purpose == Purpose::Deploy;
        let agents = self.context.agents.iter().copied();
        agents.filter(move |agent| is_new && !agent.needs_model())
    }

    fn answers_to(&self, question: Question, purpose: &Purpose) -> Vec<Choice> {
        let offer = |kind| self.is_offered(kind).then_some(Choice::Offer);
        match question {
            Question::Cloud => self.context.clouds.iter().copied().map(Choice::Cloud).collect(),
            Question::Token => offer(self.cloud_token(purpose)).into_iter().collect(),
            Question::Organisation => (self.organisations().iter().enumerate())
                .map(|(place, it)| Choice::Organisation(place, it.slug.clone()))
                .collect(),
            Question::Billing => vec![Choice::CheckAgain],
            Question::Model => {
                let keyless = self.keyless_agents(purpose).map(Choice::Agent);
                offer(SecretKind::ModelKey).into_iter().chain(keyless).collect()
            }
            Question::Channel => {
                self.context.channels.iter().copied().map(Choice::Channel).collect()
            }
            Question::ChannelKey => self.ways_to_a_channel_key(purpose),
            Question::Address => self.address_choices(),
            Question::TakeOver => vec![Choice::TakeOver, Choice::AnotherAddress],
            Question::Invitation | Question::Name => Vec::new(),
            Question::Region => (self.regions().iter().take(REGIONS_SHOWN))
                .map(|offer| Choice::Region(offer.region.clone(), offer.name.clone()))
                .collect(),
            Question::Size => self.sizes().into_iter().map(Choice::Size).collect(),
        }
    }

    fn size_quotes(&self) -> Vec<(MachineSize, pricing::Quote)> {
        let quote = |size| {
            let mut spec = self.draft()?;
            spec.size = size;
            Some((size, pricing::quote(&spec)))
        };
        self.sizes().into_iter().filter_map(quote).collect()
    }

    /// A line that is no offered answer: taken where the question is answered in one's own words.
    pub(super) fn free_text(&mut self, question: Question, text: &str) {
        match question {
            // It may be that none is needed any more.
            Question::Invitation if self.is_let_in() => self.answered(),
            Question::Invitation => {
                if self.show_invitation(text) {
                    self.answered();
                }
            }
            Question::Name => match DeploymentName::try_from(text.trim().to_owned()) {
                Ok(name) => {
                    self.state.answers.name = Some(name);
                    self.answered();
                }
                Err(_) => self.reject(CredentialRejection::Malformed),
            },
            Question::Region => {
                let wanted = text.trim().to_lowercase();
                let regions = self.regions();
                let known = regions.iter().find(|offer| {
                    offer.region.as_ref() == wanted || offer.name.to_lowercase() == wanted
                });
                match known.map(|offer| offer.region.clone()) {
                    Some(region) => self.take_region(region),
                    None => self.reject(CredentialRejection::NotOffered),
                }
            }
            _ => self.reject(CredentialRejection::NotOffered),
        }
    }

    pub(super) fn take_region(&mut self, region: Region) {
        self.state.answers.region = Some(region);
        self.answered();
    }

    /// The open question was answered: on to the next one.
    pub(super) fn answered(&mut self) {
        if let Phase::Asking { purpose, .. } = self.state.phase.clone() {
            self.ask_next_or_act(purpose);
        }
    }

    /// The answers that can be changed, in order.
    pub(super) fn changeable(&self) -> Vec<Question> {
        let mut all = self.questions(&Purpose::Deploy);
        all.insert(all.len().saturating_sub(2), Question::Name);
        all.retain(|question| self.has_choice(*question, &Purpose::Deploy));
        all
    }

    fn nearby_regions(&self, region: Option<Region>) -> Vec<Region> {
        let around = |region: Region| match self.account() {
            Some(account) => account.regions_around(&region, self.standing()),
            None => vec![region],
        };
        region.map_or_else(Vec::new, around)
    }

    /// What would be deployed with the answers so far and the usual choice for the rest.
    pub(super) fn draft(&self) -> Option<Spec> {
        let answers = &self.state.answers;
        let nearest = || self.regions().first().map(|offer| offer.region.clone());
        let region = answers.region.clone().or_else(nearest);
        let only_agent = self.context.agents.first().copied();
        Some(Spec {
            id: self.context.fresh.clone(),
            name: answers.name.clone().unwrap_or_else(|| DeploymentName::nearest_to("")),
            cloud: self.cloud(&Purpose::Deploy),
            organisation: self.organisation().map(|it| it.slug.clone()).unwrap_or_default(),
            regions: self.nearby_regions(region),
            size: answers.size.unwrap_or_default(),
            vm_volume_gb: Spec::VM_VOLUME_GB,
            channel: self.channel_for(&Purpose::Deploy)?,
            owner: self.relay_owner(),
            address: self.address(&Purpose::Deploy).map(|address| address.name.clone()),
            locale: self.state.locale.unwrap_or(self.context.locale).code().to_owned(),
            agent: answers.model.map(ModelChoice::agent).or(only_agent)?,
            daily_tokens: self.context.daily_tokens,
            images: self.context.images.clone(),
        })
    }
}
