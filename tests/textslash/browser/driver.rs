//! A browser, driven by the WebDriver protocol (<https://www.w3.org/TR/webdriver2/>).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longer than a busy machine takes for anything here.
const PATIENCE: Duration = Duration::from_secs(30);

/// What WebDriver calls the id of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window, of the size of a phone.
pub struct Browser {
    session: String,
    client: reqwest::Client,
    _driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// `None`, said aloud, where there is none on this machine.
    pub async fn start() -> Option<Self> {
        let named = |name| std::env::var(name).ok();
        let (Some(driver), Some(chromium)) = (named("CHROMEDRIVER_BIN"), named("CHROMIUM_BIN"))
        else {
            eprintln!("skipped: CHROMEDRIVER_BIN and CHROMIUM_BIN are not set");
            return None;
        };
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next_line().await.unwrap().expect("chromedriver ended");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let profile = tempfile::tempdir().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut browser = Self {
            session: format!("http://127.0.0.1:{port}/session"),
            client,
            _driver: driver,
            _profile: profile,
        };
        let profile = format!("--user-data-dir={}", browser._profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--lang=en",
            &profile,
        ];
        let phone = json!({
            "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0, "touch": true },
        });
        let options = json!({ "binary": chromium, "args": arguments, "mobileEmulation": phone });
        let asked = json!({
            "capabilities": { "alwaysMatch": {
                "goog:chromeOptions": options,
                "timeouts": { "script": PATIENCE.as_millis() as u64 },
            } },
        });
        let made = browser.post("", asked).await;
        browser.session = format!("{}/{}", browser.session, made["sessionId"].as_str().unwrap());
        Some(browser)
    }

    pub async fn opens(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }

    /// Makes the phone prefer German and dark colours.
    pub async fn prefers_german_and_dark(&self) {
        let agent = self.runs("return navigator.userAgent").await;
        let dark = json!({ "name": "prefers-color-scheme", "value": "dark" });
        let language = json!({ "userAgent": agent, "acceptLanguage": "de-DE" });
        self.devtools("Network.setUserAgentOverride", language).await;
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [dark] })).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        let asked = json!({ "cmd": command, "params": parameters });
        self.post("/goog/cdp/execute", asked).await;
    }

    pub async fn reloads(&self) {
        self.post("/refresh", json!({})).await;
    }

    /// Waits, in the page, until something that stands in it and is seen has this text.
    pub async fn reads(&self, text: &str) {
        let seen = "document.body.innerText.includes(arguments[0])";
        assert!(self.until(seen, &[text]).await, "{text:?} never stood in:\n{}", self.text().await);
    }

    /// Whether this comes true in the page before patience ends.
    pub async fn until(&self, condition: &str, arguments: &[&str]) -> bool {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             const ends = Date.now() + {};
             const look = () => ({condition}) ? done(true)
                 : Date.now() > ends ? done(false) : setTimeout(look, 20);
             look();",
            PATIENCE.as_millis() / 2
        );
        let asked = json!({ "script": script, "args": arguments });
        self.post("/execute/async", asked).await == json!(true)
    }

    /// What a script returns.
    pub async fn runs(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// All that is seen.
    pub async fn text(&self) -> String {
        let text = self.runs("return document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Types into the field that this selector finds.
    pub async fn types(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    pub async fn clicks(&self, selector: &str) {
        let element = self.element(selector).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    async fn element(&self, selector: &str) -> String {
        let asked = json!({ "using": "css selector", "value": selector });
        let found = self.post("/element", asked).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Leaves a picture of the screen where `SCREENSHOTS` says, if it does.
    pub async fn pictured(&self, name: &str) {
        let Ok(directory) = std::env::var("SCREENSHOTS") else { return };
        let answer = self.client.get(format!("{}/screenshot", self.session)).send().await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let picture = answer["value"].as_str().unwrap();
        let picture = base64::engine::general_purpose::STANDARD.decode(picture).unwrap();
        std::fs::write(Path::new(&directory).join(format!("{name}.png")), picture).unwrap();
    }

    /// Where the driver listens, and the path of the session there.
    fn place(&self) -> Option<(&str, &str)> {
        let place = self.session.strip_prefix("http://")?;
        Some(place.split_at(place.find('/')?))
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let asked = self.client.post(format!("{}{path}", self.session)).body(body.to_string());
        let answer = asked.send().await.unwrap();
        let status = answer.status();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert!(status.is_success(), "{path}: {answer}");
        answer["value"].clone()
    }
}

impl Drop for Browser {
    /// The browser ends with its session; killed, the driver would leave it running.
    fn drop(&mut self) {
        let Some((driver, session)) = self.place() else { return };
        let Ok(mut connection) = TcpStream::connect(driver) else { return };
        let request = format!(
            "DELETE {session} HTTP/1.1\r\nHost: {driver}\r\nConnection: close\r\nContent-Length: \
             0\r\n\r\n"
        );
        if connection.write_all(request.as_bytes()).is_ok() {
            // It answers when the browser is gone, and says nothing that matters.
            let _ = connection.set_read_timeout(Some(PATIENCE));
            let _ = connection.read(&mut [0; 512]);
        }
    }
}
