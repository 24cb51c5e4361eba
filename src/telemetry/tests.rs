use std::io;
use std::sync::{Arc, LazyLock};

use adapters::chat::ChatId;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

use super::{LogFormat, layer};
use crate::spans;
use crate::spec::DeploymentId;

#[derive(Clone, Default)]
struct LogSink(Arc<Mutex<Vec<u8>>>);

impl LogSink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).unwrap()
    }
}

impl io::Write for LogSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// With a single subscriber, tracing asks only the thread that first comes to a line whether it is
/// logged, and remembers the answer. That thread may be another test's, without a subscriber. With
/// a second one it asks all subscribers.
static SECOND_SUBSCRIBER: LazyLock<Dispatch> =
    LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

/// The lines that this thread logs from now on, each as JSON.
pub(crate) struct CapturedLog {
    sink: LogSink,
    _default: DefaultGuard,
}

impl CapturedLog {
    pub(crate) fn start() -> Self {
        LazyLock::force(&SECOND_SUBSCRIBER);
        let sink = LogSink::default();
        let writer = sink.clone();
        let layer = layer(LevelFilter::TRACE, LogFormat::Json, move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        Self { sink, _default: tracing::subscriber::set_default(subscriber) }
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        json_lines(&self.sink.text())
    }
}

/// A field of the spans that a line stands in; null where none has it.
pub(crate) fn span_field(line: &Value, name: &str) -> Value {
    let mut spans = line["spans"].as_array().into_iter().flatten();
    spans.find_map(|span| span.get(name).cloned()).unwrap_or_default()
}

fn json_lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn logged(level: LevelFilter, format: LogFormat, speak: impl FnOnce()) -> String {
    let sink = LogSink::default();
    let writer = sink.clone();
    let layer = layer(level, format, move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, speak);
    sink.text()
}

const FORMATS: [LogFormat; 2] = [LogFormat::Text, LogFormat::Json];

#[test]
fn at_the_most_verbose_level_libraries_still_keep_what_people_type_to_themselves() {
    for format in FORMATS {
        let log = logged(LevelFilter::TRACE, format, || {
            let call = tracing::info_span!(target: "hyper", "call", token = "fm2_secret");
            let _call = call.enter();
            tracing::trace!(target: "tungstenite::protocol", "Received message fm2_secret");
            tracing::debug!(target: "hyper::proto", "authorization: FlyV1 fm2_secret");
            tracing::info!(target: "sqlx::query", "insert fm2_secret");
            tracing::warn!(target: "hyper", "a warning");
            tracing::trace!(target: "textslash::relay", "ours");
        });

        assert!(!log.contains("fm2_secret"), "{log}");
        assert!(log.contains("a warning") && log.contains("ours"), "{log}");
    }
}

#[test]
fn a_quiet_level_quiets_libraries_too() {
    let log = logged(LevelFilter::ERROR, LogFormat::Text, || {
        tracing::warn!(target: "hyper", "a warning");
        tracing::error!(target: "textslash", "an error");
    });

    assert!(!log.contains("a warning") && log.contains("an error"), "{log}");
}

#[test]
fn the_quietest_line_names_its_conversation_run_and_turn_in_both_formats() {
    let (chat, id) = (ChatId("4915112345678".into()), DeploymentId::from_random([7; 10]));
    let speak = || {
        let _conversation = spans::conversation("whatsapp", &chat).entered();
        let _run = spans::run(&id).entered();
        let _turn = spans::relay_turn("0b5c", 12).entered();
        tracing::error!("a line");
    };
    let text = logged(LevelFilter::ERROR, LogFormat::Text, speak);
    let json = logged(LevelFilter::ERROR, LogFormat::Json, speak);

    let line = &json_lines(&json)[0];
    assert_eq!(line["fields"]["message"], "a line");
    let fields = ["channel", "run", "turn", "number"].map(|name| span_field(line, name));
    assert_eq!(fields, ["whatsapp".into(), json!(id.to_string()), "0b5c".into(), json!(12)]);
    let conversation = span_field(line, "conversation");
    let conversation = conversation.as_str().unwrap();
    let run = format!("run{{run={id}}}:turn{{turn=\"0b5c\" number=12}}: ");
    assert!(text.contains(&run) && text.contains(conversation), "{text}");
    assert!(!text.contains(&chat.0) && !json.contains(&chat.0), "{text}{json}");
}

#[test]
fn a_log_is_text_or_json() {
    assert_eq!("text".parse::<LogFormat>().unwrap(), LogFormat::Text);
    assert_eq!("json".parse::<LogFormat>().unwrap(), LogFormat::Json);
    for other in ["", "JSON", "xml"] {
        assert!(other.parse::<LogFormat>().is_err(), "{other}");
    }
}

#[tokio::test]
async fn a_task_that_panicked_is_told_of_without_the_words_of_the_panic() {
    let panicked = tokio::spawn(async { panic!("{}", String::from("GET /bot7:AAsecret")) });
    let panicked: Result<(), _> = panicked.await;
    let error = panicked.unwrap_err();
    assert!(error.to_string().contains("AAsecret"), "tokio tells it: {error}");
    let told = format!("{0:#} {0:?}", super::ended(&error));
    assert!(told.contains("panicked") && !told.contains("AAsecret"), "{told}");
}
