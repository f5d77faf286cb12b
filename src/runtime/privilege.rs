//! Giving up root, for systems whose service manager does not do it.

use std::fs;
use std::io;

use rustix::process::{Gid, Uid, geteuid};
use rustix::thread as caps;
use rustix::thread::{CapabilitySet, CapabilitySets};

/// What a gateway needs and nothing else: nftables and tc, ports below 1024, raw sockets.
const KEPT: CapabilitySet =
    CapabilitySet::NET_ADMIN.union(CapabilitySet::NET_BIND_SERVICE).union(CapabilitySet::NET_RAW);

/// Privileges could not be given up; the process must not go on.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    /// Credentials belong to a thread in Linux, so they must be given up before there are two.
    #[error("privileges must be given up before any thread is started; {0} are running")]
    Threads(usize),
    /// The list of users or of our threads cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The user does not exist.
    #[error("there is no user \"{0}\"; create it (adduser --system {0}) or name another in the configuration")]
    NoUser(String),
    /// The kernel refused a step.
    #[error("cannot {step} on the way to user \"{user}\"; in a user namespace that user must be mapped")]
    Refused {
        /// The user to become.
        user: String,
        /// What was tried.
        step: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Becomes `user` for good, keeping only CAP_NET_ADMIN, CAP_NET_BIND_SERVICE and CAP_NET_RAW (also for children: ambient).
///
/// Does nothing and returns `false` when not started as root: the service manager has done it already. Must be called
/// before any thread is started (so before the tokio runtime).
pub fn drop_privileges(user: &str) -> Result<bool, DropError> {
    if !geteuid().is_root() {
        return Ok(false);
    }
    let path = "/proc/self/task";
    let threads = fs::read_dir(path).map_err(|source| DropError::Read { path, source })?.count();
    if threads > 1 {
        return Err(DropError::Threads(threads));
    }
    let path = "/etc/passwd";
    let users = fs::read_to_string(path).map_err(|source| DropError::Read { path, source })?;
    let (uid, gid) = find_user(&users, user).ok_or_else(|| DropError::NoUser(user.to_owned()))?;
    become_user(uid, gid).map(|()| true).map_err(|(step, source)| DropError::Refused {
        user: user.to_owned(),
        step,
        source: source.into(),
    })
}

fn become_user(uid: Uid, gid: Gid) -> Result<(), (&'static str, rustix::io::Errno)> {
    let step = |step| move |error| (step, error);
    for capability in CapabilitySet::all().difference(KEPT).iter() {
        // A kernel older than the capability says EINVAL: it has none to lose.
        match caps::remove_capability_from_bounding_set(capability) {
            Ok(()) | Err(rustix::io::Errno::INVAL) => {}
            Err(error) => return Err(("give up other capabilities", error)),
        }
    }
    caps::set_keep_capabilities(true).map_err(step("keep capabilities across the change of user"))?;
    caps::set_thread_groups(&[]).map_err(step("leave root's groups"))?;
    caps::set_thread_res_gid(gid, gid, gid).map_err(step("change the group"))?;
    caps::set_thread_res_uid(uid, uid, uid).map_err(step("change the user"))?;
    let sets = CapabilitySets { effective: KEPT, permitted: KEPT, inheritable: KEPT };
    caps::set_capabilities(None, sets).map_err(step("keep three capabilities"))?;
    for capability in KEPT.iter() {
        caps::configure_capability_in_ambient_set(capability, true).map_err(step("hand capabilities to children"))?;
    }
    caps::set_keep_capabilities(false).map_err(step("end the change of user"))?;
    caps::set_no_new_privs(true).map_err(step("refuse new privileges"))
}

/// The numbers of `user` in the text of `/etc/passwd`. (Users of a directory service have no business running a gateway.)
fn find_user(users: &str, user: &str) -> Option<(Uid, Gid)> {
    let mut fields = users
        .lines()
        .map(|line| line.split(':'))
        .find_map(|mut fields| (fields.next() == Some(user)).then_some(fields))?;
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some((Uid::from_raw(uid), Gid::from_raw(gid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users =
            "root:x:0:0:root:/root:/bin/bash\ngapura-x:x:9:9::/:/bin/false\ngapura:x:990:991::/:/usr/sbin/nologin\n";
        let (uid, gid) = find_user(users, "gapura").unwrap();
        assert_eq!((uid.as_raw(), gid.as_raw()), (990, 991));
        assert!(find_user(users, "gap").is_none());
    }
}
