//! Sockets handed over by the service manager (sd_listen_fds(3)): they outlive a restart, so no connection is refused meanwhile.

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

use rustix::net::{AddressFamily, SocketType, sockopt};

/// One inherited socket of a kind we use.
#[derive(Debug)]
pub enum HandedSocket {
    /// A listening TCP socket, IPv4 or IPv6.
    Tcp(TcpListener),
    /// A bound UDP socket, IPv4 or IPv6.
    Udp(UdpSocket),
    /// A listening Unix stream socket.
    Unix(UnixListener),
}

/// The inherited sockets, by the name the unit gives them (`FileDescriptorName=`). All are non-blocking and close-on-exec.
#[derive(Debug, Default)]
pub struct HandOver(BTreeMap<String, Vec<HandedSocket>>);

/// The hand-over is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// The environment contradicts itself or a descriptor is not open.
    #[error("the sockets announced in LISTEN_FDS cannot be taken over; check the .socket unit")]
    Environment(#[source] std::io::Error),
    /// A descriptor is no socket, or of a kind we have no use for.
    #[error(
        "the socket \"{name}\" handed over by the service manager is not TCP, UDP or a Unix stream; check the .socket unit"
    )]
    Kind {
        /// Its `FileDescriptorName=`.
        name: String,
    },
}

impl HandOver {
    /// Takes over what was announced for this process. To be called once, first of all; a second call finds nothing to own safely.
    pub fn take() -> Result<Self, HandOverError> {
        static TAKEN: std::sync::Once = std::sync::Once::new();
        let mut result = Ok(Self::default());
        TAKEN.call_once(|| result = take_once());
        result
    }

    /// The sockets called `name`, in the unit's order; empty where there are none.
    pub fn named(&mut self, name: &str) -> Vec<HandedSocket> {
        self.0.remove(name).unwrap_or_default()
    }

    /// Names nobody asked for: a mistake in the unit worth a warning.
    pub fn unclaimed(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

#[expect(unsafe_code, reason = "inherited descriptors are plain numbers")]
fn take_once() -> Result<HandOver, HandOverError> {
    let mut sockets = BTreeMap::<String, Vec<HandedSocket>>::new();
    for (fd, name) in sd_notify::listen_fds_with_names().map_err(HandOverError::Environment)? {
        // SAFETY: announced in LISTEN_FDS for this very process, open (it was just made close-on-exec), and this runs once.
        let fd = unsafe { crate::sys::adopt(fd) };
        let socket = kind(fd).ok_or_else(|| HandOverError::Kind { name: name.clone() })?;
        sockets.entry(name).or_default().push(socket);
    }
    Ok(HandOver(sockets))
}

fn kind(fd: OwnedFd) -> Option<HandedSocket> {
    let internet = match sockopt::socket_domain(&fd).ok()? {
        AddressFamily::INET | AddressFamily::INET6 => true,
        AddressFamily::UNIX => false,
        _ => return None,
    };
    rustix::io::ioctl_fionbio(&fd, true).ok()?;
    match sockopt::socket_type(&fd).ok()? {
        SocketType::STREAM if internet => Some(HandedSocket::Tcp(fd.into())),
        SocketType::DGRAM if internet => Some(HandedSocket::Udp(fd.into())),
        SocketType::STREAM => Some(HandedSocket::Unix(fd.into())),
        _ => None,
    }
}
