use std::path::Path;

use axum::http::Request;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::process::Command;

use super::*;
use crate::http::{HttpResponse, NetworkTransport, call};

async fn sandbox() -> Sandbox {
    let options = SandboxOptions {
        program: "/bin/sh".into(),
        extra_env: BTreeMap::new(),
        latency: Latency::NONE,
        lag: ReadLag::None,
    };
    Sandbox::start(options).await.unwrap()
}

fn url(sandbox: &Sandbox, name: &str) -> String {
    let urls = sandbox.base_urls();
    urls.into_iter().find(|(known, _)| *known == name).unwrap().1
}

async fn fly(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> HttpResponse {
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", url(sandbox, "FLY_API_URL")))
        .header("authorization", format!("FlyV1 {}", sandbox.fly_token()))
        .header("content-type", "application/json");
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let (network, deadline) = (NetworkTransport::new().unwrap(), Duration::from_secs(60));
    call(&network, request.body(body).unwrap(), deadline, 1 << 20).await.unwrap()
}

async fn deploy(sandbox: &Sandbox, script: &str) {
    let app = json!({ "name": "ada", "org_slug": "personal" });
    assert_eq!(fly(sandbox, "POST", "/apps", app).await.status, 201);
    let image = format!("ghcr.io/textslash/vm@sha256:{}", "1".repeat(64));
    let config = json!({ "image": image, "init": { "cmd": ["-c", script] } });
    let machine = json!({ "name": "vm", "config": config });
    let answer = fly(sandbox, "POST", "/apps/ada/machines", machine).await;
    assert_eq!(answer.status, 200);
    let machine: Value = serde_json::from_slice(&answer.body).unwrap();
    let id = machine["id"].as_str().unwrap();
    let wait = format!("/apps/ada/machines/{id}/wait?state=started&timeout=60");
    assert_eq!(fly(sandbox, "GET", &wait, Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_deployment_runs_until_the_sandbox_ends() {
    let sandbox = sandbox().await;
    deploy(&sandbox, "sleep 1000").await;
    let directory = sandbox.directory.clone();
    assert_eq!(sandbox.fly().runtime().running().len(), 1);

    let fly = sandbox.fly().clone();
    let remains = sandbox.stop().await;

    assert_eq!(remains.inventory.apps, ["ada"]);
    assert_eq!(remains.processes.len(), 1);
    assert_eq!(fly.runtime().running(), Vec::<String>::new());
    assert!(!Path::exists(&directory));
}

#[tokio::test]
async fn a_removed_deployment_leaves_nothing() {
    let sandbox = sandbox().await;
    deploy(&sandbox, "sleep 1000").await;
    assert_eq!(fly(&sandbox, "DELETE", "/apps/ada?force=true", Value::Null).await.status, 202);
    while fly(&sandbox, "GET", "/apps/ada", Value::Null).await.status != 404 {
        tokio::task::yield_now().await;
    }

    let remains = sandbox.stop().await;

    assert_eq!(remains, Leftovers { inventory: fly::nothing(), processes: Vec::new() });
}

/// The real agent against the simulated model: a turn with one tool use, and a later one that
/// remembers it.
#[tokio::test]
async fn claude_code_works_a_turn_with_a_tool_and_resumes_its_session() {
    let Ok(claude) = std::env::var("CLAUDE_BIN") else {
        println!("skipped: CLAUDE_BIN is not set, so the real Claude Code is not run");
        return;
    };
    let sandbox = sandbox().await;
    let directory = tempfile::tempdir().unwrap();
    let session = "57b58a33-0b28-4a4c-ace1-b9724932389e";
    let first = ["--session-id", session, "-p", "run: echo hi-$((20+3))"];
    let then = ["--resume", session, "-p", "what did I say first?"];

    let worked = run_claude(&sandbox, &claude, directory.path(), &first).await;
    let remembered = run_claude(&sandbox, &claude, directory.path(), &then).await;

    assert_eq!(worked, "The command answered:\nhi-23");
    assert_eq!(remembered, "You said first: run: echo hi-$((20+3))");
    assert_eq!(sandbox.anthropic().usage().refused, 0);
}

async fn run_claude(sandbox: &Sandbox, claude: &str, home: &Path, asked: &[&str]) -> String {
    let run = Command::new(claude)
        .args(["--output-format", "stream-json", "--verbose", "--allowedTools", "Bash"])
        .args(asked)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", home)
        .env("CLAUDE_CONFIG_DIR", home.join("config"))
        .env("ANTHROPIC_BASE_URL", url(sandbox, "ANTHROPIC_API_URL"))
        .env("ANTHROPIC_API_KEY", sandbox.model_key())
        .env("DISABLE_TELEMETRY", "1")
        .env("DISABLE_AUTOUPDATER", "1")
        .env("DISABLE_ERROR_REPORTING", "1")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .current_dir(home)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(60), run).await.unwrap().unwrap();
    let events = String::from_utf8(output.stdout).unwrap();
    let result = events
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|event| event["type"] == "result");
    let result = result.unwrap_or_else(|| panic!("no result among {events}"));
    assert_eq!(result["is_error"], false, "{result}");
    result["result"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_variable_for_a_program_is_one_word_to_a_shell() {
    let sandbox = sandbox().await;

    let urls = sandbox.base_urls().into_iter().map(|(_, url)| url);
    let credentials = [sandbox.fly_token().to_owned(), sandbox.model_key().to_owned()];
    for value in urls.chain(credentials) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/+=,{}".contains(c);
        assert!(!value.is_empty() && value.chars().all(is_plain), "{value}");
    }
    sandbox.stop().await;
}
