//! The agents that a VM can run, one file each, and the table that finds them.

use std::sync::Arc;

use crate::spec::AgentKind;
use crate::vm::VmSettings;
use crate::vm::agent::Agent;
use crate::vm::directory::VmDirectory;

pub mod claude;
pub mod shell;

use claude::Claude;
use shell::Shell;

/// The agent that the settings choose, on an open directory.
pub(super) fn open(settings: &VmSettings, directory: &VmDirectory) -> Arc<dyn Agent> {
    match settings.agent {
        AgentKind::Claude => Arc::new(Claude::new(
            settings.claude_bin.clone(),
            directory.clone(),
            settings.model_proxy_url.clone(),
        )),
        AgentKind::Shell => Arc::new(Shell::new(directory.clone())),
    }
}
