use super::*;

fn form(chat: &str) -> Form {
    Form {
        channel: "whatsapp".into(),
        chat: ChatId(chat.into()),
        person: UserId(chat.into()),
        account: "WhatsApp +49".into(),
        kind: SecretKind::FlyToken,
        fields: SecretForm { button: "Enter".into(), title: "Token".into(), fields: Vec::new() },
        locale: Locale::English,
    }
}

fn value() -> Zeroizing<String> {
    Zeroizing::new("secret".into())
}

/// Takes what is submitted, and counts it.
fn chat_that_takes(forms: &Forms) -> tokio::task::JoinHandle<(usize, usize)> {
    let mut submissions = forms.submissions("whatsapp");
    tokio::spawn(async move {
        let (mut filled, mut reused) = (0, 0);
        while let Some(FormSubmission { what, .. }) = submissions.recv().await {
            match what {
                SubmissionEvent::Filled { taken, .. } => {
                    filled += 1;
                    let _ = taken.send(());
                }
                SubmissionEvent::Reused => reused += 1,
                SubmissionEvent::Declined => {}
            }
        }
        (filled, reused)
    })
}

#[tokio::test(start_paused = true)]
async fn looking_uses_nothing_up_and_the_first_submission_does() {
    let forms = Forms::new(Random::seeded(1));
    let chat = chat_that_takes(&forms);
    let ticket = forms.open(form("ada"));
    for _ in 0..50 {
        assert!(forms.look(&ticket).is_ok());
    }
    assert_eq!(forms.submit(&ticket, "one", value()).await, Ok(()));
    assert_eq!(forms.look(&ticket).err(), Some(FormError::Used));
    // The phone lost the answer and asks again.
    assert_eq!(forms.submit(&ticket, "one", value()).await, Ok(()));
    // Somebody else has the link.
    assert_eq!(forms.submit(&ticket, "two", value()).await, Err(FormError::Used));
    drop(forms);
    assert_eq!(chat.await.unwrap(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_form_ends_with_its_time_its_question_and_its_successor() {
    let forms = Forms::new(Random::seeded(1));
    let old = forms.open(form("ada"));
    let new = forms.open(form("ada"));
    let other = forms.open(form("bob"));
    assert_eq!(forms.look(&old).err(), Some(FormError::Expired));
    assert!(forms.look(&new).is_ok());
    forms.close("whatsapp", &ChatId("ada".into()));
    assert_eq!(forms.look(&new).err(), Some(FormError::Expired));
    assert!(forms.look(&other).is_ok());
    tokio::time::advance(LIFETIME).await;
    assert_eq!(forms.look(&other).err(), Some(FormError::Expired));
    assert_eq!(forms.look("no ticket").err(), Some(FormError::Expired));
}

#[tokio::test(start_paused = true)]
async fn what_the_chat_did_not_take_can_be_submitted_again() {
    let forms = Forms::new(Random::seeded(1));
    let ticket = forms.open(form("ada"));
    assert_eq!(forms.submit(&ticket, "one", value()).await, Err(FormError::Undelivered));
    let silent = forms.submissions("whatsapp");
    assert_eq!(forms.submit(&ticket, "one", value()).await, Err(FormError::Undelivered));
    drop(silent);
    let chat = chat_that_takes(&forms);
    assert_eq!(forms.submit(&ticket, "one", value()).await, Ok(()));
    drop(forms);
    assert_eq!(chat.await.unwrap(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_guesser_is_stopped() {
    let forms = Forms::new(Random::seeded(1));
    let ticket = forms.open(form("ada"));
    for _ in 0..CHECKS_MAX {
        assert_eq!(forms.count_check(&ticket), Ok(()));
    }
    assert_eq!(forms.count_check(&ticket), Err(FormError::TooOften));
}

#[tokio::test(start_paused = true)]
async fn each_page_of_a_form_asks_its_reader_anew() {
    let forms = Forms::new(Random::seeded(1));
    let ticket = forms.open(form("ada"));
    let is_confirmed = |page: &str| forms.is_confirmed(&ticket, page);
    assert_eq!(is_confirmed("ada's phone"), Err(FormError::NotConfirmed));
    assert_eq!(forms.confirm(&ticket, "eve's phone"), Ok(()));
    assert_eq!(
        is_confirmed("ada's phone"),
        Err(FormError::NotConfirmed),
        "eve said yes for herself"
    );
    assert_eq!(forms.confirm(&ticket, "ada's phone"), Ok(()));
    assert_eq!(is_confirmed("ada's phone"), Ok(()));
    for nth in 0..CONFIRMED_MAX {
        assert_eq!(forms.confirm(&ticket, &format!("page {nth}")), Ok(()));
    }
    assert_eq!(is_confirmed("ada's phone"), Err(FormError::NotConfirmed));
    assert_eq!(is_confirmed("page 0"), Ok(()));
    assert_eq!(forms.confirm("no ticket", "page 0"), Err(FormError::Expired));
    assert_eq!(forms.is_confirmed("no ticket", "page 0"), Err(FormError::Expired));
}

#[tokio::test(start_paused = true)]
async fn a_form_that_is_declined_is_closed_and_its_chat_is_told() {
    let forms = Forms::new(Random::seeded(1));
    let mut submissions = forms.submissions("whatsapp");
    let ticket = forms.open(form("ada"));
    assert_eq!(forms.decline(&ticket), Ok(()));
    let told = submissions.recv().await.unwrap();
    assert_eq!(told.chat, ChatId("ada".into()));
    assert!(matches!(told.what, SubmissionEvent::Declined));
    assert_eq!(forms.look(&ticket).err(), Some(FormError::Expired));
    assert_eq!(forms.submit(&ticket, "one", value()).await, Err(FormError::Expired));
    assert_eq!(forms.decline(&ticket), Err(FormError::Expired));

    let ticket = forms.open(form("ada"));
    assert_eq!(forms.submit(&ticket, "one", value()).await, Err(FormError::Undelivered));
    assert_eq!(forms.decline(&ticket), Err(FormError::Used), "what was filled in stays so");
}
