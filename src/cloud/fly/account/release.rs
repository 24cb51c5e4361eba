//! Before a relay's machine goes, the relay gives its owner's bot back: it alone holds the bot's
//! key.

use std::time::Duration;

use crate::cloud::fly::client::PathSegment;
use crate::cloud::fly::errors::CallFailure;
use crate::spec::{RelayChannel, Spec};

use super::FlyAccount;

/// How long all of it may take: a start, and two short calls to the service. What costs money must
/// not wait longer for it.
const DEADLINE: Duration = Duration::from_secs(60);

/// Between two looks at a machine that starts: far below Fly's limit for looking.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// As the relay's image has it.
const COMMAND: [&str; 3] = ["/textslash", "channel", "release"];

/// Whether a relay of this spec has led a bot to itself.
pub(super) fn has_set_webhook(spec: &Spec) -> bool {
    matches!(spec.channel, RelayChannel::Telegram | RelayChannel::WhatsApp)
}

impl FlyAccount {
    /// Asks the relay to give the bot back. A relay that cannot keeps nothing from being removed;
    /// its bot then leads to an address that is gone, until it is led elsewhere.
    pub(super) async fn release_channel(&self, app: PathSegment<'_>, machine: PathSegment<'_>) {
        match tokio::time::timeout(DEADLINE, self.ask_to_release(app, machine)).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => {
                tracing::warn!(error = %failure.error, "a relay did not give its owner's bot back");
            }
            Err(_) => tracing::warn!("a relay did not give its owner's bot back in time"),
        }
    }

    async fn ask_to_release(
        &self,
        app: PathSegment<'_>,
        machine: PathSegment<'_>,
    ) -> Result<(), CallFailure> {
        let token = self.token();
        let mut asked_to_start = false;
        loop {
            let found = self.client.machine(&token, app, machine).await?;
            match found.state.as_deref() {
                Some("started") => break,
                Some("stopped" | "suspended" | "created") if !asked_to_start => {
                    self.client.start_machine(&token, app, machine).await?;
                    asked_to_start = true;
                }
                Some("created" | "starting" | "stopped" | "suspended" | "stopping") => {}
                _ => return Err(CallFailure::our_fault("the relay's machine cannot be started")),
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        let executed = self.client.exec(&token, app, machine, &COMMAND).await?;
        match executed.exit_code {
            Some(0) => Ok(()),
            _ => Err(CallFailure::our_fault("the relay could not give the bot back")),
        }
    }
}
