//! Where namespaces can be made: the machine's own (root), or a user namespace that an ordinary user opens.
//!
//! An ordinary user's program starts itself again inside `unshare --user --map-root-user --mount`: uid 0 there, a tmpfs
//! on /run so that `ip netns add` works, and no power over the machine. Its own network stays the machine's (without any
//! right to change it), so that a visitor's screen can be opened on the machine's loopback.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::mount::{MountFlags, mount};
use serde::{Deserialize, Serialize};

use crate::LabError;

const NETNS_DIR: &str = "/run/netns";
/// Says that /run is the tmpfs mounted here.
const OWN_RUN: &str = "/run/.gapura-lab";
/// Bits of `CapEff` in /proc/self/status.
const CAP_NET_ADMIN: u64 = 1 << 12;
const CAP_SYS_ADMIN: u64 = 1 << 21;

/// The kind of room this process is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Room {
    /// Root with CAP_NET_ADMIN and CAP_SYS_ADMIN: namespaces stand beside the machine's own.
    Machine,
    /// Inside a user namespace: everything vanishes with its last process.
    User,
}

impl Room {
    /// Makes sure that this process can make network namespaces where it stands.
    ///
    /// Call before any thread is started: in a user namespace it mounts a tmpfs on /run.
    /// [`LabError::NoRoom`] means: start again through [`Room::again`].
    pub fn enter() -> Result<Self, LabError> {
        let status = fs::read_to_string("/proc/self/status").map_err(LabError::io("read /proc/self/status"))?;
        let capabilities = status
            .lines()
            .find_map(|line| line.strip_prefix("CapEff:"))
            .and_then(|text| u64::from_str_radix(text.trim(), 16).ok())
            .unwrap_or_default();
        let wanted = CAP_NET_ADMIN | CAP_SYS_ADMIN;
        if capabilities & wanted != wanted {
            return Err(LabError::NoRoom("this process has neither CAP_NET_ADMIN nor CAP_SYS_ADMIN".into()));
        }
        let room = if Self::in_first_user_namespace() { Self::Machine } else { Self::User };
        if room == Self::User && !Path::new(OWN_RUN).exists() {
            // Even where the machine's /run could be written: what is mounted there must go with this process.
            mount("tmpfs", "/run", "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, Some(c"mode=0755"))
                .map_err(|errno| LabError::NoRoom(format!("cannot mount a tmpfs on /run: {errno}")))?;
            fs::write(OWN_RUN, []).map_err(LabError::io(format!("write {OWN_RUN}")))?;
        }
        fs::create_dir_all(NETNS_DIR).map_err(LabError::io(format!("create {NETNS_DIR}")))?;
        Ok(room)
    }

    /// Whether this process is in the machine's first user namespace, where uid 0 is root.
    pub fn in_first_user_namespace() -> bool {
        let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        let mut numbers = map.split_ascii_whitespace();
        (numbers.next(), numbers.next(), numbers.next()) == (Some("0"), Some("0"), Some("4294967295"))
    }

    /// The user's id outside of the user namespace this process may be in.
    pub fn outer_uid() -> u32 {
        let inner = rustix::process::geteuid().as_raw();
        let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        let outer = map.lines().find_map(|line| {
            let mut numbers = line.split_ascii_whitespace().map_while(|number| number.parse::<u32>().ok());
            let (first, outer, count) = (numbers.next()?, numbers.next()?, numbers.next()?);
            let nth = inner.checked_sub(first).filter(|nth| *nth < count)?;
            outer.checked_add(nth)
        });
        outer.unwrap_or(inner)
    }

    /// The command that runs `program` inside a new user and mount namespace, uid 0 there.
    pub fn again(program: impl Into<OsString>) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--"]).arg(program.into());
        command
    }

    /// Whether [`Room::again`] works on this machine; if not, exactly why.
    pub fn possible() -> Result<(), LabError> {
        let tried = Self::again("true").stdin(Stdio::null()).output();
        let said = match tried {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(LabError::Missing { program: "unshare", package: "util-linux" });
            }
            Err(error) => error.to_string(),
        };
        Err(LabError::NoRoom(format!("you are not root, and a user namespace was refused ({said}): {}", why_not())))
    }
}

/// The reasons known for a refused user namespace, read from the machine's own switches.
fn why_not() -> String {
    let number = |path: &str| fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok());
    if number("/proc/sys/user/max_user_namespaces") == Some(0) {
        return "sysctl user.max_user_namespaces is 0; run as root, or ask for user.max_user_namespaces=10000".into();
    }
    if number("/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        return "sysctl kernel.unprivileged_userns_clone is 0 (a Debian switch); run as root, or ask for \
                kernel.unprivileged_userns_clone=1"
            .into();
    }
    if number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        return "AppArmor refuses them (sysctl kernel.apparmor_restrict_unprivileged_userns is 1, Ubuntu's default); \
                run as root, or allow this program in an AppArmor profile"
            .into();
    }
    "no switch of the kernel says why; in a container its seccomp profile does: run as root with CAP_NET_ADMIN and \
     CAP_SYS_ADMIN"
        .into()
}
