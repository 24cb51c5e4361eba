use axum::http::StatusCode;

use super::*;

const HTML: &str = "<style>p{}</style><p><script>let a = 1;</script>";

#[test]
fn nothing_runs_in_a_page_but_what_is_in_it() {
    let response = HtmlPage::new(HTML, None).response();
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers();
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    let script = STANDARD.encode(Sha256::digest(b"let a = 1;"));
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(policy.contains(&format!("script-src 'sha256-{script}'")), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
}
