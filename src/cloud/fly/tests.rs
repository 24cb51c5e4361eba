use async_trait::async_trait;
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::macaroon::{Caveat, Macaroon, PERMISSION_LOCATION};
use super::*;
use crate::http::{StreamedResponse, Transport, TransportError};

pub(super) mod scripted_account;

pub(super) const NOW_MS: u64 = 1_790_000_000_000;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct SeenRequest {
    pub(super) line: String,
    pub(super) authorization: String,
    pub(super) signed: bool,
    pub(super) body: Value,
}

type ResponseScript = dyn Fn(&str) -> Result<(u16, Value), TransportError> + Send + Sync;

/// A scripted Fly: answers each request line from a script and records the requests.
pub(super) struct ScriptedFly {
    script: Box<ResponseScript>,
    date: Option<&'static str>,
    seen: Mutex<Vec<SeenRequest>>,
}

impl ScriptedFly {
    pub(super) fn new(
        script: impl Fn(&str) -> Result<(u16, Value), TransportError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::dated(None, script)
    }

    /// All of whose answers are of this `Date`.
    pub(super) fn dated(
        date: Option<&'static str>,
        script: impl Fn(&str) -> Result<(u16, Value), TransportError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), date, seen: Mutex::default() })
    }

    pub(super) fn seen(&self) -> Vec<SeenRequest> {
        self.seen.lock().clone()
    }
}

#[async_trait]
impl Transport for ScriptedFly {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let line = format!("{} {}", request.method(), request.uri());
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        self.seen.lock().push(SeenRequest {
            line: line.clone(),
            authorization: header("authorization").unwrap_or_default(),
            signed: header(crate::protocol::SIGNATURE_HEADER).is_some(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        });
        let (status, body) = (self.script)(&line)?;
        let mut response = http::Response::builder().status(status);
        if let Some(date) = self.date {
            response = response.header("date", date);
        }
        let (head, ()) = response.body(()).unwrap().into_parts();
        let body = async move { Ok(Bytes::from(body.to_string())) };
        Ok(StreamedResponse { head, body: body.into_stream().boxed() })
    }
}

pub(super) fn fly(scripted: &Arc<ScriptedFly>) -> FlyProvider {
    let clock = Clock::from_tokio(NOW_MS);
    FlyProvider::new(scripted.clone(), FlyEndpoints::real(), clock, Random::seeded(7))
}

pub(super) fn a_token() -> String {
    a_token_of(42)
}

fn a_token_of(organisation: u64) -> String {
    let mut token = Macaroon::mint(b"fly's key", b"kid", [7; 16], PERMISSION_LOCATION);
    token.attenuate(Caveat::Organization { id: organisation, mask: Caveat::ALL });
    token.encode().to_string()
}

fn preflight_script(line: &str) -> Result<(u16, Value), TransportError> {
    Ok(match line {
        "GET https://api.machines.dev/v1/tokens/current" => {
            (200, json!({"tokens": [{"org_slug": "ada", "new": 1}, {"org_slug": "ada"}, {}]}))
        }
        "GET https://api.fly.io/api/v1/organizations?admin=false" => (
            200,
            json!({"organizations": [
                {"slug": "ada", "name": "Ada", "billing_status": "TRIAL_ACTIVE"},
                {"slug": "other", "billing_status": null},
            ]}),
        ),
        _ => (
            200,
            json!({"Regions": [
                {"code": "ams", "name": "Amsterdam", "requires_paid_plan": null},
                {"code": "old", "deprecated": true},
                {"code": "../x"},
                {"code": "iad", "requires_paid_plan": true},
            ], "Nearest": "ams"}),
        ),
    })
}

#[tokio::test]
async fn a_pasted_token_is_narrowed_before_it_is_kept() {
    let fly = fly(&ScriptedFly::new(preflight_script));
    let token = fly.check_format(&format!("FlyV1 {}", a_token())).ok().unwrap();
    let kept = Macaroon::decode(token.expose()).unwrap();
    assert!(kept.verify(b"fly's key"));
    let end = NOW_MS / 1000 + 2 * 60 * 60;
    assert!(kept.caveats().any(|caveat| {
        matches!(caveat, Caveat::ValidityWindow { not_after, .. } if *not_after == end as i64)
    }));
    assert!(token.expose_for_host("api.machines.dev").is_ok());
    assert!(token.expose_for_host("api.fly.io").is_ok());
    assert!(token.expose_for_host("ada-relay.fly.dev").is_err());
    assert_eq!(fly.check_format("fm2_lJPE").err(), Some(CredentialRejection::Truncated));

    let beside_an_oauth_token = fly.check_format(&format!("fo1_whole,{}", a_token())).ok().unwrap();
    assert!(!beside_an_oauth_token.expose().contains("fo1_"), "it cannot be narrowed");
}

#[tokio::test]
async fn the_preflight_tells_organisation_standing_and_regions() {
    let scripted = ScriptedFly::new(preflight_script);
    let fly = fly(&scripted);
    let token = fly.check_format(&a_token()).ok().unwrap();

    let account = fly.preflight(&token).await.unwrap();

    let ada = Organisation {
        slug: "ada".to_owned(),
        name: "Ada".to_owned(),
        number: Some(42),
        standing: OrganisationStatus::Trial,
    };
    assert_eq!(account.organisations, [ada]);
    let regions: Vec<_> =
        account.regions.iter().map(|offer| (offer.region.as_ref(), offer.paid_only)).collect();
    assert_eq!(regions, [("ams", false), ("iad", true)]);
    assert_eq!(account.nearest.unwrap().as_ref(), "ams");
    let bundle = token.expose();
    for seen in scripted.seen() {
        let scheme = if seen.line.contains("api.fly.io") { "Bearer" } else { "FlyV1" };
        assert_eq!(seen.authorization, format!("{scheme} {bundle}"), "{}", seen.line);
    }
}

#[tokio::test]
async fn an_organisation_is_known_by_the_token_or_by_the_list() {
    let personal = |number: Value| {
        ScriptedFly::new(move |line| match line {
            "GET https://api.machines.dev/v1/tokens/current" => {
                Ok((200, json!({"tokens": [{"org_slug": "personal"}, {"org_slug": "work"}]})))
            }
            "GET https://api.fly.io/api/v1/organizations?admin=false" => Ok((
                200,
                json!({"organizations": [{"slug": "personal", "internal_numeric_id": number}]}),
            )),
            other => preflight_script(other),
        })
    };
    for (listed, expected) in [
        (json!(7), Some(7)),
        (json!("7"), Some(7)),
        (json!(null), None),
        (json!("seven"), None),
        (json!({"of": 7}), None),
    ] {
        let fly = fly(&personal(listed.clone()));
        let token = fly.check_format(&format!("{},{}", a_token_of(7), a_token_of(8))).ok().unwrap();
        let opened = fly.preflight(&token).await.unwrap().organisations;
        let numbers: Vec<_> = opened.iter().map(|it| (it.slug.as_str(), it.number)).collect();
        assert_eq!(numbers, [("personal", expected), ("work", None)], "{listed}");
    }
    let unlisted = ScriptedFly::new(|line| match line {
        "GET https://api.fly.io/api/v1/organizations?admin=false" => Ok((503, json!({}))),
        other => preflight_script(other),
    });
    let fly = fly(&unlisted);
    let opened = fly.preflight(&fly.check_format(&a_token_of(7)).ok().unwrap()).await.unwrap();
    assert_eq!(opened.organisations[0].number, Some(7));
}

#[tokio::test]
async fn an_answer_without_regions_is_none() {
    let scripted = ScriptedFly::new(|line| match line {
        "GET https://api.machines.dev/v1/platform/regions" => Ok((200, json!({"data": {}}))),
        other => preflight_script(other),
    });
    let fly = fly(&scripted);
    let refused = fly.preflight(&fly.check_format(&a_token()).ok().unwrap()).await.unwrap_err();
    assert_eq!(refused.cause, FailureCause::RetryLater { after_ms: None });
}

#[tokio::test(start_paused = true)]
async fn many_people_are_checked_at_once_and_one_person_no_faster_than_fly_allows() {
    let fly = fly(&ScriptedFly::new(preflight_script));
    let began = tokio::time::Instant::now();
    let mut last = String::new();
    for person in 0..20 {
        last = a_token_of(person);
        fly.preflight(&fly.check_format(&last).ok().unwrap()).await.unwrap();
    }
    assert_eq!(began.elapsed().as_millis(), 0, "nobody waits for somebody else");
    for _ in 0..3 {
        fly.preflight(&fly.check_format(&last).ok().unwrap()).await.unwrap();
    }
    assert_eq!(began.elapsed().as_millis(), 1000, "three at once, and then one a second");
}

#[tokio::test]
async fn unreadable_billing_stops_no_deploy_but_a_refused_token_does() {
    for (path, status, expected) in [
        ("organizations", 403, None),
        ("organizations", 503, None),
        ("tokens/current", 401, Some(FailureCause::TokenRefused)),
        ("tokens/current", 503, Some(FailureCause::RetryLater { after_ms: None })),
        ("regions", 503, Some(FailureCause::RetryLater { after_ms: None })),
    ] {
        let fly = fly(&ScriptedFly::new(move |line| {
            if line.contains(path) { Ok((status, json!({}))) } else { preflight_script(line) }
        }));
        let token = fly.check_format(&a_token()).ok().unwrap();
        let cause = fly.preflight(&token).await.err().map(|error| error.cause);
        assert_eq!(cause, expected, "{path} {status}");
    }
}

#[test]
fn standing_follows_flyctl() {
    let link = "https://fly.io/dashboard/ada/billing".to_owned();
    let cases = [
        (None, OrganisationStatus::Active),
        (Some("CURRENT"), OrganisationStatus::Active),
        (Some("PAST_DUE"), OrganisationStatus::Active),
        (Some("NEW_WORD"), OrganisationStatus::Active),
        (Some("TRIAL_ACTIVE"), OrganisationStatus::Trial),
        (Some("SOURCE_REQUIRED"), OrganisationStatus::PaymentNeeded { link: link.clone() }),
        (Some("TRIAL_ENDED"), OrganisationStatus::PaymentNeeded { link: link.clone() }),
        (Some("SUSPENDED"), OrganisationStatus::UnderReview { link }),
    ];
    for (status, expected) in cases {
        assert_eq!(standing(status, "ada"), expected, "{status:?}");
    }
}
