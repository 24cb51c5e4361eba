use http::Request;

use super::*;

fn head(method: &str, uri: &str) -> Parts {
    Request::builder().method(method).uri(uri).body(()).unwrap().into_parts().0
}

#[test]
fn the_vendors_own_methods_pass() {
    for (method, path, passes) in [
        ("POST", "/v1/messages", VendorMethod::CreateMessage),
        ("POST", "/v1/messages?beta=true", VendorMethod::CreateMessage),
        ("POST", "/v1/messages/count_tokens", VendorMethod::CountTokens),
        ("POST", "/v1/messages/count_tokens?beta=true", VendorMethod::CountTokens),
        ("GET", "/v1/models", VendorMethod::ReadModels),
        ("GET", "/v1/models?limit=20", VendorMethod::ReadModels),
        ("GET", "/v1/models/claude-opus-5-5", VendorMethod::ReadModels),
        ("GET", "/v1/models/claude-3.5_x", VendorMethod::ReadModels),
    ] {
        assert_eq!(VendorMethod::of(&head(method, path)), Ok(passes), "{method} {path}");
    }
}

#[test]
fn another_http_method_is_not_allowed() {
    let others = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"];
    for method in others {
        for path in ["/v1/messages", "/v1/messages/count_tokens"] {
            let refused = VendorMethod::of(&head(method, path));
            assert_eq!(refused, Err(StatusCode::METHOD_NOT_ALLOWED), "{method} {path}");
        }
    }
    for method in ["POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        for path in ["/v1/models", "/v1/models/claude-opus-5-5"] {
            let refused = VendorMethod::of(&head(method, path));
            assert_eq!(refused, Err(StatusCode::METHOD_NOT_ALLOWED), "{method} {path}");
        }
    }
}

#[test]
fn no_other_path_and_no_other_spelling_passes() {
    for path in [
        "/",
        "//",
        "/v1",
        "/v1/",
        "/v1/messages/",
        "//v1/messages",
        "/v1//messages",
        "/V1/messages",
        "/v1/Messages",
        "/v1/messages;a=b",
        "/v1/messages/batches",
        "/v1/messages/..",
        "/v1/messages/../files",
        "/v1/messages/./",
        "/v1/models/..",
        "/v1/models/../messages",
        "/v1/models/..%2ffiles",
        "/v1/models/%2e%2e/files",
        "/v1/models/a/b",
        "/v1/models/a%2fb",
        "/v1/models/a%00",
        "/v1/models/",
        "/v1/models/.",
        "/v1%2fmessages",
        "/v1/messages%2f",
        "/v1/messages%3f",
        "/%76%31/messages",
        "/v1/files",
        "/v1/organizations/users",
        "/v1/complete",
        "/model/v1/messages",
        "http://api.anthropic.com/v1/messages",
        "https://evil.example/v1/messages",
    ] {
        for method in ["GET", "POST"] {
            let refused = VendorMethod::of(&head(method, path));
            assert_eq!(refused, Err(StatusCode::NOT_FOUND), "{method} {path}");
        }
    }
    let long = format!("/v1/models/{}", "a".repeat(MODEL_BYTES_MAX + 1));
    assert_eq!(VendorMethod::of(&head("GET", &long)), Err(StatusCode::NOT_FOUND));
}

#[test]
fn no_tunnel_and_no_other_protocol_is_opened() {
    let connect = head("CONNECT", "api.anthropic.com:443");
    assert_eq!(VendorMethod::of(&connect), Err(StatusCode::NOT_FOUND));
    for protocol in ["websocket", "h2c"] {
        let mut upgrade = head("POST", "/v1/messages");
        upgrade.headers.insert(UPGRADE, protocol.parse().unwrap());
        let refused = VendorMethod::of(&upgrade);
        assert_eq!(refused, Err(StatusCode::METHOD_NOT_ALLOWED), "{protocol}");
    }
}
