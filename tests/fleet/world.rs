//! A controller and the routers of its sites, each a process of this very program in the lab's namespaces.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use gapura_lab::child::{Guarded, output_of};
use gapura_lab::clock::{Stopwatch, unix_seconds, wait_for};
use gapura_lab::traffic::{Knock, knock};
use gapura_lab::visit::Family;
use gapura_lab::{Lab, LabError, LabSpec, Ns, Room, Visitor, addr};
use serde_json::Value;

/// The site all routers of these tests serve.
pub const SITE: &str = "galeri";
/// Another site of the same controller.
pub const OTHER: &str = "telecenter";
/// How long anything may take that involves no waiting by design.
pub const SOON: Duration = Duration::from_secs(20);

const PORT: u16 = 8443;
const PROGRAM: &str = env!("CARGO_BIN_EXE_gapura");

const PLANS: &str = r#"
[[plan]]
id = "umum"
name = "Umum"
visit = { time = "2h" }

[[plan]]
id = "kuota"
name = "Kuota"
day = { bytes = { total = 2_000_000 } }

[[plan]]
id = "warga"
name = "Warga"
"#;

/// A site's document; open day and night.
pub fn site(name: &str) -> String {
    format!(
        r#"
name = "{name}"
kind = "gallery"
agency = "Diskominfo Sinjai"
regency = "sinjai"
contact = "Loket 1"
one-tap-plan = "umum"
staff-plan = "umum"
hours = {{ zone = "Asia/Makassar", always-open = true }}
ways = {{ one-tap = true, voucher = true, account = true, staff = true }}
uplink = {{ up = 1_000_000_000, down = 1_000_000_000 }}

[terms]
version = "2026-1"
effective = "2026-01-01"
text = {{ id = "Gunakan dengan sopan.", en = "Be kind." }}
"#
    )
}

/// A lab, a controller that knows two sites, and the router of the first (and of those that took its place).
pub struct World {
    router: Option<Guarded>,
    controller: Option<Guarded>,
    /// The directory of the router in service: each box has its own.
    pub router_dir: PathBuf,
    pub controller_dir: PathBuf,
    boxes: u32,
    /// More arguments for the router.
    pub arguments: Vec<String>,
    pub lab: Lab,
}

impl World {
    /// A controller on SQLite and its two sites; no router yet.
    pub fn furnished(name: &str, visitors: u16) -> Self {
        Self::furnished_on(name, visitors, None)
    }

    /// The same on another database.
    pub fn furnished_on(name: &str, visitors: u16, database: Option<&str>) -> Self {
        Self::furnished_with(name, visitors, database, "")
    }

    /// The same with more sections in the controller's file.
    pub fn furnished_with(name: &str, visitors: u16, database: Option<&str>, sections: &str) -> Self {
        let room = Room::enter().unwrap();
        let spec = LabSpec::new(format!("fl-{name}-{}", std::process::id()).parse().unwrap(), visitors);
        let lab = Lab::up(room, spec).unwrap();
        let controller_dir = lab.dir().join("ctl");
        let sqlite = format!("sqlite:{}", controller_dir.join("controller.db").display());
        let text = format!(
            "[controller]\nlisten = \"[::]:{PORT}\"\npublic_name = \"{}\"\ndata_dir = \"{}\"\ndatabase = \"{}\"\n\
             {sections}",
            addr::CTL.far4,
            controller_dir.join("data").display(),
            database.unwrap_or(&sqlite),
        );
        fs::write(controller_dir.join("controller.toml"), text).unwrap();
        let router_dir = lab.dir().join("gw");
        let mut world =
            Self { router: None, controller: None, router_dir, controller_dir, boxes: 0, arguments: Vec::new(), lab };
        world.start_controller();
        world.staff_with_file(&["plan", "set"], PLANS);
        world.staff_with_file(&["site", "set", SITE], &site("Galeri Internet Sinjai"));
        world.staff_with_file(&["site", "set", OTHER], &site("Telecenter Tellulimpoe"));
        world
    }

    /// The same with a router that was taken into the fleet and has its bundle in force.
    pub fn serving(name: &str, visitors: u16) -> Self {
        Self::furnished(name, visitors).with_router()
    }

    /// Takes a first router into the fleet.
    pub fn with_router(mut self) -> Self {
        self.unpack_router(&[]);
        self.start_router();
        self.approve();
        self.wait_until_serving();
        self
    }

    pub fn start_controller(&mut self) {
        let (dir, file) = (self.controller_dir.clone(), self.controller_dir.join("controller.toml"));
        let mut command = self.lab.ctl().command(PROGRAM);
        command.arg("controller").arg("--config").arg(file);
        let mut process = daemon(command, &dir.join("controller.log"));
        let door = SocketAddr::from((addr::CTL.far4, PORT));
        wait_for("the controller to listen", SOON, || {
            assert!(process.ended().is_none(), "{}", fs::read_to_string(dir.join("controller.log")).unwrap());
            let (seen, _) = self.lab.gw().run(|| Ok(knock(door, Duration::from_millis(200))))?;
            Ok((seen == Knock::Open).then_some(()))
        })
        .unwrap();
        self.controller = Some(process);
    }

    pub fn stop_controller(&mut self) {
        self.controller.take().unwrap().stop();
    }

    /// SIGKILL, as a power cut would end it.
    pub fn kill_controller(&mut self) {
        self.controller.take().unwrap().kill();
    }

    /// A new box for the site: an empty data directory and a fresh code in a file.
    pub fn unpack_router(&mut self, more: &[&str]) -> String {
        self.unpack_router_at(SITE, more)
    }

    /// The same for another site.
    pub fn unpack_router_at(&mut self, site: &str, more: &[&str]) -> String {
        let words: Vec<&str> = ["gateway", "code", "--site", site].into_iter().chain(more.iter().copied()).collect();
        let made = self.staff(&words);
        let code = made["code"].as_str().unwrap().to_owned();
        self.unpack_with(&code, &made);
        code
    }

    /// A new box that is given this code.
    pub fn unpack_with(&mut self, code: &str, made: &Value) {
        self.boxes += 1;
        self.router_dir = self.lab.dir().join("gw").join(format!("box{}", self.boxes));
        let dir = &self.router_dir;
        fs::create_dir(dir).unwrap();
        fs::write(dir.join("code"), format!("{code}\n")).unwrap();
        let text = format!(
            r#"
[gateway]
name = "unnamed"
data_dir = "{dir}/data"
run_dir = "{dir}/run"
devices = 1000
usage_interval = 1

[[lan]]
interface = "br-lan"
address = "{lan}/{bits}"

[uplink]
interfaces = ["wan0"]
probes = ["{probe}:80"]

[portal]
passwords_over_http = true

[dns]
upstreams = ["{dns}"]

[controller]
url = "{url}"
pin = "{pin}"
code_file = "{dir}/code"
"#,
            dir = dir.display(),
            lan = addr::LAN.0,
            bits = addr::LAN.1,
            probe = addr::server(3).0,
            dns = addr::DNS.0,
            url = made["controller"].as_str().unwrap(),
            pin = made["pin"].as_str().unwrap(),
        );
        fs::write(dir.join("gateway.toml"), text).unwrap();
    }

    pub fn start_router(&mut self) {
        let mut command = self.lab.gw().command(PROGRAM);
        command.arg("gateway").arg("--config").arg(self.router_dir.join("gateway.toml")).args(&self.arguments);
        self.router = Some(daemon(command, &self.router_dir.join("gateway.log")));
    }

    /// SIGTERM.
    pub fn stop_router(&mut self) {
        self.router.take().unwrap().stop();
    }

    /// SIGKILL, as a power cut would end it.
    pub fn kill_router(&mut self) {
        self.router.take().unwrap().kill();
    }

    /// Approves the one request that waits; the router's name.
    pub fn approve(&self) -> String {
        let id = self.wait_for_request();
        self.staff(&["gateway", "approve", &id])["gateway"].as_str().unwrap().to_owned()
    }

    /// The id of the one request that waits.
    pub fn wait_for_request(&self) -> String {
        self.wait("an enrolment request", SOON, || {
            let all = self.staff(&["gateway", "pending"]);
            let request = all.as_array().unwrap().iter().find(|one| one["state"] == "pending")?.clone();
            Some(request["id"].as_str().unwrap().to_owned())
        })
    }

    /// Until a bundle is in force, the time is known and the portal listens.
    pub fn wait_until_serving(&self) {
        self.wait_for_generation(1);
        self.wait("the controller's time", SOON, || (self.ctl(&["status"])["state"] == "serving").then_some(()));
        let portal = SocketAddr::from((addr::LAN.0, 8080));
        self.wait("the portal", SOON, || {
            let (seen, _) = self.lab.gw().run(|| Ok(knock(portal, Duration::from_millis(200)))).unwrap();
            (seen == Knock::Open).then_some(())
        });
    }

    /// Until the router serves this generation or a later one.
    pub fn wait_for_generation(&self, generation: u64) {
        self.wait(&format!("generation {generation}"), SOON, || {
            let now = self.try_ctl(&["status"]).ok()?["generation"].as_u64()?;
            (now >= generation).then_some(())
        });
    }

    /// Waits for a condition; a failure shows the router's and the controller's last words.
    pub fn wait<T>(&self, what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
        wait_for(what, limit, || Ok(look())).unwrap_or_else(|error| {
            panic!("{error}\n--- router\n{}\n--- controller\n{}", self.router_log(), self.controller_log())
        })
    }

    /// `gapura controller ... --json`, beside the server or without one.
    pub fn staff(&self, words: &[&str]) -> Value {
        self.try_staff(words, None).unwrap()
    }

    /// The same with `text` on standard input; what it says when it fails.
    pub fn try_staff(&self, words: &[&str], text: Option<&str>) -> Result<Value, LabError> {
        let mut command = self.lab.ctl().command(PROGRAM);
        command.arg("controller").args(words).arg("--config").arg(self.controller_dir.join("controller.toml"));
        let by: &[&str] = if words.contains(&"--by") { &[] } else { &["--by", "tester"] };
        command.args(by).arg("--json");
        Ok(serde_json::from_str(&output_of(command, text)?).unwrap())
    }

    /// The same with a document in a file.
    pub fn staff_with_file(&self, words: &[&str], document: &str) -> Value {
        self.try_staff_with_file(words, document).unwrap()
    }

    pub fn try_staff_with_file(&self, words: &[&str], document: &str) -> Result<Value, LabError> {
        let file = self.controller_dir.join("document.toml");
        fs::write(&file, document).unwrap();
        let file = file.display().to_string();
        let words: Vec<&str> = words.iter().copied().chain(["--file", &file]).collect();
        self.try_staff(&words, None)
    }

    /// `gapura ctl ... --json` on the router.
    pub fn ctl(&self, words: &[&str]) -> Value {
        self.try_ctl(words).unwrap()
    }

    pub fn try_ctl(&self, words: &[&str]) -> Result<Value, LabError> {
        let mut command = self.lab.gw().command(PROGRAM);
        command.arg("ctl").arg("--run-dir").arg(self.router_dir.join("run")).args(words).arg("--json");
        Ok(serde_json::from_str(&output_of(command, None)?).unwrap())
    }

    /// What the controller knows of the router called `name`.
    pub fn known(&self, name: &str) -> Value {
        let all = self.staff(&["gateway", "list"]);
        all.as_array().unwrap().iter().find(|one| one["gateway"] == name).unwrap().clone()
    }

    /// Codes of `count` vouchers of a plan at [`SITE`], in the hands of the router before this returns.
    pub fn vouchers(&self, plan: &str, count: u32, more: &[&str]) -> Vec<String> {
        let count = count.to_string();
        let words = ["voucher", "make", "--site", SITE, "--plan", plan, "--count", &count];
        let words: Vec<&str> = words.into_iter().chain(more.iter().copied()).collect();
        let made = self.staff(&words);
        self.wait_for_generation(made["published"][0]["generation"].as_u64().unwrap());
        made["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
    }

    /// Visits in the controller's log, earliest first.
    pub fn visits(&self) -> Vec<Value> {
        self.staff(&["usage"])["visits"].as_array().unwrap().clone()
    }

    /// Until the controller's log of visits is as wanted.
    pub fn wait_for_visits(&self, what: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        self.wait(what, SOON, || {
            let visits = self.visits();
            wanted(&visits).then_some(visits)
        })
    }

    /// Asks the gateways' API as the router itself would: its certificate, its key, another TLS client.
    pub fn api(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let identity = self.router_dir.join("data").join("identity");
        let mut command = self.lab.gw().command("curl");
        command.args(["-sS", "--insecure", "--max-time", "70", "-X", method, "-w", "\n%{http_code}"]);
        command.arg("--cert").arg(identity.join("certificate.pem")).arg("--key").arg(identity.join("key.pem"));
        if body.is_some() {
            command.args(["-H", "Content-Type: application/json", "--data-binary", "@-"]);
        }
        command.arg(format!("https://{}:{PORT}{path}", addr::CTL.far4));
        let text = body.map(Value::to_string);
        let answer = output_of(command, text.as_deref()).unwrap();
        let (body, status) = answer.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
    }

    /// The controller's database, while the controller works on it.
    pub fn database(&self) -> rusqlite::Connection {
        let database = rusqlite::Connection::open(self.controller_dir.join("controller.db")).unwrap();
        database.busy_timeout(SOON).unwrap();
        database
    }

    /// The router's ledger, while the router works on it.
    pub fn ledger(&self) -> rusqlite::Connection {
        let ledger = rusqlite::Connection::open(self.router_dir.join("data").join("ledger.sqlite")).unwrap();
        ledger.busy_timeout(SOON).unwrap();
        ledger
    }

    pub fn router_log(&self) -> String {
        fs::read_to_string(self.router_dir.join("gateway.log")).unwrap_or_default()
    }

    pub fn controller_log(&self) -> String {
        fs::read_to_string(self.controller_dir.join("controller.log")).unwrap_or_default()
    }

    /// A visitor who joined before.
    pub fn at(&self, number: u16) -> &Visitor {
        self.lab.visitor(number).unwrap()
    }

    /// Whether a connection of a visitor through the gate opens over this family, now.
    pub fn passes(&self, number: u16, family: Family) -> bool {
        passes(self.at(number).ns(), family)
    }

    /// Until packets of both families pass, or neither does; how long that took.
    pub fn until_packets(&self, number: u16, pass: bool) -> Duration {
        let watch = Stopwatch::start();
        self.wait(&format!("packets of visitor {number} to pass: {pass}"), SOON, || {
            Family::BOTH.iter().all(|family| self.passes(number, *family) == pass).then_some(())
        });
        watch.elapsed()
    }

    /// A visitor who has addresses of both families.
    pub fn visitor(&mut self, number: u16) -> &Visitor {
        let visitor = self.lab.visitor_mut(number).unwrap();
        if visitor.lease().is_err() {
            visitor.join(SOON).unwrap();
            visitor.ipv6(SOON).unwrap();
        }
        self.lab.visitor(number).unwrap()
    }
}

/// Whether a connection out of a visitor's namespace opens over this family, now.
pub fn passes(ns: &Ns, family: Family) -> bool {
    let to = SocketAddr::new(family.server(), addr::port::HTTPS);
    ns.run(|| Ok(knock(to, Duration::from_millis(150)))).unwrap().0 == Knock::Open
}

fn daemon(mut command: Command, log: &std::path::Path) -> Guarded {
    let file = File::options().create(true).append(true).open(log).unwrap();
    command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
    Guarded::start(command).unwrap()
}

/// Milliseconds since 1970, as the controller's database has them.
pub fn now_millis() -> i64 {
    unix_seconds() * 1000
}

/// Base64 (RFC 4648 section 4), as certificates and bundles have it.
pub fn from_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = ALPHABET.iter().position(|known| *known == letter).unwrap();
        bits = (bits << 6) | u32::try_from(value).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    bytes
}
