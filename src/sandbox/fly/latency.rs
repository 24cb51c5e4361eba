//! The delays of the simulated cloud, in milliseconds.

#[cfg(test)]
mod tests;

/// Delays by operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// Any read.
    pub read_ms: u64,
    /// Making an app.
    pub app_create_ms: u64,
    /// Assigning an address.
    pub address_create_ms: u64,
    /// Writing secrets.
    pub secrets_write_ms: u64,
    /// Making a volume.
    pub volume_create_ms: u64,
    /// Making a machine, until the answer.
    pub machine_create_ms: u64,
    /// Any other write.
    pub write_ms: u64,
    /// From the launch of a new machine to `started`.
    pub machine_launch_ms: u64,
    /// From the start of an existing machine to `started`.
    pub machine_start_ms: u64,
    /// From the request to delete an app until it is gone.
    pub app_gone_ms: u64,
    /// From the first public address of an app until its name resolves.
    pub name_visible_ms: u64,
}

impl Latency {
    /// No delays.
    pub const NONE: Self = Self {
        read_ms: 0,
        app_create_ms: 0,
        address_create_ms: 0,
        secrets_write_ms: 0,
        volume_create_ms: 0,
        machine_create_ms: 0,
        write_ms: 0,
        machine_launch_ms: 0,
        machine_start_ms: 0,
        app_gone_ms: 0,
        name_visible_ms: 0,
    };

    /// Medians. Published: a launch takes 2.84 s (obeli-sk/components-flyio, ams, 2025-09) to 3.41
    /// s (Fly's documentation, ord, 2023-10) with the image at hand, the start of an existing
    /// machine 300 ms (Fly's blog, "Fly Machines"), a read 20-50 ms in the region. The others are
    /// unpublished; they are our guesses.
    pub const MEDIANS: Self = Self {
        read_ms: 60,
        app_create_ms: 400,
        address_create_ms: 500,
        secrets_write_ms: 300,
        volume_create_ms: 900,
        machine_create_ms: 1200,
        write_ms: 300,
        machine_launch_ms: 2800,
        machine_start_ms: 300,
        app_gone_ms: 3000,
        name_visible_ms: 5000,
    };

    /// The delay before the answer to `operation` (method and route).
    pub fn of(&self, operation: &str) -> u64 {
        match operation {
            "POST /v1/apps" => self.app_create_ms,
            "POST /v1/apps/{app}/ip_assignments" => self.address_create_ms,
            "POST /v1/apps/{app}/secrets" => self.secrets_write_ms,
            "POST /v1/apps/{app}/volumes" => self.volume_create_ms,
            "POST /v1/apps/{app}/machines" => self.machine_create_ms,
            _ if operation.starts_with("GET ") => self.read_ms,
            _ => self.write_ms,
        }
    }
}
