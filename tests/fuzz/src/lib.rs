//! What strangers, vendors and people may send, as one run of bytes for each door. Each function
//! takes any bytes and panics when a promise is broken; `cargo fuzz` looks for bytes that do, and
//! `cargo test` replays the corpus and tries more (`tests/textslash/hostile.rs`).

pub use form_posts::form_posts;
pub use relay_protocol::relay_protocol;
pub use tokens::tokens;
pub use vendor_replies::vendor_replies;
pub use webhook_bodies::webhook_bodies;

mod discord_payloads;
mod file_names;
mod form_posts;
mod model_answers;
mod relay_protocol;
mod tokens;
mod vendor_checks;
mod vendor_replies;
mod webhook_bodies;

/// Takes any bytes, and panics when a promise is broken.
pub type FuzzTarget = fn(&[u8]);

/// The targets by name.
pub const TARGETS: [(&str, FuzzTarget); 5] = [
    ("form_posts", form_posts),
    ("relay_protocol", relay_protocol),
    ("tokens", tokens),
    ("vendor_replies", vendor_replies),
    ("webhook_bodies", webhook_bodies),
];

/// 2023-11-14, in unix milliseconds.
const NOW_MS: u64 = 1_700_000_000_000;

/// Runs a story on this thread, in no time.
fn at_once<T>(story: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(story)
}

/// The first line, and the rest.
fn first_line(data: &[u8]) -> (String, &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let line = String::from_utf8_lossy(&data[..end]).into_owned();
    (line, data.get(end + 1..).unwrap_or_default())
}
