use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::http::call;

/// Counts what arrives and answers `yes`.
#[derive(Default)]
struct CountingTransport(AtomicUsize);

#[async_trait]
impl Transport for CountingTransport {
    async fn send(
        &self,
        _request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(reply(StatusCode::OK, "yes"))
    }
}

async fn ask(faults: &FaultyTransport) -> Result<(u16, Bytes), TransportError> {
    let request = http::Request::post("https://api.test/apps/a/volumes/vol_1").body(Bytes::new());
    let answer = call(faults, request.unwrap(), Duration::from_secs(60), 100).await?;
    Ok((answer.status.as_u16(), answer.body))
}

#[tokio::test(start_paused = true)]
async fn each_mode_arrives_as_often_and_answers_as_it_says() {
    let bad_gateway = StatusCode::BAD_GATEWAY;
    let cases = [
        (FaultMode::NotSent, 0, Err(TransportError::NotSent)),
        (FaultMode::LostReply, 1, Err(TransportError::ConnectionLost)),
        (FaultMode::Twice, 2, Ok(200)),
        (FaultMode::Refused(bad_gateway, "no"), 0, Ok(502)),
        (FaultMode::RefusedAfter(bad_gateway, "no"), 1, Ok(502)),
        (FaultMode::Hang, 0, Err(TransportError::TimedOut)),
        (FaultMode::HangAfter, 1, Err(TransportError::TimedOut)),
        (FaultMode::Late(Duration::from_secs(90)), 0, Err(TransportError::ConnectionLost)),
        (FaultMode::Reset, 0, Err(TransportError::ConnectionLost)),
        (FaultMode::BadBody("what"), 1, Ok(200)),
        (FaultMode::Flood(1_000), 1, Err(TransportError::TooLong)),
        (FaultMode::Stalled, 1, Err(TransportError::TimedOut)),
        (FaultMode::KilledBefore, 0, Err(TransportError::TimedOut)),
        (FaultMode::KilledAfter, 1, Err(TransportError::TimedOut)),
    ];
    for (mode, arrived, answered) in cases {
        let counter = Arc::new(CountingTransport::default());
        let faults = FaultyTransport::new(counter.clone());
        faults.plan(FaultPosition::CallIndex(0), mode.clone());

        let answer = ask(&faults).await.map(|(status, _)| status);

        assert_eq!(answer, answered, "{mode:?}");
        assert_eq!(counter.0.load(Ordering::Relaxed), arrived, "{mode:?}");
        assert_eq!(ask(&faults).await, Ok((200, "yes".into())), "after {mode:?}");
        assert_eq!(faults.fired(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_call_arrives_after_its_time() {
    let counter = Arc::new(CountingTransport::default());
    let faults = FaultyTransport::new(counter.clone());
    faults.plan(FaultPosition::CallIndex(0), FaultMode::Late(Duration::from_secs(90)));

    ask(&faults).await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(91)).await;

    assert_eq!(counter.0.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fault_matches_calls_that_are_equal() {
    let faults = FaultyTransport::new(Arc::new(CountingTransport::default()));
    let volume = VendorCall::new(&Method::POST, "api.test", "/apps/a/volumes/vol_2");
    faults.plan_burst(FaultPosition::NthOfCall(volume.clone(), 1), FaultMode::NotSent, 2);

    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(ask(&faults).await.is_ok());
    }

    assert_eq!(answers, [true, false, false, true]);
    assert_eq!(volume.to_string(), "POST api.test/apps/a/volumes/*");
    assert_eq!(faults.positions()[3], FaultPosition::NthOfCall(volume, 3));
}
