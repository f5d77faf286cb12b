//! The names file: which line of which list holds a name or an address. It explains decisions and takes no part in them.
//!
//! | part | what |
//! |---|---|
//! | head, 64 octets | `GAPURANM`, format, zero, root of the index it belongs to, where the directory begins, its octets |
//! | blocks | zstd frames of about 32 KiB: names in reversed order, front-coded, each with its lines |
//! | directory | a zstd frame: first name and place of each block, lines about addresses, lists and their files (JSON) |
//!
//! It is not signed: what it says is shown to people beside what the index, which is, has decided. It is read from disk when asked.

mod read;
mod write;

use gapura_model::{ListId, ListNumber};
use serde::{Deserialize, Serialize};

pub use self::read::Names;
pub(crate) use self::write::NamesWriter;
use crate::{Deed, Reach};

const MAGIC: &[u8; 8] = b"GAPURANM";
const FORMAT: u32 = 1;
const HEAD: usize = 64;
/// Octets of names in a block before it is compressed; the last name may go over it.
const BLOCK: usize = 32 * 1024;
/// Most octets of a block, so that a hostile file cannot make one grow without end.
const LARGEST_BLOCK: u64 = 16 << 20;
const LARGEST_DIRECTORY: u64 = 256 << 20;

/// A line of a list that has to do with a name or an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The list.
    pub list: ListId,
    /// Its number in the index.
    pub number: ListNumber,
    /// The list's file, by name.
    pub file: String,
    /// Line of that file, from 1.
    pub line: u32,
    /// What the line is about: `example.com` (and below), `=example.com` (alone), `*.example.com` (below only), or addresses.
    pub listed: String,
    /// Whether it takes its target out of the list.
    pub exception: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct ListFiles {
    id: String,
    files: Vec<String>,
}

/// Reach and deed in one octet.
fn code(reach: Reach, deed: Deed) -> u8 {
    let reach = match reach {
        Reach::Whole => 0,
        Reach::Exact => 1,
        Reach::Below => 2,
    };
    let deed = match deed {
        Deed::Hold => 0,
        Deed::Except => 1,
        Deed::Never => 2,
    };
    reach + 3 * deed
}

fn decode(code: u8) -> Option<(Reach, Deed)> {
    let reach = [Reach::Whole, Reach::Exact, Reach::Below].get(usize::from(code % 3)).copied()?;
    let deed = [Deed::Hold, Deed::Except, Deed::Never].get(usize::from(code / 3)).copied()?;
    Some((reach, deed))
}
