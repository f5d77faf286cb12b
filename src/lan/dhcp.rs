//! Runs dnsmasq: one child, started again when it dies, stopped with us.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::checked::PlainPath;
use crate::dnsmasq::{LanError, LanPlan};

/// How to run our DHCP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhcpPlan {
    /// What it is told.
    pub lan: LanPlan,
    /// The program, `/usr/sbin/dnsmasq` on Debian.
    pub program: PathBuf,
    /// Where its configuration is written; names our instance among others.
    pub config: PlainPath,
    /// Where its process id is kept, so that a later run of ours finds it.
    pub pid: PlainPath,
}

/// How our DHCP server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DhcpState {
    /// Not wanted (the router's or a foreign server gives addresses).
    #[default]
    Off,
    /// Running under this process id.
    Running(u32),
    /// It died or cannot be started; it is tried again.
    Down,
}

/// Our DHCP server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DhcpError {
    /// The plan contradicts itself.
    #[error("the address plan is wrong: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Plan(Vec<LanError>),
    /// Its configuration cannot be written.
    #[error("cannot write {}; check its directory", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The program cannot be started.
    #[error("cannot start {}; is dnsmasq (dnsmasq-base) installed?", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It ended by itself.
    #[error("dnsmasq ended ({status}): {words}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// Its last words, without addresses.
        words: String,
    },
}

/// Keeps dnsmasq running by `plan` until `stop`, then stops it; `None` in the plan means that none is wanted. A changed plan
/// restarts it (leases are on disk). An instance left over from a killed daemon is taken out of the way first.
pub async fn serve_dhcp(
    mut plan: watch::Receiver<Option<DhcpPlan>>,
    state: watch::Sender<DhcpState>,
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let mut wait = LEAST_WAIT;
    loop {
        let wanted = plan.borrow_and_update().clone();
        let started = Instant::now();
        let end = match &wanted {
            None => {
                state.send_replace(DhcpState::Off);
                tokio::select! {
                    () = &mut stop => return,
                    changed = changed(&mut plan) => changed,
                }
                continue;
            }
            Some(wanted) => tokio::select! {
                end = run(wanted, &mut plan, &state, &mut stop) => end,
            },
        };
        match end {
            Ok(End::Stopped) => {
                state.send_replace(DhcpState::Off);
                return;
            }
            Ok(End::Changed) => continue,
            Err(error) => {
                state.send_replace(DhcpState::Down);
                wait = if started.elapsed() > STEADY { LEAST_WAIT } else { (wait * 2).min(MOST_WAIT) };
                tracing::warn!(error = %gapura_model::with_causes(&error), again_in_ms = wait.as_millis(), "visitors get no new addresses");
            }
        }
        tokio::select! {
            () = &mut stop => return,
            () = changed(&mut plan) => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

const LEAST_WAIT: Duration = Duration::from_millis(250);
const MOST_WAIT: Duration = Duration::from_secs(30);
/// A child that lived this long was no failure at start.
const STEADY: Duration = Duration::from_mins(1);
/// What a child gets to end by itself.
const GRACE: Duration = Duration::from_secs(2);

enum End {
    Stopped,
    Changed,
}

async fn run(
    plan: &DhcpPlan,
    changes: &mut watch::Receiver<Option<DhcpPlan>>,
    state: &watch::Sender<DhcpState>,
    stop: &mut (impl Future<Output = ()> + Unpin),
) -> Result<End, DhcpError> {
    let text = plan.lan.dnsmasq_config().map_err(DhcpError::Plan)?;
    write(plan.config.as_path(), &text)
        .map_err(|source| DhcpError::Write { path: plan.config.as_path().to_owned(), source })?;
    remove_leftover(plan).await;
    let mut child = start(plan)?;
    if let Some(pid) = child.id() {
        write(plan.pid.as_path(), &format!("{pid}\n"))
            .map_err(|source| DhcpError::Write { path: plan.pid.as_path().to_owned(), source })?;
        state.send_replace(DhcpState::Running(pid));
    }
    let mut words = VecDeque::new();
    let stderr = child.stderr.take();
    let end = {
        let mut listen = std::pin::pin!(listen(stderr, &mut words));
        let mut listening = true;
        loop {
            tokio::select! {
                () = &mut *stop => break Ok(End::Stopped),
                () = changed(changes) => break Ok(End::Changed),
                status = child.wait() => {
                    let _ = timeout(Duration::from_millis(200), async { if listening { listen.as_mut().await } }).await;
                    break Err(status);
                }
                () = &mut listen, if listening => listening = false,
            }
        }
    };
    match end {
        Ok(end) => {
            end_child(&mut child).await;
            Ok(end)
        }
        Err(status) => {
            let status = status.map_err(|source| DhcpError::Start { program: plan.program.clone(), source })?;
            Err(DhcpError::Ended { status, words: Vec::from(words).join(" | ") })
        }
    }
}

fn start(plan: &DhcpPlan) -> Result<Child, DhcpError> {
    Command::new(&plan.program)
        // The second one also stays whoever it is.
        .arg(if plan.lan.user.is_some() { "--keep-in-foreground" } else { "--no-daemon" })
        .arg(config_argument(plan))
        .arg("--log-facility=-")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(false)
        .spawn()
        .map_err(|source| DhcpError::Start { program: plan.program.clone(), source })
}

fn config_argument(plan: &DhcpPlan) -> String {
    format!("--conf-file={}", plan.config)
}

/// Hears what the child says: all of it at DEBUG (it holds addresses), the last lines kept without addresses.
async fn listen(stderr: Option<ChildStderr>, words: &mut VecDeque<String>) {
    let Some(stderr) = stderr else { return };
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::debug!(line, "dnsmasq");
        words.push_back(without_addresses(&line));
        if words.len() > 5 {
            words.pop_front();
        }
    }
}

async fn end_child(child: &mut Child) {
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::TERM);
    }
    if timeout(GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

/// Ends an instance of ours that outlived a killed daemon: the process in our pid file, if its command line names our
/// configuration. It went on lending addresses until now.
async fn remove_leftover(plan: &DhcpPlan) {
    let Ok(text) = std::fs::read_to_string(plan.pid.as_path()) else { return };
    let Some(pid) = text.trim().parse().ok().and_then(Pid::from_raw) else { return };
    let command = PathBuf::from(format!("/proc/{pid}/cmdline"));
    let ours = || {
        let argument = config_argument(plan);
        std::fs::read(&command)
            .is_ok_and(|line| line.split(|octet| *octet == 0).any(|word| word == argument.as_bytes()))
    };
    for signal in [Signal::TERM, Signal::KILL] {
        if !ours() {
            return;
        }
        tracing::info!("ending the DHCP server of an earlier run");
        let _ = kill_process(pid, signal);
        let gone = Instant::now() + GRACE;
        while ours() && Instant::now() < gone {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Waits for a change; for ever where nobody can make one any more.
async fn changed(plan: &mut watch::Receiver<Option<DhcpPlan>>) {
    if plan.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Readable for the user dnsmasq becomes; holds no secret.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("new");
    std::fs::write(&temporary, text)?;
    std::fs::rename(&temporary, path)
}

/// The line with every word that looks like an address taken out.
fn without_addresses(line: &str) -> String {
    let hide = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != ':');
        let digits = bare.bytes().filter(u8::is_ascii_digit).count();
        let address = bare.matches(':').count() >= 2 || (bare.matches('.').count() >= 3 && digits >= 4);
        if address { "[address]".to_owned() } else { word.to_owned() }
    };
    line.split_whitespace().map(hide).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_hold_no_address() {
        let line = "dnsmasq-dhcp: DHCPACK(br-lan) 10.20.0.7 02:00:00:00:00:01 fe80::1%br-lan failed: No such file";
        assert_eq!(
            without_addresses(line),
            "dnsmasq-dhcp: DHCPACK(br-lan) [address] [address] [address] failed: No such file"
        );
    }
}
