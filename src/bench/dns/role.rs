//! The programs of this bench that are our own, each in a process of its own: resolver, echo, and the server behind all resolvers.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use gapura_dns::{Admission, Config, Listeners, Names, OwnAddresses, Resolver};
use gapura_model::Name;
use gapura_runtime::{Believe, Clock as _, ClockStart, SystemClock, Tasks};

use super::filter::Office;
use crate::BenchError;
use crate::raw;

/// Which of them, and where.
#[derive(Clone, Debug, Args)]
pub(crate) struct Role {
    /// Which.
    #[arg(value_enum)]
    part: Part,
    /// Where it listens.
    #[arg(long)]
    listen: SocketAddr,
    /// Whom the resolver asks.
    #[arg(long)]
    upstream: Option<SocketAddr>,
    /// The resolver's index.
    #[arg(long)]
    index: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    Resolver,
    Echo,
    Authority,
}

impl Role {
    /// Plays it until killed.
    pub(crate) fn play(&self) -> Result<(), BenchError> {
        match self.part {
            Part::Resolver => self.resolver(),
            Part::Echo => raw::echo(&self.socket()?).map_err(BenchError::io("echo datagrams")),
            Part::Authority => authority(&self.socket()?),
        }
    }

    fn socket(&self) -> Result<UdpSocket, BenchError> {
        UdpSocket::bind(self.listen).map_err(BenchError::io(format!("listen on {}", self.listen)))
    }

    fn resolver(&self) -> Result<(), BenchError> {
        let missing = || BenchError::void("dns", "the resolver needs --upstream and --index");
        let upstream = self.upstream.ok_or_else(missing)?;
        let office = Office::open(self.index.as_deref().ok_or_else(missing)?)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(BenchError::io("start tokio"))?;
        let _inside = runtime.enter();
        let clock = SystemClock::start(ClockStart { floor: None, believe: Believe::Always });
        let listeners =
            Listeners::bind(&[self.listen], 1).map_err(BenchError::io(format!("listen on {}", self.listen)))?;
        let config = Config::forwarding_to(vec![upstream]);
        let clock = Arc::new(move || clock.now().up);
        let _resolver =
            Resolver::start(&config, listeners, Arc::new(Nobody), Some(Arc::new(office)), clock, &Tasks::new())
                .map_err(|error| BenchError::void("dns", gapura_model::with_causes(&error)))?;
        loop {
            std::thread::park_timeout(Duration::from_mins(1));
        }
    }
}

/// A gateway without names of its own.
struct Nobody;

impl Names for Nobody {
    fn own(&self, _name: &Name, _client: IpAddr) -> Option<OwnAddresses> {
        None
    }

    fn is_garden(&self, _name: &Name) -> bool {
        false
    }

    fn admit_garden(&self, _name: &Name, _addresses: &[(IpAddr, u32)]) -> Admission {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Answers every question with one address and a TTL of a day.
fn authority(socket: &UdpSocket) -> Result<(), BenchError> {
    const ANSWER: [u8; 16] = [0xc0, 12, 0, 1, 0, 1, 0, 1, 0x51, 0x80, 0, 4, 192, 0, 2, 7];
    let failed = || BenchError::io("answer a query");
    let mut buffer = [0; 2048];
    loop {
        let (length, peer) = socket.recv_from(&mut buffer).map_err(failed())?;
        let query = buffer.get(..length).unwrap_or_default();
        let Some(end) = question_end(query) else { continue };
        let mut answer = query.get(..end).unwrap_or_default().to_vec();
        let is_a = query.get(end - 4..end) == Some(&[0, 1, 0, 1]);
        if let Some(header) = answer.get_mut(2..12) {
            header.copy_from_slice(&[0x85, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
        }
        if is_a {
            answer.extend_from_slice(&ANSWER);
        }
        socket.send_to(&answer, peer).map_err(failed())?;
    }
}

/// Where the question of a query ends.
fn question_end(query: &[u8]) -> Option<usize> {
    let (_, length) = Name::from_wire(query.get(12..)?)?;
    let end = 12 + length + 4;
    (end <= query.len()).then_some(end)
}
