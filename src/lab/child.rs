//! Processes of a lab: each in a group of its own, killed with its guard, and by the kernel when the lab dies.
//!
//! PR_SET_PDEATHSIG (through `setpriv`, which needs no unsafe code here) fires when the *thread* that forked ends, so
//! all children are forked by one thread that lives as long as the program.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::LabError;
use crate::clock::{Stopwatch, wait_for};

/// How long a child may take to end by itself after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(3);

/// A running child; dropped, it is told to stop, then killed, with everything in its process group.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    name: String,
    /// Waited for: its number may belong to somebody else by now.
    ended: Option<ExitStatus>,
}

impl Guarded {
    /// Starts `command` in a process group of its own, forked by the long-lived thread.
    /// The command should begin with [`dies_with_us`] so that the kernel kills it with us.
    pub fn start(mut command: Command) -> Result<Self, LabError> {
        let name = shown(&command);
        command.process_group(0);
        let child =
            spawn(command).map_err(|error| LabError::Program { program: name.clone(), detail: error.to_string() })?;
        Ok(Self { child, name, ended: None })
    }

    /// Process id: the program's own, since every wrapper before it replaces itself.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// SIGTERM, and SIGKILL three seconds later.
    pub fn stop(&mut self) {
        self.send(Signal::TERM);
        let watch = Stopwatch::start();
        while self.ended().is_none() && watch.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        self.kill();
    }

    /// SIGKILL to the whole group, as a power cut would; returns when the program is gone.
    pub fn kill(&mut self) {
        self.send(Signal::KILL);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus, LabError> {
        let name = self.name.clone();
        wait_for(&format!("the end of `{name}`"), limit, || Ok(self.ended()))
    }

    /// The child's pipes.
    pub fn child_mut(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends a signal to the whole group (its members may outlive the leader).
    pub fn send(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
            && let Err(error) = kill_process_group(group, signal)
        {
            tracing::trace!(program = %self.name, %error, "nobody left to signal");
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.stop();
        } else {
            self.send(Signal::KILL);
        }
    }
}

/// `setpriv --pdeathsig KILL`: what is appended dies with this program, however it dies.
pub fn dies_with_us() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    command
}

/// Runs `command` to its end; anything but exit 0 is an error with its own words. Returns standard output.
pub fn output_of(mut command: Command, input: Option<&str>) -> Result<String, LabError> {
    let name = shown(&command);
    let failed = |detail: String| LabError::Program { program: name.clone(), detail };
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(command).map_err(|error| failed(error.to_string()))?;
    if let (Some(text), Some(mut pipe)) = (input, child.stdin.take()) {
        io::Write::write_all(&mut pipe, text.as_bytes()).map_err(|error| failed(error.to_string()))?;
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    // Some programs say on standard output what went wrong.
    let said = if output.stderr.trim_ascii().is_empty() { &output.stdout } else { &output.stderr };
    Err(failed(format!("{}: {}", output.status, String::from_utf8_lossy(said).trim())))
}

/// A command line as a person would type it.
pub fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

type Order = (Command, SyncSender<io::Result<Child>>);

fn spawn(command: Command) -> io::Result<Child> {
    static NURSERY: OnceLock<SyncSender<Order>> = OnceLock::new();
    let gone = || io::Error::other("the thread that starts children is gone");
    let nursery = NURSERY.get_or_init(|| {
        let (sender, orders): (_, Receiver<Order>) = sync_channel(16);
        let started = thread::Builder::new().name("lab-nursery".into()).spawn(move || {
            for (mut command, reply) in orders {
                // A caller that went away has no use for the child: dropping the reply leaves it to its process group.
                let _ = reply.send(command.spawn());
            }
        });
        if let Err(error) = started {
            tracing::error!(%error, "cannot start the thread that starts children");
        }
        sender
    });
    let (reply, answer) = sync_channel(1);
    nursery.send((command, reply)).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}
