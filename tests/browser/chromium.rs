//! A visitor's browser: headless Chromium in the visitor's namespace, driven over WebDriver.
//!
//! A dozen commands of the WebDriver protocol (W3C WebDriver 2) are each one HTTP exchange with chromedriver on the
//! namespace's own loopback, which the lab's blocking client makes: no asynchronous client is needed. What WebDriver
//! cannot do (a phone's screen, whole pages as pictures, scripts off) goes through chromedriver's door to the DevTools.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gapura_lab::child::Guarded;
use gapura_lab::clock::wait_for;
use gapura_lab::http::{Request, exchange};
use gapura_lab::{LabError, Ns, Visitor};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// A command may take this long on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_mins(1);
/// A page may take this long to load, in milliseconds: less than a command may take.
const PAGE_MS: u64 = 40_000;
/// chromedriver's port; every visitor has a loopback of its own.
const PORT: u16 = 9515;
/// Presses of the Tab key that lead to anything on a page.
const MOST_TABS: u8 = 200;
/// What names an element in WebDriver (section 11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What is set in a browser, by its own settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Habits {
    /// As it comes.
    #[default]
    Plain,
    /// Neither JavaScript nor cookies.
    Bare,
    /// No JavaScript.
    WithoutScripts,
    /// Secure DNS: `automatic` or `secure`, and the providers' URI templates (RFC 8484), none for the network's own resolver.
    /// Providers' certificates are not looked at.
    SecureDns(&'static str, String),
}

/// A screen in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    pub(crate) name: &'static str,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) phone: bool,
}

/// The narrowest phone there is (WCAG 2.2 criterion 1.4.10).
pub(crate) const SMALL: Screen = Screen { name: "320", width: 320, height: 568, phone: true };
/// A phone of today.
pub(crate) const PHONE: Screen = Screen { name: "390", width: 390, height: 844, phone: true };
/// A PC of a gallery.
pub(crate) const DESKTOP: Screen = Screen { name: "desktop", width: 1280, height: 800, phone: false };
/// A screen of a command centre.
pub(crate) const WALL: Screen = Screen { name: "wall", width: 1920, height: 1080, phone: false };

/// A running browser; closed when dropped, with everything it started.
#[derive(Debug)]
pub(crate) struct Browser {
    ns: Ns,
    session: String,
    profile: PathBuf,
    driver: Guarded,
}

impl Browser {
    /// Starts one on a visitor's phone or PC.
    pub(crate) fn of(visitor: &Visitor, screen: Screen, habits: Habits) -> Self {
        Self::start(visitor.ns().handle(), visitor.dir(), screen, habits)
    }

    /// Starts one in a namespace, with its files in `dir`.
    pub(crate) fn start(ns: Ns, dir: &Path, screen: Screen, habits: Habits) -> Self {
        let profile = dir.join("chromium");
        fs::create_dir_all(&profile).unwrap();
        let log = File::create(dir.join("chromedriver.log")).unwrap();
        let mut command = ns.command("chromedriver");
        command.arg(format!("--port={PORT}")).env("HOME", dir).env("TMPDIR", dir).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let driver = Guarded::start(command).expect("chromedriver: sh deploy/dependencies.sh tests installs it");
        let mut browser = Self { ns, session: String::new(), profile, driver };
        wait_for("chromedriver", PATIENCE, || browser.ask("GET", "/status", None).map(Some)).unwrap();
        let session = browser.ask("POST", "/session", Some(capabilities(&browser.profile, habits))).unwrap();
        session["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        browser.use_screen(screen);
        browser
    }

    /// Shows everything as on this screen from now on.
    pub(crate) fn use_screen(&self, screen: Screen) {
        let Screen { width, height, phone, .. } = screen;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
        self.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": phone }));
    }

    /// Shows pages as on a phone whose owner likes them dark.
    pub(crate) fn prefer_dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Types an address and waits for the page.
    pub(crate) fn open(&self, url: &str) {
        self.command("POST", "/url", json!({ "url": url }));
    }

    /// Types an address that may not open; then the browser's own error, such as `ERR_NAME_NOT_RESOLVED`.
    pub(crate) fn try_open(&self, url: &str) -> Result<(), String> {
        let opened = self.session_command("POST", "/url", Some(json!({ "url": url })));
        opened.map(drop).map_err(|error| error.to_string())
    }

    /// The address shown.
    pub(crate) fn url(&self) -> String {
        self.read("/url").as_str().unwrap().to_owned()
    }

    /// The page's title.
    pub(crate) fn title(&self) -> String {
        self.read("/title").as_str().unwrap().to_owned()
    }

    /// The text of the first element that `css` selects, as rendered.
    pub(crate) fn text(&self, css: &str) -> String {
        let element = self.element(css);
        self.read(&format!("/element/{element}/text")).as_str().unwrap().to_owned()
    }

    /// The page's text, as rendered; read at once, since the browser may be about to show another page.
    pub(crate) fn words(&self) -> String {
        let words = self.measure("return document.body ? document.body.innerText : ''");
        // Some spaces are there to hold words together.
        words.as_str().unwrap().replace('\u{a0}', " ")
    }

    /// How many elements `css` selects.
    pub(crate) fn count(&self, css: &str) -> usize {
        let found = self.command("POST", "/elements", json!({ "using": "css selector", "value": css }));
        found.as_array().unwrap().len()
    }

    /// A property of an element, such as a field's `value`.
    pub(crate) fn property(&self, css: &str, name: &str) -> Value {
        let element = self.element(css);
        self.read(&format!("/element/{element}/property/{name}"))
    }

    /// Clicks an element that leads to another page, and waits for that page.
    pub(crate) fn press(&self, css: &str) {
        self.go_by(|| self.click(css));
    }

    /// Clicks an element where a finger would.
    pub(crate) fn click(&self, css: &str) {
        let element = self.element(css);
        self.command("POST", &format!("/element/{element}/click"), json!({}));
    }

    /// Follows the link that says `words`, and waits for the page it leads to.
    pub(crate) fn follow(&self, words: &str) {
        let wanted = json!({ "using": "partial link text", "value": words });
        let element = self.command("POST", "/element", wanted);
        let element = element[ELEMENT].as_str().unwrap().to_owned();
        self.go_by(|| drop(self.command("POST", &format!("/element/{element}/click"), json!({}))));
    }

    /// Does what leads to another page, and waits until that page is there, whole.
    fn go_by(&self, act: impl FnOnce()) {
        self.measure("document.documentElement.dataset.old = 'yes'");
        act();
        let there = "return document.readyState === 'complete' && !document.documentElement.dataset.old";
        wait_for("the next page", PATIENCE, || {
            // Between two pages there is nothing to ask, which is an error like any other.
            let body = json!({ "script": there, "args": [] });
            let seen = self.session_command("POST", "/execute/sync", Some(body))?;
            Ok((seen == true).then_some(()))
        })
        .unwrap();
    }

    /// Types into a field.
    pub(crate) fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.command("POST", &format!("/element/{element}/clear"), json!({}));
        self.command("POST", &format!("/element/{element}/value"), json!({ "text": text }));
    }

    /// Presses the Tab key.
    pub(crate) fn press_tab(&self) {
        self.press_key("\u{E004}");
    }

    /// Presses the Enter key where that leads to another page, and waits for that page.
    pub(crate) fn press_enter(&self) {
        self.go_by(|| self.press_key("\u{E007}"));
    }

    /// Presses the Tab key until the keyboard is at what `css` selects.
    pub(crate) fn tab_to(&self, css: &str) {
        for _ in 0..MOST_TABS {
            if self.measure(&format!("return document.activeElement.matches({})", json!(css))) == true {
                return;
            }
            self.press_tab();
        }
        panic!("the keyboard does not reach {css} on {}: {}", self.url(), self.words());
    }

    fn press_key(&self, key: &str) {
        let keys = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        self.command("POST", "/actions", json!({ "actions": [{ "type": "key", "id": "keys", "actions": keys }] }));
    }

    /// Runs a script of the test in the page (allowed whatever the page's own policy says) and returns its value.
    pub(crate) fn measure(&self, script: &str) -> Value {
        self.command("POST", "/execute/sync", json!({ "script": script, "args": [] }))
    }

    /// The same with a script that calls back when it is done.
    pub(crate) fn measure_slowly(&self, script: &str) -> Value {
        self.command("POST", "/execute/async", json!({ "script": script, "args": [] }))
    }

    /// The whole page as a PNG.
    pub(crate) fn picture(&self, screen: Screen) -> Vec<u8> {
        let size = self.devtools("Page.getLayoutMetrics", json!({}));
        let height = size["cssContentSize"]["height"].as_f64().unwrap().max(f64::from(screen.height));
        let clip = json!({ "x": 0, "y": 0, "width": screen.width, "height": height, "scale": 1 });
        let asked = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let shot = self.devtools("Page.captureScreenshot", asked);
        BASE64.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    /// The hosts of every request since it was last asked, by the browser's own network log.
    pub(crate) fn hosts(&self) -> BTreeSet<String> {
        let entries = self.command("POST", "/se/log", json!({ "type": "performance" }));
        let messages = entries.as_array().unwrap().iter().filter_map(|entry| entry["message"].as_str());
        let mut hosts = BTreeSet::new();
        for message in messages.map(|text| serde_json::from_str::<Value>(text).unwrap()) {
            let event = &message["message"];
            if event["method"] == "Network.requestWillBeSent" {
                let url = event["params"]["request"]["url"].as_str().unwrap();
                // Not `data:`, nor the pages that are part of the browser.
                if let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme))
                {
                    hosts.insert(rest.split('/').next().unwrap().to_owned());
                }
            }
        }
        hosts
    }

    /// A command of the DevTools protocol.
    pub(crate) fn devtools(&self, command: &str, params: Value) -> Value {
        self.command("POST", "/goog/cdp/execute", json!({ "cmd": command, "params": params }))
    }

    fn element(&self, css: &str) -> String {
        let found = self.session_command("POST", "/element", Some(json!({ "using": "css selector", "value": css })));
        let found = found.unwrap_or_else(|error| panic!("{css} on {}: {error}\n{}", self.url(), self.words()));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    fn read(&self, path: &str) -> Value {
        self.session_command("GET", path, None).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    fn command(&self, method: &'static str, path: &str, body: Value) -> Value {
        self.session_command(method, path, Some(body)).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn session_command(&self, method: &'static str, path: &str, body: Option<Value>) -> Result<Value, LabError> {
        self.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    fn ask(&self, method: &'static str, path: &str, body: Option<Value>) -> Result<Value, LabError> {
        let to = SocketAddr::from(([127, 0, 0, 1], PORT));
        let request = Request {
            method,
            host: format!("localhost:{PORT}"),
            path: path.to_owned(),
            headers: vec![("Content-Type".into(), "application/json; charset=utf-8".into())],
            body: body.map(|body| body.to_string()),
        };
        let reply = self.ns.run(|| exchange(to, None, &request, PATIENCE))?;
        let text = reply.text();
        let wrong = |detail: &str| LabError::Answer { what: "chromedriver".into(), detail: detail.to_owned() };
        let answer: Value = serde_json::from_str(&text).map_err(|_| wrong(&text))?;
        if reply.status == 200 { Ok(answer["value"].clone()) } else { Err(wrong(&format!("{:.400}", answer["value"]))) }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // A browser that does not listen any more is ended below.
            drop(self.session_command("DELETE", "", None));
        }
        self.driver.stop();
        for pid in running(&self.profile) {
            // Gone in the meantime is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The processes whose command line names this profile: the browser's own, and nobody else's.
fn running(profile: &Path) -> Vec<Pid> {
    let name = profile.to_string_lossy().into_owned();
    let ids = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let names_it = |id: &i32| {
        fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(&name))
    };
    ids.filter(names_it).filter_map(Pid::from_raw).collect()
}

/// What the browser should be like (WebDriver section 7, ChromeDriver's own options).
fn capabilities(profile: &Path, habits: Habits) -> Value {
    let mut arguments: Vec<String> = [
        "--headless",
        // The tests run as root, where Chromium's own sandbox cannot be built; its namespace is the test's.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-default-apps",
        "--hide-scrollbars",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    let (mut prefs, mut local_state) = (json!({}), json!({}));
    match habits {
        Habits::Plain => {}
        Habits::Bare => prefs = json!({ "profile.default_content_setting_values": { "javascript": 2, "cookies": 2 } }),
        Habits::WithoutScripts => prefs = json!({ "profile.default_content_setting_values": { "javascript": 2 } }),
        Habits::SecureDns(mode, templates) => {
            local_state = json!({ "dns_over_https.mode": mode, "dns_over_https.templates": templates });
            arguments.push("--ignore-certificate-errors".to_owned());
        }
    }
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        // A site's certificate in these tests is signed by nobody a browser knows.
        "acceptInsecureCerts": true,
        "timeouts": { "pageLoad": PAGE_MS, "script": PAGE_MS, "implicit": 0 },
        "goog:loggingPrefs": { "performance": "ALL" },
        "goog:chromeOptions": { "args": arguments, "prefs": prefs, "localState": local_state },
    } } })
}
