//! Whether this kernel leads packets to a queue, found by trying in a transaction that leaves nothing behind.

use super::message::{ACK, CREATE, Writer, configure};
use super::socket::Conn;
use super::{BIND, NUMBER_TRIED, QueueError, UNBIND};

/// What first-packet inspection needs of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Rules of nftables can send packets to a queue (`NFT_QUEUE`).
    pub rule: bool,
    /// A program can take packets from a queue (`NETFILTER_NETLINK_QUEUE`).
    pub socket: bool,
}

impl Probe {
    /// Tries both, in this thread's network namespace.
    ///
    /// # Errors
    /// The netlink socket failed, or this is not allowed here: nothing is known then.
    pub fn new() -> Result<Self, QueueError> {
        Ok(Self { rule: rule()?, socket: socket()? })
    }

    /// Whether inspection can be offered.
    pub const fn is_complete(self) -> bool {
        self.rule && self.socket
    }
}

/// False where the kernel does not know what was asked for.
fn known(outcome: Result<(), QueueError>) -> Result<bool, QueueError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(QueueError::Refused { source, .. }) if source.kind() != std::io::ErrorKind::PermissionDenied => Ok(false),
        Err(error) => Err(error),
    }
}

fn socket() -> Result<bool, QueueError> {
    let mut conn = Conn::open()?;
    let sequence = conn.next();
    let bind = configure(NUMBER_TRIED, sequence).with(1, &BIND).finish();
    match conn.ask("try a packet queue", &bind, sequence) {
        Ok(()) => {
            let sequence = conn.next();
            conn.ask("leave the packet queue", &configure(NUMBER_TRIED, sequence).with(1, &UNBIND).finish(), sequence)?;
            Ok(true)
        }
        // Somebody has it: so there are queues.
        Err(QueueError::Refused { source, .. }) if source.kind() == std::io::ErrorKind::ResourceBusy => Ok(true),
        outcome @ Err(_) => known(outcome),
    }
}

/// A table, a chain, a rule that queues, and the table gone again, in one transaction.
fn rule() -> Result<bool, QueueError> {
    const NFTABLES: u16 = 10 << 8;
    const BATCH_BEGIN: u16 = 0x10;
    const BATCH_END: u16 = 0x11;
    const NEW_TABLE: u16 = NFTABLES;
    const DELETE_TABLE: u16 = NFTABLES | 2;
    const NEW_CHAIN: u16 = NFTABLES | 3;
    const NEW_RULE: u16 = NFTABLES | 6;
    const APPEND: u16 = 0x800;
    const INET: u8 = 1;
    const BYPASS: u16 = 1;
    let mut conn = Conn::open()?;
    let table = format!("gapura_probe_queue_{}\0", conn.port()).into_bytes();
    let chain = b"c\0";
    let numbers: [u32; 6] = std::array::from_fn(|_| conn.next());
    let [begin, make, hold, queue, gone, end] = numbers;
    let batch = [
        Writer::request(BATCH_BEGIN, 0, begin, 0, NFTABLES >> 8),
        Writer::request(NEW_TABLE, CREATE, make, INET, 0).with(1, &table),
        Writer::request(NEW_CHAIN, CREATE, hold, INET, 0).with(1, &table).with(3, chain),
        Writer::request(NEW_RULE, CREATE | APPEND, queue, INET, 0).with(1, &table).with(2, chain).nest(4, |list| {
            list.nest(1, |expression| {
                expression.with(1, b"queue\0").nest(2, |queue| {
                    queue
                        .with(1, &NUMBER_TRIED.to_be_bytes())
                        .with(2, &1_u16.to_be_bytes())
                        .with(3, &BYPASS.to_be_bytes())
                })
            })
        }),
        Writer::request(DELETE_TABLE, ACK, gone, INET, 0).with(1, &table),
        Writer::request(BATCH_END, 0, end, 0, NFTABLES >> 8),
    ];
    let octets: Vec<u8> = batch.into_iter().flat_map(Writer::finish).collect();
    known(conn.ask("try a rule that queues", &octets, gone))
}
