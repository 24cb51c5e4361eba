use serde_json::json;

use super::*;
use crate::cloud::fly::tests::scripted_account::*;
use crate::cloud::{Cloud, FailureCause};

#[tokio::test(start_paused = true)]
async fn only_apps_with_our_id_in_name_and_network_are_found() {
    let ours = format!("textslash-{ID}");
    let apps = json!({"apps": [
        {"name": format!("ada-relay-{ID}"), "network": ours},
        {"name": format!("ada-vm-{ID}"), "network": ours},
        {"name": "solo-vm-zzzzzzzzzz", "network": "textslash-zzzzzzzzzz"},
        {"name": format!("eve-relay-{ID}"), "network": "default"},
        {"name": format!("eve-vm-{ID}"), "network": null},
        {"name": "eve-relay-yyyyyyyyyy", "network": ours},
        {"name": format!("eve-web-{ID}"), "network": ours},
        {"name": format!("relay-{ID}"), "network": ours},
        {"name": "blog", "network": "textslash-blog"},
    ]});
    let (_, account) = account_with(vec![
        ("GET /tokens/current", Ok((200, json!({"tokens": [{"org_slug": "ada"}]})))),
        ("GET /apps?org_slug=ada", Ok((200, apps))),
        ("GET /apps/ada-vm-0123456789/volumes", Ok((200, json!([{"region": "iad"}])))),
        (
            "GET /apps/ada-relay-0123456789/machines",
            Ok((
                200,
                json!([
                    {"config": {"metadata": {"textslash_channel": "discord"}}},
                    {"config": {"metadata": {
                        "textslash_deployment": ID,
                        "textslash_channel": "telegram",
                        "textslash_address": "@ada_bot",
                    }}},
                ]),
            )),
        ),
    ]);

    let found = account.find().await.unwrap();

    let spoken: Vec<_> =
        found.iter().map(|it| (it.spec.channel, it.spec.address.as_deref())).collect();
    assert_eq!(spoken, [(RelayChannel::Telegram, Some("@ada_bot")), (RelayChannel::Web, None)]);

    let summary: Vec<_> = found
        .iter()
        .map(|found| (found.spec.app(Role::Vm), found.roles.clone(), found.spec.regions.clone()))
        .collect();
    assert_eq!(
        summary,
        [
            (format!("ada-vm-{ID}"), vec![Role::Relay, Role::Vm], vec![region("iad")]),
            ("solo-vm-zzzzzzzzzz".to_owned(), vec![Role::Vm], vec![region("iad")]),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_found_before_every_organisation_was_read() {
    let nameless = || ("GET /tokens/current", Ok((200, json!({"tokens": [{}]}))));
    let list = "GET https://api.fly.io/api/v1/organizations";
    let apps =
        json!({"apps": [{"name": format!("ada-vm-{ID}"), "network": format!("textslash-{ID}")}]});
    let (_, account) = account_with(vec![
        nameless(),
        (list, Ok((200, json!({"organizations": [{"slug": "ada"}]})))),
        ("GET /apps?org_slug=ada", Ok((200, apps))),
    ]);
    assert_eq!(account.find().await.unwrap().len(), 1, "the list names what the token does not");

    for (answer, expected) in [
        ((200, json!({"organizations": []})), FailureCause::TokenRefused),
        ((503, json!({})), FailureCause::RetryLater { after_ms: None }),
    ] {
        let (_, account) = account_with(vec![nameless(), (list, Ok(answer))]);
        assert_eq!(account.find().await.unwrap_err().cause, expected);
    }
}
