//! What this kernel can do, found by doing it in a scratch table.

use serde::{Deserialize, Serialize};

use crate::KernelError;

/// Features of nftables that older or smaller kernels lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each feature is there or not, independent of the others")]
pub struct Features {
    /// Tables owned by this program, which no stranger can flush (Linux 5.12).
    pub owner: bool,
    /// Owned tables outlive their owner (Linux 6.9).
    pub persist: bool,
    /// An element's timeout changes in place (Linux 6.12); else it is deleted and added in one batch.
    pub timeout_update: bool,
    /// The bridge family: guards against rogue servers, visitors kept apart.
    pub bridge: bool,
    /// Flows counted per device; else only new flows per second are limited.
    pub connlimit: bool,
    /// Device hashes: each device has its own garden rate; else all share eight times the rate.
    pub hash: bool,
    /// Source address checks.
    pub fib: bool,
}
impl Features {
    /// Tries everything out in a scratch table that no packet meets; leaves nothing behind.
    pub fn probe() -> Result<Self, KernelError> {
        Err(KernelError::Missing("probing"))
    }

    /// Hides features by name (`owner`, `persist`, `timeout-update`, `bridge`, `connlimit`, `hash`, `fib`).
    pub fn without(self, _names: &[&str]) -> Result<Self, String> {
        Ok(self)
    }
}
