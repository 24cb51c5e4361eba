//! The relay's files and lines on a full disk.

use adapters::channel::{Channel, ChannelError};
use adapters::chat::{ChatId, InboundId, OutboundFile};
use adapters::web::WebChannel;
use adapters::web::client::{RelayLink, WebClient};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use textslash::relay::relay_store::{AcceptOutcome, NewInboxMessage, RelayStore};
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::{SmallDisk, names};
use crate::relay::{OWNER_KEY, serve, served_vm, until};

async fn upload(web: &std::sync::Arc<WebChannel>, bytes: usize) -> (StatusCode, String) {
    let request = Request::post("/chat/files")
        .header("authorization", format!("Bearer {OWNER_KEY}"))
        .body(Body::from(vec![7; bytes]))
        .unwrap();
    let answer = web.router().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn an_upload_is_kept_whole_or_refused_with_a_sentence() {
    let story = "relay::an_upload_is_kept_whole_or_refused_with_a_sentence";
    let Some(disk) = SmallDisk::mount(story, 12 * 1024) else { return };
    let ledger = RelayStore::open(&disk.at).await.unwrap();
    let web = WebChannel::new(OWNER_KEY.to_owned().into(), ledger);
    disk.fill();

    for size in [1, 700_000, 5_000_000] {
        let (status, told) = upload(&web, size).await;

        assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE, "{size}");
        assert!(told.contains("was not stored. Send"), "{told:?}");
        assert_eq!(names(&disk.at.join("posted")), [""; 0], "{size}");
    }

    disk.make_room();
    let (status, _) = upload(&web, 700_000).await;
    assert_eq!(status, StatusCode::OK);
    let posted = names(&disk.at.join("posted"));
    assert_eq!(posted.len(), 1);
    let kept = std::fs::read(disk.at.join("posted").join(&posted[0])).unwrap();
    assert!(kept == vec![7; 700_000], "harmed");
}

#[tokio::test]
async fn a_file_for_the_web_channel_is_sent_whole_or_refused() {
    let story = "relay::a_file_for_the_web_channel_is_sent_whole_or_refused";
    let Some(disk) = SmallDisk::mount(story, 4096) else { return };
    let ledger = RelayStore::open(&disk.at).await.unwrap();
    let web = WebChannel::new(OWNER_KEY.to_owned().into(), ledger);
    disk.fill();
    let file = OutboundFile {
        key: "1".into(),
        name: "report.pdf".into(),
        media_type: "application/pdf".into(),
        bytes: Bytes::from(vec![7; 700_000]),
        caption: String::new(),
    };

    let sent = web.send_file(&WebChannel::chat(), &file).await;

    assert!(matches!(sent, Err(ChannelError::Refused(_))), "{sent:?}");
    assert_eq!(names(&disk.at.join("posted")), [""; 0]);
}

#[tokio::test]
async fn a_line_is_on_disk_or_not_accepted() {
    let story = "relay::a_line_is_on_disk_or_not_accepted";
    let Some(disk) = SmallDisk::mount(story, 1024) else { return };
    let ledger = RelayStore::open(&disk.at).await.unwrap();
    disk.fill();
    disk.make_some_room(40_000);
    let text = "x".repeat(5_000);
    let chat = ChatId("chat".into());
    let ids: Vec<_> = (0..20).map(|n| InboundId(n.to_string())).collect();
    let line = |id| NewInboxMessage {
        id,
        chat: &chat,
        text: &text,
        file: None,
        citations: &[],
        digest: "text",
        turn: "t",
        is_command: false,
    };

    let mut accepted = 0;
    for id in &ids {
        match ledger.accept(line(id), 0).await {
            Ok(AcceptOutcome::Waiting { .. }) => accepted += 1,
            Ok(other) => panic!("{other:?}"),
            Err(_) => break,
        }
    }
    assert!(accepted < ids.len(), "the disk was not full");
    drop(ledger);
    disk.make_room();

    let ledger = RelayStore::open(&disk.at).await.unwrap();
    assert_eq!(ledger.waiting().await.unwrap(), i64::try_from(accepted).unwrap());
}

#[tokio::test]
async fn a_file_of_the_agent_that_does_not_fit_is_told_of() {
    let story = "relay::a_file_of_the_agent_that_does_not_fit_is_told_of";
    let Some(disk) = SmallDisk::mount(story, 8 * 1024) else { return };
    let vm_dir = tempfile::tempdir().unwrap();
    let vm_url = served_vm(vm_dir.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = format!("http://{}/chat#{OWNER_KEY}", listener.local_addr().unwrap());
    let client = WebClient::connect(RelayLink::parse(&link).unwrap());
    drop(RelayStore::open(&disk.at).await.unwrap());
    disk.fill();
    disk.make_some_room(1_000_000);

    let line = "mkdir outbox; head -c 3000000 /dev/zero >outbox/zeros.bin; echo made";
    let relay = serve(&disk.at, &vm_url, listener, Default::default(), async {
        client.say(line.to_owned().into()).await.unwrap();
        until(
            &client,
            "zeros.bin could not be sent: I have no room to store it. It stays on your machine in \
             sent/zeros.bin. Ask your agent for a smaller file.",
        )
        .await;
    });
    relay.await;

    assert_eq!(names(&disk.at.join("sending")), [""; 0]);
    let sent = vm_dir.path().join("workspace/sent/zeros.bin");
    assert_eq!(sent.metadata().unwrap().len(), 3_000_000);
}
