//! Whole frames out of a card, as a hostile device makes them.
#![expect(unsafe_code, reason = "AF_PACKET addresses have no safe form in the libraries of this house")]

use std::io;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// A card that sends what it is given. Open it inside the namespace.
#[derive(Debug)]
pub(crate) struct RawCard(Socket);

impl RawCard {
    /// The card called `name`. It only sends: no protocol is asked for.
    pub(crate) fn open(name: &str) -> io::Result<Self> {
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0)))?;
        let index = rustix::net::netdevice::name_to_index(&socket, name)?;
        let index = i32::try_from(index).map_err(io::Error::other)?;
        // SAFETY: the storage is zeroed and large enough for every address; its first bytes become a `sockaddr_ll`, whose
        // size is what is stored as the length.
        let ((), address) = unsafe {
            SockAddr::try_init(|storage, length| {
                let address = storage.cast::<libc::sockaddr_ll>();
                (*address).sll_family = libc::sa_family_t::try_from(libc::AF_PACKET).map_err(io::Error::other)?;
                (*address).sll_ifindex = index;
                *length = libc::socklen_t::try_from(size_of::<libc::sockaddr_ll>()).map_err(io::Error::other)?;
                Ok(())
            })
        }?;
        socket.bind(&address)?;
        Ok(Self(socket))
    }

    /// One frame, Ethernet header included.
    pub(crate) fn send(&self, frame: &[u8]) -> io::Result<usize> {
        self.0.send(frame)
    }
}
