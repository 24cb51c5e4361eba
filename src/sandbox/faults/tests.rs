use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::http::call;

/// Counts what arrives and answers `yes`.
#[derive(Default)]
struct Counter(AtomicUsize);

#[async_trait]
impl Transport for Counter {
    async fn send(&self, _request: http::Request<Bytes>) -> Result<Reply, Unanswered> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(reply(StatusCode::OK, "yes"))
    }
}

async fn ask(faults: &Faults) -> Result<(u16, Bytes), Unanswered> {
    let request = http::Request::post("https://api.test/apps/a/volumes/vol_1").body(Bytes::new());
    let answer = call(faults, request.unwrap(), Duration::from_secs(60), 100).await?;
    Ok((answer.status.as_u16(), answer.body))
}

#[tokio::test(start_paused = true)]
async fn each_mode_arrives_as_often_and_answers_as_it_says() {
    let bad_gateway = StatusCode::BAD_GATEWAY;
    let cases = [
        (Mode::NotSent, 0, Err(Unanswered::NotSent)),
        (Mode::LostReply, 1, Err(Unanswered::Lost)),
        (Mode::Twice, 2, Ok(200)),
        (Mode::Refused(bad_gateway, "no"), 0, Ok(502)),
        (Mode::RefusedAfter(bad_gateway, "no"), 1, Ok(502)),
        (Mode::Hang, 0, Err(Unanswered::TimedOut)),
        (Mode::HangAfter, 1, Err(Unanswered::TimedOut)),
        (Mode::Late(Duration::from_secs(90)), 0, Err(Unanswered::Lost)),
        (Mode::Reset, 0, Err(Unanswered::Lost)),
        (Mode::BadBody("what"), 1, Ok(200)),
        (Mode::Flood(1_000), 1, Err(Unanswered::TooLong)),
        (Mode::Stalled, 1, Err(Unanswered::TimedOut)),
        (Mode::KilledBefore, 0, Err(Unanswered::TimedOut)),
        (Mode::KilledAfter, 1, Err(Unanswered::TimedOut)),
    ];
    for (mode, arrived, answered) in cases {
        let counter = Arc::new(Counter::default());
        let faults = Faults::new(counter.clone());
        faults.plan(At::Overall(0), mode.clone());

        let answer = ask(&faults).await.map(|(status, _)| status);

        assert_eq!(answer, answered, "{mode:?}");
        assert_eq!(counter.0.load(Ordering::Relaxed), arrived, "{mode:?}");
        assert_eq!(ask(&faults).await, Ok((200, "yes".into())), "after {mode:?}");
        assert_eq!(faults.fired(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_call_arrives_after_its_time() {
    let counter = Arc::new(Counter::default());
    let faults = Faults::new(counter.clone());
    faults.plan(At::Overall(0), Mode::Late(Duration::from_secs(90)));

    ask(&faults).await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(91)).await;

    assert_eq!(counter.0.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fault_finds_its_call_by_what_it_reads_like() {
    let faults = Faults::new(Arc::new(Counter::default()));
    let volume = Call::new(&Method::POST, "api.test", "/apps/a/volumes/vol_2");
    faults.plan_burst(At::Nth(volume.clone(), 1), Mode::NotSent, 2);

    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(ask(&faults).await.is_ok());
    }

    assert_eq!(answers, [true, false, false, true]);
    assert_eq!(volume.to_string(), "POST api.test/apps/a/volumes/*");
    assert_eq!(faults.places()[3], At::Nth(volume, 3));
}
