//! What can go wrong between the gate and the kernel.

use std::io;
use std::net::IpAddr;

use crate::Slot;

/// The kernel did not do what was asked; nothing of the batch was applied.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The netlink socket failed.
    #[error("netlink: {doing}: {source}")]
    Socket {
        /// What was tried.
        doing: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The kernel refused an operation of a batch.
    #[error("nftables refused to {operation} (number {index} of {of} in the batch): {source}{}", detail.as_deref().map(|d| format!(" ({d})")).unwrap_or_default())]
    Refused {
        /// The operation, for example `add element live 0x60000010`.
        operation: String,
        /// Its place in the batch, from 0.
        index: usize,
        /// Operations in the batch.
        of: usize,
        /// The kernel's own words, where it has some.
        detail: Option<String>,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Another program owns the table.
    #[error("table {table} is owned by netlink port {owner}: is another gapura running? stop it first")]
    Owned {
        /// The table.
        table: String,
        /// Netlink port of the owner, usually its process number.
        owner: u32,
    },
    /// A reply that is not netlink.
    #[error("netlink: the kernel's answer to \"{doing}\" is not understood")]
    Answer {
        /// What was asked.
        doing: &'static str,
    },
    /// The answer did not come or was lost.
    #[error("netlink: no complete answer to \"{doing}\"; try again")]
    Lost {
        /// What was asked.
        doing: &'static str,
    },
    /// A grant for a slot that is in use.
    #[error("slot {0} is in use: revoke it first")]
    SlotBusy(Slot),
    /// A change to a slot that has no visit.
    #[error("slot {0} has no visit")]
    SlotFree(Slot),
    /// The same slot twice in one call.
    #[error("slot {0} stands twice in one call")]
    SlotTwice(Slot),
    /// An address range of a filter that cannot be.
    #[error("address filter: {first} to {last}: {what}")]
    Filter {
        /// Its first address.
        first: IpAddr,
        /// Its last address.
        last: IpAddr,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Throttles that the gate cannot hold.
    #[error("throttles: {0}")]
    Throttles(String),
    /// The kernel lacks something the gate cannot do without.
    #[error("this kernel lacks {0}: install or load the nf_tables modules")]
    Missing(&'static str),
}
