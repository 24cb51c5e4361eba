//! What an interrupted deployment leaves.

use textslash::deployments::Deployments;
use textslash::journal::StepState;
use textslash::phrase;
use textslash::plan::{Plan, StepKind};
use textslash::spec::DeploymentId;

use crate::report;

/// A deployment that is on record, and what it may make.
pub struct StartedDeployment {
    pub deployments: Deployments,
    pub id: DeploymentId,
    pub plan: Plan,
}

impl StartedDeployment {
    /// What may stand in the account, as the journal tells it, and how it is removed. Every call is
    /// on record before it is made.
    pub async fn interrupted(&self) -> anyhow::Result<String> {
        let Some(run) = self.deployments.run(&self.id).await? else {
            return Ok(phrase!(report::locale(), "cli-interrupted-untouched"));
        };
        let mut lines = vec![phrase!(report::locale(), "cli-interrupted-may-exist")];
        for step in self.plan.steps() {
            let is_resource = matches!(step.kind, StepKind::Resource { .. });
            let may_be_there =
                !matches!(run.state(&step.id), StepState::Untouched | StepState::Absent);
            if let Some(role) = step.role.filter(|_| is_resource && may_be_there) {
                lines.push(format!("- {}: {}", step.id, run.spec().app(role)));
            }
        }
        if lines.len() == 1 {
            return Ok(phrase!(report::locale(), "cli-interrupted-nothing-created"));
        }
        lines.push(phrase!(report::locale(), "cli-teardown-removes", id = self.id.as_ref()));
        Ok(lines.join("\n"))
    }
}
