//! The whole conversation of each service, kept as a file and compared.
//!
//! `INSTA_UPDATE=always cargo test --test textslash services::hello` writes the files anew.

/// What differs from run to run, and its name in the files.
const CHANGING: [(&str, &str); 9] = [
    (r" \(#\d+\)", ""),
    (r"fm2_[A-Za-z0-9+/=,_]+", "[Fly token]"),
    (r"\d{9,10}:AA\w+", "[bot token]"),
    (r"http://127\.0\.0\.1:\d+", "https://bot.example"),
    (r"#[0-9a-f]{64}", "#[one-time key]"),
    (r"\d{18,19}", "[Discord id]"),
    (r"(vol_)?[0-9a-f]{14,16}", "[id]"),
    (r"-(relay|vm)-[0-9a-z]{10}", "-$1-[id]"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[time]"),
];

/// Messages whose number or place depends on how fast something was.
const UNTIMED: [&str; 3] = ["Deploying\n", "Removing everything\n", "I deleted your message"];

/// Compares a conversation with the file that is kept of it.
pub fn expect(name: &str, story: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("transcripts");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    CHANGING.iter().for_each(|(changing, name)| settings.add_filter(changing, *name));
    settings.bind(|| insta::assert_snapshot!(name, timeless(story)));
}

fn timeless(story: &str) -> String {
    let messages = story.split("\n---- ");
    let kept = messages.filter(|message| {
        let text = message.split_once('\n').map_or("", |(_, text)| text);
        !UNTIMED.iter().any(|start| text.starts_with(start))
    });
    kept.collect::<Vec<_>>().join("\n---- ")
}
