//! The sockets a resolver serves.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

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
    /// Binds `each` UDP and TCP sockets to every address. An address may still be missing from the interface, or an IPv6 one be
    /// tentative (`IP_FREEBIND`): it is served as soon as it is there.
    pub fn bind(addresses: &[SocketAddr], each: usize) -> io::Result<Self> {
        let mut bound = Self::default();
        for &address in addresses {
            for _ in 0..each {
                bound.udp.push(socket(address, Type::DGRAM, Protocol::UDP, each > 1)?.into());
                let listener = socket(address, Type::STREAM, Protocol::TCP, each > 1)?;
                listener.listen(BACKLOG)?;
                bound.tcp.push(listener.into());
            }
        }
        Ok(bound)
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
    // Only where meant: else a second gateway on the same port would go unnoticed.
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
        drop(bound);
        let _alone = Listeners::bind(&addresses, 1).unwrap();
        assert_eq!(Listeners::bind(&addresses, 1).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
