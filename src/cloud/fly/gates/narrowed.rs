//! The token is cut to the two apps.

use std::sync::atomic::Ordering;

use async_trait::async_trait;

use super::SHORT_MS;
use crate::cloud::fly::account::FlyAccount;
use crate::cloud::fly::resources::app::App;
use crate::cloud::{CloudError, Gate, StepContext};
use crate::plan::{Facts, Stage, Step, StepId, StepKind};
use crate::spec::Role;

/// The token stays as it is, valid for its window, where Fly never returns the numeric ids of the
/// apps, which a caveat needs.
pub(in crate::cloud::fly) struct TokenNarrowed;

/// Reads the two apps until Fly has left out their numbers often enough: a single odd answer is no
/// reason to go on with a wide token.
pub(super) const NUMBERLESS_LOOKS_MAX: usize = 5;

impl TokenNarrowed {
    pub(super) const ID: StepId = StepId::new("narrow-token");
}

#[async_trait]
impl Gate<FlyAccount> for TokenNarrowed {
    fn step(&self) -> Step {
        Step {
            id: Self::ID,
            kind: StepKind::Gate { patience_ms: SHORT_MS },
            needs: Role::ALL.map(App::id).to_vec(),
            role: None,
            stage: Stage::Apps,
        }
    }

    async fn poll(
        &self,
        account: &FlyAccount,
        here: &StepContext<'_>,
    ) -> Result<Option<Facts>, CloudError> {
        let token = account.token();
        let mut ids = [None; 2];
        for (id, role) in ids.iter_mut().zip(Role::ALL) {
            let app = account.app(here.spec, role);
            let answer = account.client.app(&token, app.segment()?).await;
            *id = app.settled(answer)?.internal_numeric_id;
        }
        if let [Some(relay), Some(vm)] = ids {
            account.narrow_token([relay, vm])?;
            return Ok(Some(Facts::new()));
        }
        if account.numberless_looks.fetch_add(1, Ordering::Relaxed) + 1 < NUMBERLESS_LOOKS_MAX {
            return Ok(None);
        }
        let deployment = &here.spec.id;
        tracing::warn!(%deployment, "Fly names no app ids: the token is not narrowed");
        Ok(Some(Facts::new()))
    }
}
