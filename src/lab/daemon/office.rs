//! The controller of the lab: started, told about the site, and asked to take the gateway into the fleet.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::{PATIENCE, daemon, end_of, json_of, write};
use crate::child::{Guarded, output_of};
use crate::clock::wait_for;
use crate::config::{self, Codes, SiteWish};
use crate::traffic::{Knock, knock};
use crate::{Lab, LabError, Ns, addr, lists};

/// Vouchers made for each plan.
const VOUCHERS: usize = 8;

/// How much of the made-up regency there is: enough for every page, and made within seconds.
const REGENCY: [&str; 6] = ["--days", "7", "--visits", "1200", "--seed", "1"];

/// A running controller that knows the lab's site.
#[derive(Debug)]
pub(super) struct Office {
    pub(super) process: Guarded,
    /// The lab's vouchers: the controller says their codes once.
    pub(super) codes: Vec<Codes>,
    /// `[controller]` of the gateway's file.
    pub(super) gateway_lines: String,
    desk: Desk,
    /// Plays the routers of the made-up regency, where there is one.
    _regency: Option<Guarded>,
}

/// The controller's command line.
#[derive(Debug)]
pub(super) struct Desk {
    ns: Ns,
    program: PathBuf,
    file: PathBuf,
}

impl Desk {
    /// `gapura controller ... --json`, on the controller's machine, beside the running server; without `--by` it is the lab.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<Value, LabError> {
        self.run(arguments, None)
    }

    /// The same, with something on its standard input.
    pub(super) fn tell(&self, arguments: &[&str], input: &str) -> Result<Value, LabError> {
        self.run(arguments, Some(input))
    }

    /// The made-up regency goes on, beside the running server, for as long as the lab stands.
    fn play(&self, dir: &Path) -> Result<Guarded, LabError> {
        let log = fs::File::create(dir.join("regency.log")).map_err(LabError::io("create regency.log"))?;
        let copy = log.try_clone().map_err(LabError::io("share regency.log"))?;
        let mut command = self.ns.command(&self.program);
        command.args(["controller", "sample", "--play"]).args(REGENCY).arg("--config").arg(&self.file);
        command.stdin(std::process::Stdio::null()).stdout(log).stderr(copy);
        Guarded::start(command)
    }

    fn run(&self, arguments: &[&str], input: Option<&str>) -> Result<Value, LabError> {
        let mut command = self.ns.command(&self.program);
        command.arg("controller").args(arguments).arg("--config").arg(&self.file).arg("--json");
        if !arguments.contains(&"--by") {
            command.args(["--by", "lab"]);
        }
        json_of(&output_of(command, input)?)
    }
}

impl Office {
    /// Starts it and writes plans, site, vouchers and an enrolment code.
    pub(super) fn open(lab: &Lab, program: &Path, wish: &SiteWish) -> Result<Self, LabError> {
        let dir = lab.dir().join("ctl");
        fs::create_dir_all(dir.join("data")).map_err(LabError::io("create the controller's directory"))?;
        let file = dir.join("controller.toml");
        let lists = if wish.packs { Some(lists::write(&dir)?) } else { None };
        write(&file, &config::controller(&dir, lists.as_deref()))?;
        let desk = Desk { ns: lab.ctl().handle(), program: program.to_owned(), file: file.clone() };
        if wish.regency {
            desk.ask(&[&["sample"][..], &REGENCY].concat())?;
        }
        let mut process = daemon(lab.ctl(), program, ("controller", &[]), &file, &dir)?;
        let door = SocketAddr::from((addr::CTL.far4, config::CONTROLLER_PORT));
        let ready = wait_for("the controller to listen", PATIENCE, || {
            if let Some(status) = process.ended() {
                return Ok(Some(Err(status)));
            }
            let (seen, _) = lab.gw().run(|| Ok(knock(door, Duration::from_millis(200))))?;
            Ok((seen == Knock::Open).then_some(Ok(())))
        })?;
        ready.map_err(|status| LabError::Program {
            program: "gapura controller".into(),
            detail: format!("{status}: {}", end_of(&dir.join("controller.log"))),
        })?;
        let (plans, site) = (dir.join("plans.toml"), dir.join("site.toml"));
        write(&plans, &config::plan_file(wish)?)?;
        write(&site, &config::site_document(wish)?)?;
        desk.ask(&["plan", "set", "--file", &plans.to_string_lossy()])?;
        desk.ask(&["site", "set", config::SITE, "--file", &site.to_string_lossy()])?;
        // The made-up regency has them in force since its first day.
        if wish.packs && !wish.regency {
            desk.ask(&["sop", "packs", "--publish"])?;
        }
        let mut codes = Vec::new();
        for plan in config::VOUCHER_PLANS {
            codes.push(Codes { plan, codes: vouchers(&desk, plan)? });
        }
        let code = desk.ask(&["gateway", "code", "--site", config::SITE])?;
        let of = |key: &str| {
            let text = code.get(key).and_then(Value::as_str);
            text.ok_or_else(|| LabError::answer("gateway code", format!("no `{key}` in {code}")))
        };
        let regency = if wish.regency { Some(desk.play(&dir)?) } else { None };
        let code_file = lab.dir().join("gw").join("code");
        write(&code_file, &format!("{}\n", of("code")?))?;
        let gateway_lines = format!(
            "url = \"{}\"\npin = \"{}\"\ncode_file = \"{}\"\n",
            of("controller")?,
            of("pin")?,
            code_file.display()
        );
        Ok(Self { process, codes, gateway_lines, desk, _regency: regency })
    }

    /// Approves the request of `gateway` as soon as it has come.
    pub(super) fn approve(&self, gateway: &mut Guarded) -> Result<(), LabError> {
        let id = wait_for("the gateway's enrolment request", PATIENCE, || {
            if let Some(status) = gateway.ended() {
                return Ok(Some(Err(status)));
            }
            let all = self.desk.ask(&["gateway", "pending"])?;
            let is = |one: &Value, key: &str, value| one.get(key).and_then(Value::as_str) == Some(value);
            // Others may wait in the regency beside.
            let waits = |one: &&Value| is(one, "state", "pending") && is(one, "site", config::SITE);
            let request = all.as_array().into_iter().flatten().find(waits).and_then(|one| one.get("id")?.as_str());
            Ok(request.map(|id| Ok(id.to_owned())))
        })?;
        let id = id.map_err(|status| LabError::answer("gapura gateway", format!("it ended: {status}")))?;
        self.desk.ask(&["gateway", "approve", &id, "--name", config::GATEWAY]).map(drop)
    }

    /// Its command line.
    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }
}

fn vouchers(desk: &Desk, plan: &str) -> Result<Vec<gapura_model::VoucherCode>, LabError> {
    let made =
        desk.ask(&["voucher", "make", "--site", config::SITE, "--plan", plan, "--count", &VOUCHERS.to_string()])?;
    let codes = made.get("codes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let codes: Result<Vec<_>, _> = codes.map(str::parse::<gapura_model::VoucherCode>).collect();
    codes.map_err(|error| LabError::answer("voucher make", error.to_string()))
}
