//! The release of a bot before its relay's machine is deleted: only the relay holds the bot's key.

use std::time::Duration;

use crate::chat_service::ChatServiceProfile;
use crate::cloud::fly::client::{FlyClient, PathSegment};
use crate::cloud::fly::errors::CallFailure;
use crate::secret::Secret;
use crate::spec::Spec;

/// The time limit of the whole release: a start, and two short calls to the service. A machine that
/// costs money must not wait longer for it.
const DEADLINE: Duration = Duration::from_secs(60);

/// Between two looks at a machine that starts: far below Fly's limit for looking.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// As the relay's image has it.
const COMMAND: [&str; 3] = ["/textslash", "channel", "release"];

/// Whether a relay of this spec has led a bot to itself.
pub(super) fn has_set_webhook(spec: &Spec) -> bool {
    let service = ChatServiceProfile::of_channel(spec.channel);
    service.is_some_and(|service| service.webhook_path.is_some())
}

/// The relay in this machine, asked to give the bot back.
pub(super) struct ChannelRelease<'a> {
    pub(super) client: &'a FlyClient,
    pub(super) token: &'a Secret,
    pub(super) app: PathSegment<'a>,
    pub(super) machine: PathSegment<'a>,
}

impl ChannelRelease<'_> {
    /// A relay that cannot keeps nothing from being removed; its bot then leads to an address that
    /// is gone, until it is led elsewhere.
    pub(super) async fn release(&self) {
        match tokio::time::timeout(DEADLINE, self.ask()).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => {
                tracing::warn!(error = %failure.error, "a relay did not give its owner's bot back");
            }
            Err(_) => tracing::warn!("a relay did not give its owner's bot back in time"),
        }
    }

    async fn ask(&self) -> Result<(), CallFailure> {
        let Self { client, token, app, machine } = *self;
        let mut asked_to_start = false;
        loop {
            let found = client.machine(token, app, machine).await?;
            match found.state.as_deref() {
                Some("started") => break,
                Some("stopped" | "suspended" | "created") if !asked_to_start => {
                    client.start_machine(token, app, machine).await?;
                    asked_to_start = true;
                }
                Some("created" | "starting" | "stopped" | "suspended" | "stopping") => {}
                _ => return Err(CallFailure::our_fault("the relay's machine cannot be started")),
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        let executed = client.exec(token, app, machine, &COMMAND).await?;
        match executed.exit_code {
            Some(0) => Ok(()),
            _ => Err(CallFailure::our_fault("the relay could not give the bot back")),
        }
    }
}
