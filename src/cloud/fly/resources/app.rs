//! An app. Its name and network prove that everything in it is ours.

use async_trait::async_trait;
use http::StatusCode;

use super::is_gone;
use crate::cloud::fly::account::{DOUBTFUL, FlyAccount, SETTLING};
use crate::cloud::fly::errors::CallFailure;
use crate::cloud::fly::wire;
use crate::cloud::{CloudError, FailureCause, Observation, Resource, StepContext};
use crate::plan::{Facts, ID, Stage, Step, StepId, StepKind, Undo, known_facts};
use crate::spec::{Role, Spec};

/// The app of this role.
pub(in crate::cloud::fly) struct App(pub Role);

/// The facts of an app. Fly's answer to its creation is undocumented and has none of them.
struct AppFacts {
    id: Option<String>,
    name: String,
    numeric_id: Option<u64>,
}

impl AppFacts {
    pub(in crate::cloud::fly) fn into_facts(self) -> Facts {
        let numeric_id = self.numeric_id.map(|id| id.to_string());
        known_facts([(ID, self.id), ("name", Some(self.name)), ("numeric_id", numeric_id)])
    }
}

impl App {
    pub(in crate::cloud::fly) fn id(role: Role) -> StepId {
        match role {
            Role::Relay => StepId::new("relay-app"),
            Role::Vm => StepId::new("vm-app"),
        }
    }
}

#[async_trait]
impl Resource<FlyAccount> for App {
    fn step(&self) -> Step {
        Step {
            id: Self::id(self.0),
            kind: StepKind::Resource {
                undo: Undo::Delete,
                placed: false,
                costs: false,
                unique: true,
            },
            needs: Vec::new(),
            role: Some(self.0),
            stage: Stage::Apps,
        }
    }

    async fn observe(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Observation, CloudError> {
        let app = account.app(here.spec, self.0);
        let answer = account.client.app(&account.token(), app.segment()?).await;
        if let Err(CallFailure { status: Some(StatusCode::FORBIDDEN), error }) = answer {
            return Err(CloudError { cause: FailureCause::NameTaken, ..error });
        }
        let Some(found) = app.found(answer)? else { return Ok(Observation::Absent) };
        if !is_ours(here.spec, &found) {
            let detail = format!("{} is not ours", app.name);
            return Err(CloudError { cause: FailureCause::NameTaken, detail });
        }
        if found.status.as_deref().is_some_and(is_gone) {
            return Ok(Observation::Leaving);
        }
        let is_app = found.id.is_some() || found.name.is_some();
        if !is_app && found.internal_numeric_id.is_none() {
            let detail = format!("the answer to a look at {} describes no app", app.name);
            return Err(CloudError { cause: FailureCause::RetryLater { after_ms: None }, detail });
        }
        let (id, numeric_id) = (found.id, found.internal_numeric_id);
        Ok(Observation::Present(vec![AppFacts { id, name: app.name, numeric_id }.into_facts()]))
    }

    async fn create(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Facts, CloudError> {
        let app = account.app(here.spec, self.0);
        let (org_slug, network) = (&here.spec.organisation, &here.spec.network());
        let request = wire::CreateApp { name: &app.name, org_slug, network };
        let created = account.client.create_app(&account.token(), &request).await;
        match &created {
            Ok(()) => app.note_created(SETTLING),
            Err(CallFailure { error: CloudError { cause: FailureCause::InDoubt, .. }, .. }) => {
                app.note_created(DOUBTFUL);
            }
            Err(_) => {}
        }
        app.settled(created)?;
        Ok(Facts::new())
    }

    async fn delete(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
        _found: &Facts,
    ) -> Result<(), CloudError> {
        let app = account.app(here.spec, self.0);
        account.client.delete_app(&account.token(), app.segment()?).await?;
        app.note_deleted();
        Ok(())
    }

    fn link(&self, spec: &Spec) -> String {
        page(spec, self.0)
    }
}

/// The page of an app in Fly's dashboard.
pub(super) fn page(spec: &Spec, role: Role) -> String {
    format!("https://fly.io/apps/{}", spec.app(role))
}

/// An app of ours has our name, our network, and the organisation that it was made in. `personal`
/// is Fly's alias for an organisation with a slug of its own.
fn is_ours(spec: &Spec, app: &wire::AppBody) -> bool {
    let slug = app.organization.as_ref().and_then(|organisation| organisation.slug.as_deref());
    app.network.as_deref().is_none_or(|network| network == spec.network())
        && slug.is_none_or(|slug| {
            slug == spec.organisation || [slug, &spec.organisation].contains(&"personal")
        })
}
