//! `gapura ctl`: the control socket from the command line.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use gapura_model::{IfName, MacAddr, PlanId};

use super::{Answer, PATIENCE, Request, SOCKET, Severity, Who};

/// Asks the gateway on this router.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gapura ctl kick --mac 02:00:5e:10:00:01 --reason \"melewati waktu kelas\"")]
pub struct CtlArgs {
    /// Where the gateway made its control socket.
    #[arg(long, global = true, default_value = "/run/gapura", env = "GAPURA_RUN_DIR")]
    run_dir: PathBuf,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: CtlCommand,
}

/// What to ask.
#[derive(Debug, Subcommand)]
pub enum CtlCommand {
    /// How the gateway is: online, uplink, hours, generation, outbox, alerts.
    Status,
    /// Who is online.
    Sessions,
    /// Let a device in without a voucher.
    Admit {
        /// The device's MAC address.
        #[arg(long)]
        mac: MacAddr,
        /// Its visitor bridge, where there are several.
        #[arg(long)]
        lan: Option<IfName>,
        /// For how long at most, for example 30m or 2h.
        #[arg(long = "for", value_parser = duration)]
        time: Option<Duration>,
        /// Which plan.
        #[arg(long)]
        plan: Option<PlanId>,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Give a visit more time, never past closing.
    Extend {
        /// Which visit.
        #[command(flatten)]
        who: WhoArgs,
        /// How much more, for example 30m.
        #[arg(long = "by", value_parser = duration)]
        time: Duration,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// End a visit.
    Kick {
        /// Which visit.
        #[command(flatten)]
        who: WhoArgs,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Keep a device out; it sees a page that says so and whom to ask.
    Block {
        /// The device's MAC address.
        #[arg(long)]
        mac: MacAddr,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Let a blocked device try again.
    Unblock {
        /// The device's MAC address.
        #[arg(long)]
        mac: MacAddr,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Put a notice on every portal page; without a text, take it away.
    Notice {
        /// The text, in Indonesian.
        text: Option<String>,
        /// How serious it is.
        #[arg(long, value_enum, default_value = "info")]
        severity: SeverityArg,
        /// How long it stands, for example 6h.
        #[arg(long = "for", value_parser = duration, default_value = "24h")]
        time: Duration,
    },
    /// Open the gate for everybody (Buka darurat) for a stated time; 0s ends it.
    OpenInEmergency {
        /// How long, for example 6h.
        #[arg(long = "for", value_parser = duration)]
        time: Duration,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Close early or open outside the hours today; without either, take that back.
    Hours {
        /// Close in so long, for example 30m.
        #[arg(long, value_parser = duration)]
        close_in: Option<Duration>,
        /// Open now for so long, for example 2h.
        #[arg(long, value_parser = duration, conflicts_with = "close_in")]
        open_for: Option<Duration>,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Compare the kernel with what is wanted, and repair it.
    Reconcile,
    /// The signed heads of the controller's audit log that this router kept, for `gapura audit verify --anchor FILE`; with
    /// --json one a line.
    Anchors,
}

/// Which visit: by one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhoArgs {
    /// The device's MAC address.
    #[arg(long)]
    mac: Option<MacAddr>,
    /// The visit's short number, as the visitor's page shows it.
    #[arg(long)]
    visit: Option<String>,
}

/// How serious a notice is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SeverityArg {
    /// To know.
    Info,
    /// Take care.
    Waspada,
    /// Get ready.
    Siaga,
    /// Act now.
    Awas,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum CtlError {
    /// The socket is not there or not for us.
    #[error("no answer at {0}: is the gateway running, and are you root or its user?")]
    Connect(PathBuf, #[source] std::io::Error),
    /// It broke off.
    #[error("the gateway closed the connection")]
    Broken(#[source] std::io::Error),
    /// Not understood.
    #[error("the gateway's answer was not understood: gapura ctl and the gateway must be of one version")]
    Answer(#[source] serde_json::Error),
    /// The gateway said no.
    #[error("{0}")]
    Failed(String),
}

impl CtlArgs {
    /// Asks, and prints the answer on `out`.
    ///
    /// # Errors
    /// [`CtlError`] says what was tried and what to do.
    pub fn run(self, out: &mut dyn std::io::Write) -> Result<(), CtlError> {
        let lines = self.json && matches!(self.command, CtlCommand::Anchors);
        let value = ask(&self.run_dir.join(SOCKET), &self.command.request())?;
        if let (true, Some(all)) = (lines, value.as_array()) {
            return all.iter().try_for_each(|one| writeln!(out, "{one}").map_err(CtlError::Broken));
        }
        let text = if self.json { serde_json::to_string(&value) } else { serde_json::to_string_pretty(&value) };
        let text = text.map_err(CtlError::Answer)?;
        writeln!(out, "{text}").map_err(CtlError::Broken)
    }
}

/// One request over the control socket at `path`.
///
/// # Errors
/// [`CtlError`], the gateway's own refusal included.
pub fn ask(path: &std::path::Path, request: &Request) -> Result<serde_json::Value, CtlError> {
    let mut stream = UnixStream::connect(path).map_err(|error| CtlError::Connect(path.to_owned(), error))?;
    let text = serde_json::to_vec(request).map_err(CtlError::Answer)?;
    let mut reply = Vec::new();
    stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.write_all(&text))
        .and_then(|()| stream.shutdown(std::net::Shutdown::Write))
        .and_then(|()| stream.read_to_end(&mut reply))
        .map_err(CtlError::Broken)?;
    match serde_json::from_slice(&reply).map_err(CtlError::Answer)? {
        Answer::Done(value) => Ok(value),
        Answer::Failed(why) => Err(CtlError::Failed(why)),
    }
}

impl CtlCommand {
    fn request(self) -> Request {
        match self {
            Self::Status => Request::Status,
            Self::Sessions => Request::Sessions,
            Self::Admit { mac, lan, time, plan, reason } => {
                Request::Admit { mac, lan, seconds: time.map(|time| time.as_secs()), plan, reason }
            }
            Self::Extend { who, time, reason } => Request::Extend { who: who.who(), seconds: time.as_secs(), reason },
            Self::Kick { who, reason } => Request::Kick { who: who.who(), reason },
            Self::Block { mac, reason } => Request::Block { mac, reason },
            Self::Unblock { mac, reason } => Request::Unblock { mac, reason },
            Self::Notice { text, severity, time } => {
                Request::Notice { text, severity: severity.into(), seconds: time.as_secs() }
            }
            Self::OpenInEmergency { time, reason } => Request::OpenInEmergency { seconds: time.as_secs(), reason },
            Self::Hours { close_in, open_for, reason } => Request::Hours {
                close_in: close_in.map(|time| time.as_secs()),
                open_for: open_for.map(|time| time.as_secs()),
                reason,
            },
            Self::Reconcile => Request::Reconcile,
            Self::Anchors => Request::Anchors,
        }
    }
}

impl WhoArgs {
    fn who(self) -> Who {
        match (self.mac, self.visit) {
            (Some(mac), _) => Who::Mac(mac),
            (None, visit) => {
                let text = visit.unwrap_or_default();
                text.parse().map_or(Who::Short(text), Who::Visit)
            }
        }
    }
}

impl From<SeverityArg> for Severity {
    fn from(severity: SeverityArg) -> Self {
        match severity {
            SeverityArg::Info => Self::Info,
            SeverityArg::Waspada => Self::Waspada,
            SeverityArg::Siaga => Self::Siaga,
            SeverityArg::Awas => Self::Awas,
        }
    }
}

/// `90s`, `30m`, `2h`, `1d` or plain seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a length of time: write 90s, 30m, 2h or 1d");
    let (number, unit) = match text.char_indices().last().ok_or_else(wrong)? {
        (at, 's') => (text.get(..at), 1),
        (at, 'm') => (text.get(..at), 60),
        (at, 'h') => (text.get(..at), 3_600),
        (at, 'd') => (text.get(..at), 86_400),
        (_, _) => (Some(text), 1),
    };
    let number: u64 = number.and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    number.checked_mul(unit).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_hours(2)));
        for bad in ["", "h", "-1s", "2w", "99999999999999999999d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
