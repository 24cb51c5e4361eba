use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use super::layer;

#[derive(Clone, Default)]
struct LogSink(Arc<Mutex<Vec<u8>>>);

impl io::Write for LogSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(level: LevelFilter, speak: impl FnOnce()) -> String {
    let sink = LogSink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::registry().with(layer(level, move || writer.clone()));
    tracing::subscriber::with_default(subscriber, speak);
    String::from_utf8(sink.0.lock().clone()).unwrap()
}

#[test]
fn at_the_most_verbose_level_libraries_still_keep_what_people_type_to_themselves() {
    let log = logged(LevelFilter::TRACE, || {
        tracing::trace!(target: "tungstenite::protocol", "Received message fm2_secret");
        tracing::debug!(target: "hyper::proto", "authorization: FlyV1 fm2_secret");
        tracing::info!(target: "sqlx::query", "insert fm2_secret");
        tracing::warn!(target: "hyper", "a warning");
        tracing::trace!(target: "textslash::relay", "ours");
    });

    assert!(!log.contains("fm2_secret"), "{log}");
    assert!(log.contains("a warning") && log.contains("ours"), "{log}");
}

#[test]
fn a_quiet_level_quiets_libraries_too() {
    let log = logged(LevelFilter::ERROR, || {
        tracing::warn!(target: "hyper", "a warning");
        tracing::error!(target: "textslash", "an error");
    });

    assert!(!log.contains("a warning") && log.contains("an error"), "{log}");
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
