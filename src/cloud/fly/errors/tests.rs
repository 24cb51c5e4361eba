use std::path::PathBuf;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const NOW_MS: u64 = 1_700_000_000_000;
const LATER: FailureCause = FailureCause::RetryLater { after_ms: None };

fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn cause(effect: CallEffect, status: u16, body: &str) -> FailureCause {
    CallFailure::from_response(effect, &answer(status, body), NOW_MS).error.cause
}

/// The meaning of each kind of row in the fault catalogue for a call that reads, and for one that
/// changes.
fn expected(id: &str) -> Option<(FailureCause, FailureCause)> {
    let both = |cause| Some((cause, cause));
    let unknown = Some((LATER, FailureCause::InDoubt));
    match id {
        "fly.auth.app_scoped" | "fly.auth.readonly" | "fly.app.name_check_403" => {
            both(FailureCause::TokenRefused)
        }
        "fly.app.name_check_401" => both(FailureCause::TokenRefused),
        "fly.auth.identity_path_down" => unknown,
        _ if id.starts_with("fly.auth.") => both(FailureCause::TokenRefused),
        "fly.account.high_risk" | "fly.account.suspended" | "fly.account.machine_limit" => {
            both(FailureCause::AccountHeld)
        }
        "fly.account.quota_region" => both(FailureCause::NoCapacity),
        _ if id.starts_with("fly.account.") => both(FailureCause::PaymentNeeded),
        "fly.app.name_taken"
        | "fly.app.name_taken_no_code"
        | "fly.app.uniqueness_race"
        | "fly.app.create_conflict_409"
        | "fly.app.name_reuse_delay"
        | "fly.ip.duplicate"
        | "fly.volume.in_use"
        | "fly.machine.name_409" => both(FailureCause::InDoubt),
        "fly.app.name_invalid" | "fly.secrets.name_invalid" | "fly.volume.wrong_region" => {
            both(FailureCause::InvalidRequest)
        }
        "fly.machine.image_not_found" | "fly.machine.image_private" | "fly.machine.wait_400" => {
            both(FailureCause::InvalidRequest)
        }
        "fly.app.eventual_404"
        | "fly.app.not_found_old_wording"
        | "fly.app.delete_404"
        | "fly.machine.wait_404"
        | "fly.machine.get_404_flap"
        | "fly.machine.destroy_404" => both(FailureCause::NotFound),
        "fly.volume.no_capacity"
        | "fly.volume.stranded_host"
        | "fly.machine.capacity_409"
        | "fly.machine.capacity_status"
        | "fly.machine.host_drain" => both(FailureCause::NoCapacity),
        "fly.secrets.stale_version"
        | "fly.volume.not_found_lag"
        | "fly.volume.delete_attached"
        | "fly.machine.image_unknown_transient"
        | "fly.machine.lease_409"
        | "fly.machine.version_409"
        | "fly.machine.metadata_412"
        | "fly.machine.destroy_running"
        | "fly.machine.transient_invalid_id"
        | "fly.app.delete_rate"
        | "fly.rate.429" => both(LATER),
        "fly.rate.429_retry_after" => both(FailureCause::RetryLater { after_ms: Some(2000) }),
        "fly.machine.create_408_committed"
        | "fly.machine.create_408_not_committed"
        | "fly.machine.create_5xx_committed"
        | "fly.machine.wait_408"
        | "fly.machine.wait_timeout"
        | "fly.machine.wait_replaced"
        | "fly.machine.volume_host_down"
        | "fly.proxy.no_healthy"
        | "fly.proxy.bad_bind"
        | "fly.gateway.503_html" => unknown,
        _ => None,
    }
}

#[test]
fn every_refusal_of_the_fault_catalogue_is_understood() {
    let Some(specs) = std::env::var_os("API_SPECS") else {
        eprintln!("skipped: API_SPECS is not set, so the fault catalogue is out of reach");
        return;
    };
    let file = std::fs::read(PathBuf::from(specs).join("fault-catalogue.json")).unwrap();
    let catalogue: Value = serde_json::from_slice(&file).unwrap();
    let mut understood = 0;
    for row in catalogue["faults"].as_array().unwrap() {
        let Some(status) = row["inject"]["status"].as_u64().filter(|status| *status >= 400) else {
            continue;
        };
        let id = row["id"].as_str().unwrap();
        if row["api"] != "fly" {
            continue;
        }
        let Some((read, change)) = expected(id) else { panic!("{id} is not in the table") };
        let mut answer = answer(u16::try_from(status).unwrap(), "");
        answer.body = match &row["inject"]["body"] {
            Value::String(text) => text.clone().into(),
            body => body.to_string().into(),
        };
        if let Some(after) = row["inject"]["headers"]["Retry-After"].as_str() {
            answer.headers.insert("retry-after", after.parse().unwrap());
        }
        for (effect, expected) in [(CallEffect::Read, read), (CallEffect::Change, change)] {
            let failure = CallFailure::from_response(effect, &answer, NOW_MS);
            assert_eq!(failure.error.cause, expected, "{id} {effect:?}: {}", failure.error.detail);
        }
        understood += 1;
    }
    assert!(understood > 40, "only {understood} rows");
}

#[test]
fn words_decide_before_the_status() {
    let cases = [
        (402, "We need your payment information to continue!", FailureCause::PaymentNeeded),
        (403, "please add a credit card", FailureCause::PaymentNeeded),
        (422, "Your account has been marked as HIGH RISK", FailureCause::AccountHeld),
        (409, r#"{"error":"insufficient memory available"}"#, FailureCause::NoCapacity),
        (409, r#"{"error":"already_exists: unique machine name"}"#, FailureCause::InDoubt),
        (409, r#"{"status":"error","message":"lease currently held by x"}"#, LATER),
        (409, r#"{"error":"something new"}"#, FailureCause::InDoubt),
        (422, r#"{"error":"x","status":"name_taken"}"#, FailureCause::InDoubt),
        (422, r#"{"error":"something new"}"#, FailureCause::InvalidRequest),
        (302, "", FailureCause::InvalidRequest),
        (502, "<html>manifest already exists, credit card</html>", FailureCause::InDoubt),
        (401, r#"{"error":"please add a credit card"}"#, FailureCause::TokenRefused),
    ];
    for (status, body, expected) in cases {
        assert_eq!(cause(CallEffect::Change, status, body), expected, "{status} {body}");
    }
}

#[test]
fn a_lost_answer_leaves_a_doubt_only_where_something_changes() {
    let cases = [
        (TransportError::NotSent, LATER, LATER),
        (TransportError::ConnectionLost, LATER, FailureCause::InDoubt),
        (TransportError::TimedOut, LATER, FailureCause::InDoubt),
        (TransportError::TooLong, LATER, FailureCause::InDoubt),
    ];
    for (unanswered, read, change) in cases {
        assert_eq!(
            CallFailure::from_transport_error(CallEffect::Read, unanswered).error.cause,
            read
        );
        assert_eq!(
            CallFailure::from_transport_error(CallEffect::Change, unanswered).error.cause,
            change
        );
    }
}

#[test]
fn retry_after_is_read_as_seconds_or_as_a_date_and_bounded() {
    let cases = [
        ("2", Some(2000)),
        ("99999999", Some(300_000)),
        ("Tue, 14 Nov 2023 22:13:30 GMT", Some(10_000)),
        ("Tue, 14 Nov 1923 22:13:30 GMT", None),
        ("Mon, 13 Nov 2023 22:13:30 GMT", Some(0)),
        ("soon", None),
    ];
    for (value, after_ms) in cases {
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, value.parse().unwrap())]);
        let too_many = HttpResponse { headers, ..answer(429, "") };
        let refused = CallFailure::from_response(CallEffect::Read, &too_many, NOW_MS);
        assert_eq!(refused.error.cause, FailureCause::RetryLater { after_ms }, "{value}");
    }
}

#[test]
fn an_echoed_credential_is_hidden() {
    let key = "0123456789abcdef".repeat(4);
    let token = "fm2_lJPETAw/x+y==";
    let cases = [
        (format!("no: Authorization: FlyV1 {token},{token} was"), token),
        ("bad header Bearer abc".to_owned(), "abc"),
        (format!("{{\"values\":{{\"OWNER_KEY\":\"{key}\"}}}}"), &key[..]),
        ("sk-ant-api03-short refused".to_owned(), "api03"),
    ];
    for (text, secret) in cases {
        let shown =
            CallFailure::from_response(CallEffect::Read, &answer(400, &text), NOW_MS).error.detail;
        assert!(!shown.contains(secret), "{shown}");
    }
    let link = "Add one: https://fly.io/dashboard/personal/billing";
    assert_eq!(redacted(link), link, "what helps is kept");
}

#[test]
fn the_detail_names_status_and_request_and_stays_short() {
    let mut long = answer(503, &"<b>é</b>\n".repeat(20_000));
    long.headers.insert("fly-request-id", "01ABC-lhr".parse().unwrap());
    let detail = CallFailure::from_response(CallEffect::Read, &long, NOW_MS).error.detail;
    assert!(detail.starts_with("503 (fly-request-id 01ABC-lhr): <b>"), "{detail}");
    assert_eq!(detail.chars().count(), CloudError::DETAIL_MAX);
    assert!(!detail.contains('\n'));
}

proptest! {
    #[test]
    fn no_body_breaks_the_reading_of_refusals(status in 300_u16..600, body in ".{0,400}") {
        let answer = answer(status, &body);
        let failure = CallFailure::from_response(CallEffect::Change, &answer, NOW_MS);
        prop_assert!(failure.error.detail.chars().count() <= CloudError::DETAIL_MAX);
    }

    #[test]
    fn a_token_is_hidden_wherever_it_stands(before in ".{0,40}", token in "[A-Za-z0-9+/]{60,90}") {
        let clean = redacted(&format!("{before} fm2_{token}"));
        prop_assert!(!clean.contains(&token[..20]));
    }
}

#[test]
fn a_token_that_our_own_clock_spoils_is_not_called_refused() {
    let dated = |date: &str| {
        let mut refused = answer(401, r#"{"error":"Authenticate: token validation error"}"#);
        refused.headers.insert(http::header::DATE, date.parse().unwrap());
        CallFailure::from_response(CallEffect::Read, &refused, NOW_MS).error.cause
    };
    // It is 2023-11-14 22:13:20.
    assert_eq!(dated("Tue, 14 Nov 2023 22:14:00 GMT"), FailureCause::TokenRefused);
    assert_eq!(dated("Mon, 13 Nov 2023 22:13:20 GMT"), FailureCause::ClockSkew);
    assert_eq!(dated("Wed, 15 Nov 2023 22:13:20 GMT"), FailureCause::ClockSkew);
    assert_eq!(dated("yesterday"), FailureCause::TokenRefused);
}
