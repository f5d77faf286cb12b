//! Why an index cannot be used, built or brought up to date.

use std::io;

/// A part of an index is not what was signed: its 16 KiB have another checksum, or say something impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the index is damaged at octet {at}: fetch it again")]
pub struct Damaged {
    /// Where the damaged part of the file begins.
    pub at: u64,
}

/// Why a file is no index in force.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file could not be opened, read, mapped or written.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It does not begin as an index does.
    #[error("this is no index of filter lists")]
    NotAnIndex,
    /// Another edition of the format.
    #[error("the index has format {0}; this program reads format {FORMAT}: update the older of the two")]
    Format(u32),
    /// A field of the header is impossible.
    #[error("the index's header is impossible: {0}")]
    Header(&'static str),
    /// Cut short, or something hangs behind it.
    #[error("the index should have {expected} octets and has {found}: fetch it again")]
    Size {
        /// As the header says.
        expected: u64,
        /// As the file system says.
        found: u64,
    },
    /// The checksums are not signed by whom they should be.
    #[error("the index's signature is not the department's")]
    Signature,
    /// A names file that was made with another index.
    #[error("the names file belongs to another index: build or fetch both together")]
    OtherIndex,
    /// A part needed at once is damaged.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// The edition of the index's format that this program reads and writes.
pub const FORMAT: u32 = 1;

impl IndexError {
    /// For `map_err`: an I/O error with what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Why no index was built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Writing failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// More lists than a set has room for.
    #[error("an index holds at most 256 lists")]
    TooManyLists,
    /// Two lists with one id.
    #[error("two lists have the id `{0}`: rename one")]
    Twice(gapura_model::ListId),
    /// A line of a list that was not begun.
    #[error("list number {0} was not begun")]
    NoSuchList(u8),
    /// More names than the format can hold.
    #[error("an index holds at most {} names", crate::index::MOST_NAMES)]
    TooManyNames,
    /// Names will not spread, under any of several hash keys.
    #[error("the names do not spread over the index: give another hash key")]
    Crowded,
    /// A signature longer than its room.
    #[error("a signature has at most {} octets", crate::index::LONGEST_SIGNATURE)]
    Signature,
}

/// Why a delta was not made or not applied. In each case the whole index can be sent.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    /// One of the two indexes, or writing the new one.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Their names are keyed otherwise: the number of names crossed a power of two, or the hash key is another.
    #[error("these two indexes have no common keys: send the whole index")]
    Unlike,
    /// It begins otherwise than deltas do.
    #[error("this is no delta of an index")]
    NotADelta,
    /// It was made for another index than the one that is here.
    #[error("the delta starts from another index: fetch the whole one")]
    OtherBase,
    /// It leads elsewhere than was announced, or is damaged.
    #[error("the delta does not give the index that was announced: fetch the whole one")]
    OtherTarget,
    /// Cut short, or senseless.
    #[error("the delta is cut short or damaged ({0}): fetch the whole index")]
    Broken(&'static str),
}

impl From<Damaged> for DeltaError {
    fn from(damaged: Damaged) -> Self {
        Self::Index(damaged.into())
    }
}
