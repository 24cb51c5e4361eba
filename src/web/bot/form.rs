//! The one-time form: a static page, and what it asks of us.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::FormEndpoint;
use crate::conversation::messages::{self, Message};
use crate::conversation::question_of;
use crate::forms::{Form, FormError};
use crate::web::page::{HtmlPage, texts};

const FORM: &str = include_str!("../pages/form.html");

/// Mini Apps are shown in a frame of Telegram's on the web.
const FRAMED_BY: &str = "https://web.telegram.org";

/// The longest value of a field, in characters: a bundle of cloud tokens has a few thousand.
const VALUE_MAX: usize = 16 * 1024;

/// The shortest and the longest name of a submission, in characters: the page makes 32.
const SUBMISSION_MIN: usize = 16;
const SUBMISSION_MAX: usize = 64;

/// What the page sends.
#[derive(Deserialize)]
struct FormPost {
    ticket: String,
    /// What Telegram vouches for, where the page is a Mini App.
    #[serde(default)]
    init_data: String,
    #[serde(default)]
    submission: String,
    #[serde(default)]
    values: std::collections::BTreeMap<String, Zeroizing<String>>,
}

pub(super) fn router(door: Arc<FormEndpoint>) -> Router {
    let page = HtmlPage::new(FORM, texts::FORM, Some(FRAMED_BY));
    Router::new()
        .route("/form", get(move || async move { page.response() }))
        .route("/form/open", post(open))
        .route("/form/confirm", post(confirm))
        .route("/form/decline", post(decline))
        .route("/form/check", post(check))
        .route("/form/submit", post(submit))
        .with_state(door)
}

/// A sentence with a status.
fn says(status: StatusCode, message: &Message, form: Option<&Form>) -> Response {
    let locale = form.map(|form| form.locale).unwrap_or_default();
    (status, Json(json!({ "text": messages::text(locale, message) }))).into_response()
}

fn refused(refused: FormError, form: Option<&Form>) -> Response {
    match refused {
        FormError::Expired => says(StatusCode::GONE, &Message::FormGone, form),
        FormError::Used => says(StatusCode::CONFLICT, &Message::FormUsed, form),
        FormError::TooOften => says(StatusCode::TOO_MANY_REQUESTS, &Message::FormTooOften, form),
        FormError::NotConfirmed => says(StatusCode::FORBIDDEN, &Message::FormNotConfirmed, form),
        FormError::Undelivered => says(StatusCode::SERVICE_UNAVAILABLE, &Message::OurTrouble, form),
    }
}

#[expect(clippy::result_large_err, reason = "an answer is made once a request, and lives as long")]
impl FormEndpoint {
    /// The form, if whoever asks may see it: a form of a Telegram chat only as a Mini App of that
    /// very person.
    fn form(&self, asked: &FormPost) -> Result<(Form, u64), Response> {
        let looked = self.forms.look(&asked.ticket).map_err(|why| refused(why, None))?;
        let (form, left) = looked;
        if let Some(vouch) = self.identity_verifiers.get(&form.channel)
            && vouch(&asked.init_data).as_ref() != Some(&form.person)
        {
            return Err(says(StatusCode::FORBIDDEN, &Message::FormElsewhere, Some(&form)));
        }
        Ok((form, left.as_secs()))
    }

    /// Whether the service itself says who has opened the form, so that nobody needs to be asked.
    fn is_vouched(&self, form: &Form) -> bool {
        self.identity_verifiers.contains_key(&form.channel)
    }

    /// The form, if whoever asks may fill it in. Counts the attempt.
    fn attempt(&self, asked: &FormPost) -> Result<Form, Response> {
        let (form, _) = self.form(asked)?;
        let (ticket, submission) = (&asked.ticket, &asked.submission);
        self.forms.count_check(ticket).map_err(|why| refused(why, Some(&form)))?;
        if !self.is_vouched(&form) {
            let is_confirmed = self.forms.is_confirmed(ticket, submission);
            is_confirmed.map_err(|why| refused(why, Some(&form)))?;
        }
        Ok(form)
    }

    async fn judge(&self, form: &Form, value: &str) -> Result<(), Response> {
        let checked = self.onboarding.check_pasted(form.kind, value).await;
        checked.map(|_| ()).map_err(|rejection| {
            let asked = Some(question_of(form.kind));
            let message = Message::Rejected { asked, rejection };
            says(StatusCode::UNPROCESSABLE_ENTITY, &message, Some(form))
        })
    }
}

/// Without the words of a refusal, which hold what was sent.
#[expect(clippy::result_large_err, reason = "an answer is made once a request, and lives as long")]
fn read(asked: Result<Json<FormPost>, JsonRejection>) -> Result<FormPost, Response> {
    asked.map(|Json(asked)| asked).map_err(|refusal| refusal.status().into_response())
}

fn value(form: &Form, asked: &FormPost) -> Zeroizing<String> {
    let mut lines = Zeroizing::new(String::new());
    for field in &form.fields.fields {
        if !lines.is_empty() {
            lines.push('\n');
        }
        if let Some(value) = asked.values.get(&field.id) {
            lines.extend(value.trim().chars().take(VALUE_MAX));
        }
    }
    lines
}

/// What the page shows first: the fields, or whose form it is and nothing else.
async fn open(
    State(door): State<Arc<FormEndpoint>>,
    asked: Result<Json<FormPost>, JsonRejection>,
) -> Result<Json<Value>, Response> {
    let (form, left_s) = door.form(&read(asked)?)?;
    if door.is_vouched(&form) {
        return Ok(shown(&form, left_s));
    }
    Ok(Json(json!({ "account": form.account, "asks": true, "locale": form.locale.code() })))
}

/// The reader says that the account is theirs.
async fn confirm(
    State(door): State<Arc<FormEndpoint>>,
    asked: Result<Json<FormPost>, JsonRejection>,
) -> Result<Json<Value>, Response> {
    let asked = read(asked)?;
    is_submission(&asked)?;
    let (form, left_s) = door.form(&asked)?;
    let confirmed = door.forms.confirm(&asked.ticket, &asked.submission);
    confirmed.map_err(|why| refused(why, Some(&form)))?;
    Ok(shown(&form, left_s))
}

/// The reader says that the account is not theirs.
async fn decline(
    State(door): State<Arc<FormEndpoint>>,
    asked: Result<Json<FormPost>, JsonRejection>,
) -> Result<Json<Value>, Response> {
    let asked = read(asked)?;
    let (form, _) = door.form(&asked)?;
    door.forms.decline(&asked.ticket).map_err(|why| refused(why, Some(&form)))?;
    Ok(Json(json!({ "text": messages::text(form.locale, &Message::FormClosed) })))
}

fn shown(form: &Form, left_s: u64) -> Json<Value> {
    let fields: Vec<Value> = (form.fields.fields.iter())
        .map(|it| json!({ "id": it.id, "label": it.label, "example": it.example }))
        .collect();
    Json(json!({
        "account": form.account, "title": form.fields.title, "fields": fields,
        "expires_in_s": left_s, "locale": form.locale.code(),
    }))
}

#[expect(clippy::result_large_err, reason = "an answer is made once a request, and lives as long")]
fn is_submission(asked: &FormPost) -> Result<(), Response> {
    match asked.submission.len() {
        SUBMISSION_MIN..=SUBMISSION_MAX => Ok(()),
        _ => Err(StatusCode::BAD_REQUEST.into_response()),
    }
}

async fn check(
    State(door): State<Arc<FormEndpoint>>,
    asked: Result<Json<FormPost>, JsonRejection>,
) -> Result<Json<Value>, Response> {
    let asked = read(asked)?;
    let form = door.attempt(&asked)?;
    door.judge(&form, &value(&form, &asked)).await?;
    let text = messages::text(form.locale, &Message::KeyAccepted);
    Ok(Json(json!({ "text": text })))
}

async fn submit(
    State(door): State<Arc<FormEndpoint>>,
    asked: Result<Json<FormPost>, JsonRejection>,
) -> Result<Json<Value>, Response> {
    let asked = read(asked)?;
    is_submission(&asked)?;
    // A form that was used is told apart from one that is being sent again below.
    let form = match door.attempt(&asked) {
        Ok(form) => {
            let value = value(&form, &asked);
            door.judge(&form, &value).await?;
            Some((form, value))
        }
        Err(answer) if answer.status() == StatusCode::CONFLICT => {
            door.forms.count_check(&asked.ticket).map_err(|why| refused(why, None))?;
            None
        }
        Err(answer) => return Err(answer),
    };
    let (form, value) =
        form.map_or((None, Zeroizing::default()), |(form, value)| (Some(form), value));
    match door.forms.submit(&asked.ticket, &asked.submission, value).await {
        Ok(()) => {
            let locale = form.map(|form| form.locale).unwrap_or_default();
            Ok(Json(json!({ "text": messages::text(locale, &Message::FormDone) })))
        }
        Err(why) => Err(refused(why, form.as_ref())),
    }
}
