//! A cloud's plan as a table: one row for each step, with the calls that the step makes.

use async_trait::async_trait;

use super::{Cloud, CloudError, Observation, StepContext};
use crate::deployment::FoundDeployment;
use crate::plan::{Facts, Plan, Step, StepId};
use crate::spec::Spec;

/// A resource of the plans in accounts of type `A`.
#[async_trait]
pub trait Resource<A>: Send + Sync {
    /// Its row in the plan.
    fn step(&self) -> Step;

    /// See [`Cloud::observe`].
    async fn observe(&self, account: &A, here: &StepContext<'_>)
    -> Result<Observation, CloudError>;

    /// See [`Cloud::create`].
    async fn create(&self, account: &A, here: &StepContext<'_>) -> Result<Facts, CloudError>;

    /// See [`Cloud::delete`]. Only a resource that goes away together with another has no call of
    /// its own.
    async fn delete(
        &self,
        _account: &A,
        _here: &StepContext<'_>,
        _found: &Facts,
    ) -> Result<(), CloudError> {
        Err(CloudError::our_fault("it goes away with another resource"))
    }

    /// See [`Cloud::link`].
    fn link(&self, spec: &Spec) -> String;
}

/// Keys that are handed to a resource.
#[async_trait]
pub trait Handover<A>: Send + Sync {
    /// Its row in the plan.
    fn step(&self) -> Step;

    /// Hands the keys over. One request, no retry.
    async fn hand_over(&self, account: &A, here: &StepContext<'_>) -> Result<Facts, CloudError>;
}

/// A fact that must hold before the steps that need it.
#[async_trait]
pub trait Gate<A>: Send + Sync {
    /// Its row in the plan.
    fn step(&self) -> Step;

    /// See [`Cloud::poll_gate`].
    async fn poll(&self, account: &A, here: &StepContext<'_>) -> Result<Option<Facts>, CloudError>;
}

/// A step of a plan, and its calls.
pub enum PlanRow<A: 'static> {
    Resource(&'static dyn Resource<A>),
    Handover(&'static dyn Handover<A>),
    Gate(&'static dyn Gate<A>),
}

impl<A> PlanRow<A> {
    fn step(&self) -> Step {
        match self {
            Self::Resource(resource) => resource.step(),
            Self::Handover(handover) => handover.step(),
            Self::Gate(gate) => gate.step(),
        }
    }
}

/// An account whose cloud has a table of steps. Every such account is a [`Cloud`].
#[async_trait]
pub trait TabledAccount: Send + Sync + Sized + 'static {
    /// The steps of every plan, each after the ones that it needs.
    const ROWS: &'static [PlanRow<Self>];

    /// See [`Cloud::find`].
    async fn find_deployments(&self) -> Result<Vec<FoundDeployment>, CloudError>;
}

#[async_trait]
impl<A: TabledAccount> Cloud for A {
    fn plan(&self, _spec: &Spec) -> Plan {
        Plan::new(A::ROWS.iter().map(PlanRow::step).collect())
    }

    async fn observe(
        &self,
        here: &StepContext<'_>,
        step: &StepId,
    ) -> Result<Observation, CloudError> {
        resource(step)?.observe(self, here).await
    }

    async fn create(&self, here: &StepContext<'_>, step: &StepId) -> Result<Facts, CloudError> {
        match row(step)? {
            PlanRow::Resource(resource) => resource.create(self, here).await,
            PlanRow::Handover(handover) => handover.hand_over(self, here).await,
            PlanRow::Gate(_) => Err(CloudError::our_fault("a gate creates nothing")),
        }
    }

    async fn delete(
        &self,
        here: &StepContext<'_>,
        step: &StepId,
        found: &Facts,
    ) -> Result<(), CloudError> {
        resource(step)?.delete(self, here, found).await
    }

    async fn poll_gate(
        &self,
        here: &StepContext<'_>,
        gate: &StepId,
    ) -> Result<Option<Facts>, CloudError> {
        match row(gate)? {
            PlanRow::Gate(gate) => gate.poll(self, here).await,
            _ => Err(CloudError::our_fault("only a gate is polled")),
        }
    }

    async fn find(&self) -> Result<Vec<FoundDeployment>, CloudError> {
        self.find_deployments().await
    }

    fn link(&self, spec: &Spec, step: &StepId) -> Option<String> {
        Some(resource::<A>(step).ok()?.link(spec))
    }
}

fn row<A: TabledAccount>(id: &StepId) -> Result<&'static PlanRow<A>, CloudError> {
    let found = A::ROWS.iter().find(|row| row.step().id == *id);
    found.ok_or_else(|| CloudError::our_fault("a step of another plan"))
}

fn resource<A: TabledAccount>(id: &StepId) -> Result<&'static dyn Resource<A>, CloudError> {
    match row(id)? {
        PlanRow::Resource(resource) => Ok(*resource),
        _ => Err(CloudError::our_fault("only a resource is observed and deleted")),
    }
}
