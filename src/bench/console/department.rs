//! A department with a year behind it: filled, served, and somebody of each role signed in.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use gapura_controller::Role;
use gapura_lab::LabError;
use gapura_lab::child::{Guarded, dies_with_us, output_of};
use gapura_lab::clock::{Stopwatch, wait_for};
use serde_json::Value;

use super::browser::{Door, NAME};
use super::{AGENCY, Year};
use crate::BenchError;
use crate::cli::note;
use crate::home::free_port;

const PATIENCE: Duration = Duration::from_mins(2);
/// Good for a bench that ends with its database.
const PASSWORD: &str = "kuda makan rumput laut";

/// A controller on one database.
#[derive(Debug)]
pub(super) struct Department {
    directory: PathBuf,
    program: PathBuf,
    console: SocketAddr,
    serving: Option<Guarded>,
}

impl Department {
    /// Writes its configuration.
    pub(super) fn new(directory: &Path, program: &Path, database: &str) -> Result<Self, BenchError> {
        fs::create_dir_all(directory.join("data"))
            .map_err(BenchError::io(format!("create {}", directory.display())))?;
        let (api, console) = (free_port()?, free_port()?);
        let text = format!(
            "[controller]\nlisten = \"{api}\"\npublic_name = \"{NAME}\"\ndata_dir = \"{}\"\ndatabase = \"{database}\"\n\n\
             [console]\nlisten = \"{console}\"\npublic_name = \"{NAME}\"\nzone = \"Asia/Makassar\"\n\n\
             # The whole year stays.\n[retention]\nvisits_days = 365\n",
            directory.join("data").display()
        );
        fs::write(directory.join("controller.toml"), text).map_err(BenchError::io("write controller.toml"))?;
        Ok(Self { directory: directory.to_owned(), program: program.to_owned(), console, serving: None })
    }

    /// Fills it, unless it was filled with the same year before; how long that took.
    pub(super) fn fill(&self, year: &Year) -> Result<Option<Duration>, BenchError> {
        let (stamp, wanted) = (self.directory.join("filled"), format!("{year:?}"));
        if fs::read_to_string(&stamp).is_ok_and(|known| known == wanted) {
            return Ok(None);
        }
        let (days, visits, seed) = (year.days.to_string(), year.visits.to_string(), year.seed.to_string());
        let watch = Stopwatch::start();
        let made = self.ask(&["sample", "--days", &days, "--visits", &visits, "--seed", &seed], None)?;
        let took = watch.elapsed();
        note(&format!("filled in {:.0} s: {made}", took.as_secs_f64()));
        fs::write(stamp, wanted).map_err(BenchError::io("note what was filled"))?;
        Ok(Some(took))
    }

    /// Starts it.
    pub(super) fn serve(&mut self) -> Result<Door, BenchError> {
        let log = self.directory.join("controller.log");
        let file = fs::File::create(&log).map_err(BenchError::io("create controller.log"))?;
        let copy = file.try_clone().map_err(BenchError::io("share controller.log"))?;
        let mut command = dies_with_us();
        command.arg(&self.program).args(["controller", "--config"]).arg(self.directory.join("controller.toml"));
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        let mut serving = Guarded::start(command)?;
        let console = self.console;
        wait_for("the console", PATIENCE, || {
            if let Some(status) = serving.ended() {
                return Err(LabError::answer("the controller", format!("it ended, {status}: see {}", log.display())));
            }
            Ok(std::net::TcpStream::connect(console).ok())
        })?;
        self.serving = Some(serving);
        let authority = fs::read(self.directory.join("data/fleet.pem")).map_err(BenchError::io("read fleet.pem"))?;
        Door::new(console, &authority)
    }

    /// Somebody of each role, signed in: the role's cookie.
    pub(super) fn people(&self, door: &Door) -> Result<BTreeMap<Role, String>, BenchError> {
        let mut cookies = BTreeMap::new();
        let run = std::process::id();
        for role in ROLES {
            let name = format!("ukur.{role}.{run}");
            let name = name.get(..name.len().min(32)).unwrap_or("ukur");
            let grant = if role == Role::AgencyOfficer { format!("{role}@agency:{AGENCY}") } else { role.to_string() };
            let arguments = ["admin", "create", "--name", name, "--title", "Pengukur", "--role", &grant];
            let made = self.ask(&arguments, Some(&format!("{PASSWORD}\n")))?;
            let address = made.get("totp").and_then(Value::as_str).unwrap_or_default().to_owned();
            let secret = address.split(['?', '&']).find_map(|part| part.strip_prefix("secret="));
            let mut browser = door.open(None)?;
            browser.sign_in(name, PASSWORD, secret)?;
            cookies.extend(browser.cookie.map(|cookie| (role, cookie)));
        }
        Ok(cookies)
    }

    /// `gapura controller ... --json`.
    pub(super) fn ask(&self, arguments: &[&str], input: Option<&str>) -> Result<Value, BenchError> {
        let mut command = Command::new(&self.program);
        command.arg("controller").args(arguments).arg("--config").arg(self.directory.join("controller.toml"));
        command.args(["--json", "--by", "bench"]);
        let text = output_of(command, input)?;
        let answer = serde_json::from_str(&text);
        Ok(answer.map_err(|error| LabError::answer("gapura controller", format!("{error}: {text:.200}")))?)
    }
}

/// Those who see pages, the one who may most first.
pub(super) const ROLES: [Role; 9] = [
    Role::Auditor,
    Role::NetworkAdmin,
    Role::SiteHead,
    Role::Helpdesk,
    Role::Clerk,
    Role::AgencyOfficer,
    Role::Investigator,
    Role::SopApprover,
    Role::SopEditor,
];
