use std::io;

use tokio::time::sleep;

use super::*;

const ROOM: usize = 4 * 1024 * 1024;

/// So many pieces of so many bytes, each after a pause.
fn arriving(pieces: usize, bytes: usize, pause: Duration) -> Body {
    let pieces = futures::stream::iter(0..pieces).then(move |_| async move {
        sleep(pause).await;
        Ok::<_, io::Error>(Bytes::from(vec![b'x'; bytes]))
    });
    Body::from_stream(pieces)
}

async fn read_all(body: Body, bytes_max: usize) -> Result<Bytes, BodyFailure> {
    let mut held = BodyBudget::new(ROOM).begin();
    read(&HeaderMap::new(), body, bytes_max, &mut held).await
}

#[tokio::test(start_paused = true)]
async fn a_body_is_read_up_to_its_bound() {
    let steady = Duration::from_millis(1);
    let whole = read_all(arriving(10, 1000, steady), 10_000).await.unwrap();
    assert_eq!(whole.len(), 10_000);
    let longer = read_all(arriving(11, 1000, steady), 10_000).await;
    assert_eq!(longer, Err(BodyFailure::TooLarge));
    assert_eq!(read_all(Body::empty(), 0).await, Ok(Bytes::new()));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_says_too_much_is_refused_unread() {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_LENGTH, 1001.into());
    let never = Body::from_stream(futures::stream::pending::<io::Result<Bytes>>());
    let mut held = BodyBudget::new(ROOM).begin();
    assert_eq!(read(&headers, never, 1000, &mut held).await, Err(BodyFailure::TooLarge));
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_given_up_however_it_is_slow() {
    for (what, body) in [
        ("it stops", Body::from_stream(futures::stream::pending::<io::Result<Bytes>>())),
        ("it trickles", arriving(10_000, 1, Duration::from_secs(1))),
        (
            "it trickles after a fast start",
            Body::from_stream(
                arriving(1, ROOM / 2, Duration::ZERO)
                    .into_data_stream()
                    .chain(arriving(10_000, 1000, Duration::from_secs(1)).into_data_stream()),
            ),
        ),
    ] {
        let since = Instant::now();
        assert_eq!(read_all(body, ROOM).await, Err(BodyFailure::TooSlow), "{what}");
        assert!(since.elapsed() <= SLACK + Duration::from_secs(1), "{what}: {:?}", since.elapsed());
    }
    let slow_network = arriving(64, 64 * 1024, Duration::from_millis(120));
    assert!(read_all(slow_network, ROOM).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_holds_only_what_it_has_sent() {
    let budget = BodyBudget::new(ROOM);
    let held = budget.clone();
    let slow = tokio::spawn(async move {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, ROOM.into());
        let first = arriving(1, 1000, Duration::ZERO).into_data_stream();
        let body = Body::from_stream(first.chain(futures::stream::pending()));
        read(&headers, body, ROOM, &mut held.begin()).await
    });
    sleep(Duration::from_secs(1)).await;
    assert!(budget.free() >= ROOM - FIRST_BYTES);
    assert_eq!(slow.await.unwrap(), Err(BodyFailure::TooSlow));
    assert_eq!(budget.free(), ROOM);
}

#[tokio::test(start_paused = true)]
async fn time_spent_waiting_for_room_is_not_the_callers() {
    let budget = BodyBudget::new(ROOM);
    let others = budget.hold(ROOM).await.unwrap();
    let mut held = budget.begin();
    let (headers, body) = (HeaderMap::new(), arriving(8, 64 * 1024, Duration::from_millis(1)));
    let (read, ()) = tokio::join!(read(&headers, body, ROOM, &mut held), async move {
        sleep(SLACK * 3).await;
        drop(others);
    });
    assert_eq!(read.map(|whole| whole.len()), Ok(512 * 1024));
}

#[tokio::test]
async fn a_body_must_be_the_one_that_was_signed() {
    let pieces = || ["mi", "l", "k"].map(|piece| Ok::<_, io::Error>(Bytes::from(piece)));
    let body = |pieces: Vec<io::Result<Bytes>>| Body::from_stream(futures::stream::iter(pieces));
    let digest = BodyDigest::of(b"milk");
    let signed = checked(body(pieces().into()), digest);
    assert_eq!(read_all(signed, 10).await, Ok(Bytes::from("milk")));
    for pieces in [vec![], vec![Ok(Bytes::from("mil"))], vec![Ok(Bytes::from("milky"))]] {
        let forged = checked(body(pieces), digest);
        assert_eq!(read_all(forged, 10).await, Err(BodyFailure::Forged));
    }
    let broken = vec![Ok(Bytes::from("milk")), Err(io::ErrorKind::ConnectionReset.into())];
    assert_eq!(read_all(checked(body(broken), digest), 10).await, Err(BodyFailure::Broken));
}
