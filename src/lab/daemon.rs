//! The lab with Gapura's own programs in it: a gateway, and a controller, as real processes of this very program.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use gapura_model::{VoucherCode, with_causes};
use serde_json::Value;

use crate::child::{Guarded, output_of};
use crate::clock::wait_for;
use crate::config::{self, Codes, SiteWish};
use crate::screen::{Behind, Screen};
use crate::traffic::{Knock, knock};
use crate::{Lab, LabError, Ns, addr};

mod office;
mod people;

use office::Office;
pub use people::SignIn;

/// How long a daemon may take to be ready.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where the gateway's portal listens, beside port 80's redirects.
pub const PORTAL: u16 = 8080;

/// A lab with a running site.
#[derive(Debug)]
pub struct Site {
    screens: Vec<Screen>,
    gateway: Guarded,
    office: Option<Office>,
    controller_url: Option<String>,
    program: PathBuf,
    run_dir: PathBuf,
    gateway_file: PathBuf,
    gateway_arguments: Vec<String>,
    gateway_dir: PathBuf,
    codes: Vec<Codes>,
    lab: Lab,
}

impl Site {
    /// Starts a controller, tells it about the site, and a gateway that enrols with it; returns when the gateway answers
    /// on its control socket, its portal listens and the site's bundle is in force. Without a controller
    /// ([`SiteWish::alone`]) the gateway reads the site from a file.
    pub fn start(lab: Lab, program: &Path, wish: &SiteWish) -> Result<Self, LabError> {
        let dir = wish.gateway_home.clone().unwrap_or_else(|| lab.dir().join("gw"));
        let run_dir = dir.join("run");
        for sub in ["data", "run"] {
            fs::create_dir_all(dir.join(sub)).map_err(LabError::io(format!("create {}/{sub}", dir.display())))?;
        }
        let office = if wish.alone { None } else { Some(Office::open(&lab, program, wish)?) };
        let gateway_file = dir.join("gateway.toml");
        let codes = match &office {
            Some(office) => office.codes.clone(),
            None => config::vouchers()?,
        };
        if office.is_none() {
            write(&dir.join("site.toml"), &config::site(wish)?)?;
        }
        let lines = office.as_ref().map(|office| office.gateway_lines.as_str());
        write(&gateway_file, &config::gateway(lab.spec(), &dir, wish, lines))?;
        let gateway = daemon(lab.gw(), program, ("gateway", &wish.gateway_arguments), &gateway_file, &dir)?;
        let program = program.to_owned();
        let mut site = Self {
            screens: Vec::new(),
            gateway,
            office,
            controller_url: None,
            program,
            run_dir,
            gateway_file,
            gateway_arguments: wish.gateway_arguments.clone(),
            gateway_dir: dir.clone(),
            codes,
            lab,
        };
        if let Some(office) = &site.office {
            office
                .approve(&mut site.gateway)
                .map_err(|error| LabError::answer(with_causes(&error), end_of(&dir.join("gateway.log"))))?;
            let to = SocketAddr::from((addr::CTL.far4, config::CONTROLLER_PORT));
            let pipe = Screen::pipe(site.lab.ctl(), to, 0)?;
            site.controller_url = Some(pipe.url().replace("http:", "https:"));
            site.screens.push(pipe);
        }
        site.wait_for_gateway()?;
        if wish.packs && site.office.is_some() {
            // Until then no name is answered.
            site.wait_for_lists()?;
        }
        let socket = site.run_dir.join("ctl.sock").display().to_string();
        site.lab.publish("ctl", socket)?;
        if let Some(url) = site.controller_url.clone() {
            site.lab.publish("controller", url)?;
        }
        Ok(site)
    }

    /// The lab.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// The lab, to let visitors join and leave.
    pub fn lab_mut(&mut self) -> &mut Lab {
        &mut self.lab
    }

    /// The last lines of the gateway's log.
    pub fn last_words(&self) -> String {
        end_of(&self.gateway_dir().join("gateway.log"))
    }

    /// The gateway's process, to signal it.
    pub fn gateway_mut(&mut self) -> &mut Guarded {
        &mut self.gateway
    }

    /// The controller's process.
    pub fn controller_mut(&mut self) -> Option<&mut Guarded> {
        self.office.as_mut().map(|office| &mut office.process)
    }

    /// What to open in a browser on the host for the controller.
    pub fn controller_url(&self) -> Option<&str> {
        self.controller_url.as_deref()
    }

    /// Vouchers to try, as they stand on paper.
    pub fn vouchers(&self) -> Vec<String> {
        let first = |codes: &Codes| codes.codes.first().map(|code| format!("{} ({})", code.grouped(), codes.plan));
        self.codes.iter().filter_map(first).collect()
    }

    /// Voucher `number` of a plan.
    pub fn code(&self, plan: &str, number: usize) -> Result<&VoucherCode, LabError> {
        let codes = self.codes.iter().find(|codes| codes.plan == plan);
        let code = codes.and_then(|codes| codes.codes.get(number));
        code.ok_or_else(|| LabError::Wrong(format!("the lab has no voucher {number} for {plan}")))
    }

    /// Starts the gateway again after it was killed.
    pub fn restart_gateway(&mut self) -> Result<(), LabError> {
        let arguments = self.gateway_arguments.clone();
        self.restart_gateway_with(&arguments)
    }

    /// The same with these arguments instead of those it was first started with.
    pub fn restart_gateway_with(&mut self, arguments: &[String]) -> Result<(), LabError> {
        self.gateway.stop();
        let dir = self.gateway_dir.clone();
        self.gateway = daemon(self.lab.gw(), &self.program, ("gateway", arguments), &self.gateway_file, &dir)?;
        self.wait_for_gateway()
    }

    /// Where the gateway's files are: `gateway.toml`, `site.toml`, `gateway.log`, `data` and `run`.
    pub fn gateway_dir(&self) -> PathBuf {
        self.gateway_dir.clone()
    }

    /// `gapura ctl ... --json` on the router.
    pub fn ctl(&self, arguments: &[&str]) -> Result<Value, LabError> {
        let mut command = self.lab.gw().command(&self.program);
        command.arg("ctl").arg("--run-dir").arg(&self.run_dir).args(arguments).arg("--json");
        json_of(&output_of(command, None)?)
    }

    /// `gapura controller ... --json` on the controller.
    pub fn staff(&self, arguments: &[&str]) -> Result<Value, LabError> {
        let office = self.office.as_ref();
        office.ok_or_else(|| LabError::Wrong("this lab has no controller".into()))?.desk().ask(arguments)
    }

    /// A door on 127.0.0.1 to what visitor `number` sees.
    pub fn screen(&mut self, number: u16, port: u16) -> Result<&Screen, LabError> {
        let visitor = self.lab.visitor(number)?;
        // Any address on port 80 leads to the portal before login; upstream's own shows it after.
        let behind = Behind { to: SocketAddr::new(addr::SERVER4, 80), host: addr::SERVER4.to_string() };
        let portal = self.portal(number)?;
        let (to, host) = portal.unwrap_or((behind.to, behind.host));
        let screen = Screen::open(visitor.ns(), Behind { to, host }, port)?;
        let url = screen.url();
        self.lab.publish(format!("visitor{number}"), url)?;
        self.screens.push(screen);
        self.screens.last().ok_or_else(|| LabError::Wrong("no screen".into()))
    }

    /// Where the 303 before login leads a visitor: address and the authority as the portal writes it.
    pub fn portal(&self, number: u16) -> Result<Option<(SocketAddr, String)>, LabError> {
        let visitor = self.lab.visitor(number)?;
        let request = crate::http::Request::get("neverssl.example", "/", crate::visit::PHONE);
        let reply = visitor.request(SocketAddr::new(addr::SERVER4, 80), &request)?;
        let Some((host, port, _)) = reply.header("location").and_then(crate::http::split_url) else { return Ok(None) };
        let to = visitor.resolve(&host, port, crate::visit::Family::V4)?;
        let authority = if port == 80 { host } else { format!("{host}:{port}") };
        Ok(Some((to, authority)))
    }

    /// Waits until the SOPs that come with Gapura are in force with their lists ([`SiteWish::packs`]).
    pub fn wait_for_lists(&self) -> Result<(), LabError> {
        wait_for("the lists in force", PATIENCE, || {
            let status = self.ctl(&["status"])?;
            let filter = status.get("filter").cloned().unwrap_or_default();
            if filter.get("index").is_none_or(Value::is_null) {
                return Err(LabError::answer("ctl status", format!("no lists yet: {filter}")));
            }
            Ok(Some(()))
        })
    }

    fn wait_for_gateway(&mut self) -> Result<(), LabError> {
        let log = self.gateway_dir.join("gateway.log");
        let portal = SocketAddr::from((addr::LAN.0, PORTAL));
        let (gateway, lab, program, run_dir) = (&mut self.gateway, &self.lab, &self.program, &self.run_dir);
        let ready = wait_for("the gateway to be ready", PATIENCE, || {
            if let Some(status) = gateway.ended() {
                return Ok(Some(Err(status)));
            }
            let mut command = lab.gw().command(program);
            command.arg("ctl").arg("--run-dir").arg(run_dir).args(["status", "--json"]);
            let status = json_of(&output_of(command, None)?)?;
            if status.get("generation").and_then(Value::as_u64) == Some(0) {
                return Err(LabError::answer("ctl status", format!("no bundle yet: {status}")));
            }
            let (seen, _) = lab.gw().run(|| Ok(knock(portal, Duration::from_millis(200))))?;
            Ok((seen == Knock::Open).then_some(Ok(())))
        });
        match ready {
            Ok(Ok(())) => Ok(()),
            Ok(Err(status)) => Err(LabError::Program {
                program: "gapura gateway".into(),
                detail: format!("{status}: {}", end_of(&log)),
            }),
            Err(LabError::Interrupted) => Err(LabError::Interrupted),
            Err(error) => Err(LabError::answer(error.to_string(), end_of(&log))),
        }
    }
}

/// A daemon of ours in a namespace, its words in `dir/NAME.log`.
fn daemon(
    ns: &Ns,
    program: &Path,
    (name, arguments): (&str, &[String]),
    config: &Path,
    dir: &Path,
) -> Result<Guarded, LabError> {
    let log = dir.join(format!("{name}.log"));
    let file = File::options()
        .create(true)
        .append(true)
        .open(&log)
        .map_err(LabError::io(format!("open {}", log.display())))?;
    let copy = file.try_clone().map_err(LabError::io("share a log"))?;
    let mut command = ns.command(program);
    command.arg(name).arg("--config").arg(config).args(arguments).stdin(Stdio::null()).stdout(file).stderr(copy);
    Guarded::start(command)
}

fn write(path: &Path, text: &str) -> Result<(), LabError> {
    fs::write(path, text).map_err(LabError::io(format!("write {}", path.display())))
}

fn json_of(text: &str) -> Result<Value, LabError> {
    serde_json::from_str(text).map_err(|error| LabError::answer("read JSON", format!("{error}: {text:.200}")))
}

/// The last lines of a log.
fn end_of(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(8)..).unwrap_or_default().join("\n")
}
