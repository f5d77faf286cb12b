//! The sockets a resolver serves.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// Connections the kernel holds until they are accepted.
const BACKLOG: i32 = 128;

/// Bound sockets to serve. Bind one to each address of the gateway in a visitor network: an answer must come from the address
/// that was asked. Several sockets of one address (`SO_REUSEPORT`) share its load, each with a loop of its own.
#[derive(Debug, Default)]
pub struct Listeners {
    /// For datagrams.
    pub udp: Vec<UdpSocket>,
    /// For connections; already listening.
    pub tcp: Vec<TcpListener>,
}

impl Listeners {
    /// Binds one TCP socket and `each` UDP sockets (at least one) to every address. An address may still be missing from the
    /// interface, or an IPv6 one be tentative (`IP_FREEBIND`): it is served as soon as it is there.
    pub fn bind(addresses: &[SocketAddr], each: usize) -> io::Result<Self> {
        let mut bound = Self::default();
        for &address in addresses {
            // First, and never shared: so a second resolver on the same port does not go unnoticed.
            let listener = socket(address, Type::STREAM, Protocol::TCP, false)?;
            listener.listen(BACKLOG)?;
            bound.tcp.push(listener.into());
            for _ in 0..each.max(1) {
                bound.udp.push(socket(address, Type::DGRAM, Protocol::UDP, each > 1)?.into());
            }
        }
        Ok(bound)
    }

    /// Binds further UDP sockets beside those here that may be shared (`SO_REUSEPORT`), until there are `each` for every
    /// address of theirs. Sockets of a service manager belong to another user, and the kernel then refuses (`EADDRINUSE`).
    ///
    /// # Errors
    /// The first socket that could not be bound; those before it are here.
    pub fn widen(&mut self, each: usize) -> io::Result<()> {
        let mut counted = BTreeMap::<SocketAddr, usize>::new();
        for socket in &self.udp {
            if SockRef::from(socket).reuse_port()? {
                *counted.entry(socket.local_addr()?).or_default() += 1;
            }
        }
        for (address, count) in counted {
            for _ in count..each {
                self.udp.push(socket(address, Type::DGRAM, Protocol::UDP, true)?.into());
            }
        }
        Ok(())
    }
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
        socket.set_freebind_v6(true)?;
    } else {
        socket.set_freebind_v4(true)?;
    }
    // A restart must not wait for the connections of the one before.
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_not_there_yet_can_be_bound() {
        let addresses = ["192.0.2.53:5300".parse().unwrap(), "[2001:db8::53]:5300".parse().unwrap()];
        let bound = Listeners::bind(&addresses, 2).unwrap();
        assert_eq!(bound.udp[2].local_addr().unwrap(), addresses[1]);
        assert_eq!(bound.tcp.len(), 2);
        assert_eq!(Listeners::bind(&addresses, 2).unwrap_err().kind(), io::ErrorKind::AddrInUse, "a second resolver");
        drop(bound);
        let _alone = Listeners::bind(&addresses, 1).unwrap();
        assert_eq!(Listeners::bind(&addresses, 1).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn only_what_may_be_shared_is_widened() {
        let address = "127.0.0.53:5301".parse().unwrap();
        let mut alone = Listeners::bind(&[address], 1).unwrap();
        alone.widen(4).unwrap();
        assert_eq!(alone.udp.len(), 1);
        drop(alone);
        let mut shared = Listeners::bind(&[address], 2).unwrap();
        shared.widen(4).unwrap();
        assert_eq!(shared.udp.iter().map(|socket| socket.local_addr().unwrap()).collect::<Vec<_>>(), [address; 4]);
        shared.widen(3).unwrap();
        assert_eq!((shared.udp.len(), shared.tcp.len()), (4, 1));
    }
}
