use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt;

use super::*;
use crate::store;

async fn status(router: &Router, request: Request<Body>) -> StatusCode {
    router.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn the_bot_is_well_while_its_database_answers() {
    let dir = tempfile::tempdir().unwrap();
    let pool = store::open(&dir.path().join("bot.db"), &store::SCHEMA).await.unwrap();
    let router = router(Door { pool: pool.clone(), routes: Router::new(), forms: None });
    let get = |path| Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(status(&router, get("/health")).await, StatusCode::OK);
    assert_eq!(status(&router, get("/ready")).await, StatusCode::OK);
    pool.close().await;
    assert_eq!(status(&router, get("/ready")).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status(&router, get("/health")).await, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_no_webhook_sends_is_refused_unread() {
    let dir = tempfile::tempdir().unwrap();
    let pool = store::open(&dir.path().join("bot.db"), &store::SCHEMA).await.unwrap();
    let routes = Router::new().route("/hook", axum::routing::post(|body: String| async { body }));
    let router = router(Door { pool, routes, forms: None });
    let post = |bytes: usize| Request::post("/hook").body(Body::from("x".repeat(bytes))).unwrap();
    assert_eq!(status(&router, post(BODY_BYTES_MAX)).await, StatusCode::OK);
    assert_eq!(status(&router, post(BODY_BYTES_MAX + 1)).await, StatusCode::PAYLOAD_TOO_LARGE);
}
