//! From one index to the next without sending it whole.
//!
//! | part | what |
//! |---|---|
//! | head, 80 octets | `GAPURADL`, format, root of the index it starts from, root of the index it leads to |
//! | five zstd frames, each after its length | the new header and signature; what stands behind the new blocks and is not made from them, against the old; entries removed, changed, added |
//!
//! Entries removed and changed are named by their rank among the old ones, added ones by key; each as the distance from the one before.
//! A list that is gone takes its entries along unsaid, and lists may be numbered otherwise: effects are compared list by list.

mod apply;
mod make;

use gapura_model::ListNumber;

use crate::index::{Effect, ListEntry};

pub use self::apply::apply;
pub use self::make::make;

const MAGIC: &[u8; 8] = b"GAPURADL";
const FORMAT: u64 = 1;
const HEAD: usize = 80;
/// Largest window a frame may ask for: 16 MiB of memory.
const WINDOW_LOG: u32 = 24;

/// From old list numbers to new ones.
#[derive(Debug)]
struct Renumber {
    new: [Option<ListNumber>; 256],
    /// The effect asked for last, since neighbours tend to be alike.
    last: (Effect, Effect),
}

impl Renumber {
    fn between(old: &[ListEntry], new: &[ListEntry]) -> Self {
        let mut numbers = [None; 256];
        for (place, list) in numbers.iter_mut().zip(old) {
            *place = new.iter().find(|other| other.id == list.id).map(|other| other.number);
        }
        Self { new: numbers, last: (Effect::default(), Effect::default()) }
    }

    /// What an old effect is among the new lists; `None` where nothing is left of it.
    fn map(&mut self, effect: &Effect) -> Option<Effect> {
        if self.last.0 != *effect {
            self.last = (*effect, effect.renumbered(&self.new));
        }
        (!self.last.1.is_nothing()).then_some(self.last.1)
    }
}
