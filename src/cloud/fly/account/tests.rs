use serde_json::json;

use super::*;
use crate::cloud::fly::tests::scripted_account::*;
use crate::cloud::{Cloud, Observation, StepContext};
use crate::http::TransportError;
use crate::plan::{Facts, StepFacts, StepId};

#[tokio::test(start_paused = true)]
async fn an_app_made_just_now_may_not_be_known_yet() {
    let (_, account) = account_with(vec![
        ("POST /apps?wait=true", Ok((201, json!(null)))),
        ("GET /apps/ada-relay", Ok((401, json!({"error": "unauthorized"})))),
    ]);
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let (app, volume) = (StepId::new("relay-app"), StepId::new("relay-volume"));
    account.create(&here, &app).await.unwrap();

    let later = FailureCause::RetryLater { after_ms: None };
    assert_eq!(account.observe(&here, &app).await.unwrap_err().cause, later);
    assert_eq!(account.create(&here, &volume).await.unwrap_err().cause, later);

    tokio::time::sleep(SETTLING).await;
    assert_eq!(account.observe(&here, &app).await.unwrap_err().cause, FailureCause::TokenRefused);
    assert_eq!(account.create(&here, &volume).await.unwrap_err().cause, FailureCause::NotFound);
}

#[tokio::test(start_paused = true)]
async fn an_app_made_just_now_is_not_called_absent_before_it_was_deleted() {
    let (_, account) = account_with(vec![("POST /apps?wait=true", Ok((201, json!(null))))]);
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let app = StepId::new("relay-app");
    account.create(&here, &app).await.unwrap();

    let error = account.observe(&here, &app).await.unwrap_err();
    assert_eq!(error.cause, FailureCause::RetryLater { after_ms: None });

    account.delete(&here, &app, &Facts::new()).await.unwrap();
    assert_eq!(account.observe(&here, &app).await, Ok(Observation::Absent));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_may_have_been_made_is_not_called_absent_at_once() {
    let (_, account) =
        account_with(vec![("POST /apps?wait=true", Err(TransportError::ConnectionLost))]);
    let (spec, known) = (spec(), StepFacts::new());
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    let app = StepId::new("relay-app");
    assert_eq!(account.create(&here, &app).await.unwrap_err().cause, FailureCause::InDoubt);

    let error = account.observe(&here, &app).await.unwrap_err();
    assert_eq!(error.cause, FailureCause::RetryLater { after_ms: None });

    tokio::time::sleep(DOUBTFUL).await;
    assert_eq!(account.observe(&here, &app).await, Ok(Observation::Absent));
}
