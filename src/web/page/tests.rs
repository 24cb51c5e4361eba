use axum::http::StatusCode;

use super::*;
use crate::messages::Locale;

const HTML: &str = "<style>p{}</style><p><script>let a = 1;</script>";

#[test]
fn nothing_runs_in_a_page_but_what_is_in_it() {
    let response = HtmlPage::new(HTML, texts::FORM, None).response();
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

#[test]
fn a_page_holds_its_texts_in_every_language() {
    let page = "<style></style><script type=\"application/json\" \
                id=\"texts\">{{texts}}</script><script></script>";
    for texts in [texts::FORM, texts::CHAT] {
        let html = HtmlPage::new(page, texts, None).html;
        let html = std::str::from_utf8(&html).unwrap();
        let inside = between(html, "id=\"texts\">", "</script>");
        let told: serde_json::Value = serde_json::from_str(inside).unwrap();
        for locale in Locale::ALL {
            for (name, words) in texts {
                assert_eq!(told[locale.code()][*name], words.said(locale));
            }
        }
    }
}

#[test]
fn a_script_asks_for_no_text_that_its_page_lacks() {
    let pages = [
        (include_str!("../pages/form.html"), texts::FORM),
        (include_str!("../pages/chat.html"), texts::CHAT),
    ];
    for (html, texts) in pages {
        assert_eq!(html.matches(TEXTS).count(), 1);
        let asked = html.match_indices("say.").filter_map(|(at, _)| {
            let name: String =
                html[at + 4..].chars().take_while(char::is_ascii_alphanumeric).collect();
            let is_whole = !html[..at].ends_with(|c: char| c.is_alphanumeric());
            (is_whole && !name.is_empty()).then_some(name)
        });
        let asked: std::collections::BTreeSet<_> = asked.collect();
        let told: std::collections::BTreeSet<_> =
            texts.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(asked, told);
    }
}
