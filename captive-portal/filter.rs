//! What the portal needs to know of the content filter, and what a citizen may ask of it: why a name does not open, and that
//! somebody looks at it again.

use gapura_model::{DeviceId, Name, Reference};
use jiff::{Timestamp, civil::Date};
use sha2::{Digest, Sha256};

#[cfg(doc)]
use crate::HelpDesk;
use crate::{Peer, Text};

/// The content filter, as the portal sees it. All answers are about the device behind `peer`, its plan and group, and this hour.
pub trait Filter: Send + Sync + 'static {
    /// Whether a request for `name` that arrived here belongs to the block page: the device behind `peer` is online, and `name`
    /// is blocked for it. Asked of every request for somebody else's page, so it answers from memory and never waits.
    fn blocks(&self, peer: Peer, name: &Name) -> bool;

    /// Whether the device behind `peer` can open `name` now, and if not, why. Answers within a moment; where it cannot, it says
    /// [`Explained::Unknown`]. Nothing of the question is kept.
    fn explain(&self, peer: Peer, name: &Name) -> impl Future<Output = Explained> + Send;

    /// The device behind `peer`, by which the portal counts appeals and look-ups, in memory only; `None` where it is not known.
    fn device(&self, peer: Peer) -> Option<DeviceId>;

    /// Keeps an appeal, with the explanation of this moment, for the controller. Returns only once it is on disk;
    /// [`HelpDesk::followed`] knows it from then on. The portal has checked its limits and the form before, and told the
    /// citizen that nothing of their device goes along: no address, no pseudonym.
    fn file_appeal(&self, peer: Peer, appeal: Appeal) -> impl Future<Output = Result<Reference, AppealRefused>> + Send;
}

/// Whether a name opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explained {
    /// No content filter is in force at this site: it blocks nothing.
    NoFilter,
    /// The filter does not block the name.
    Open,
    /// The filter blocks the name.
    Blocked(Box<Ruling>),
    /// It cannot be told now: rules or lists are being loaded, or the gate does not answer.
    Unknown,
}

/// Why a name is blocked: the clause that won, as the SOP has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Why, in the clause's words for citizens.
    pub words: Text,
    /// The clause's number: "4.2".
    pub clause: String,
    /// The clause in the words of the document; empty where that is not to be shown.
    pub clause_text: String,
    /// The SOP's title: "SOP Filter Konten Kabupaten Sinjai".
    pub sop_title: String,
    /// The SOP's number: "SOP-07/DISKOMINFO/2026".
    pub sop_number: String,
    /// The SOP's revision.
    pub revision: u32,
    /// What the SOP rests on; empty where the document names nothing.
    pub basis: Vec<String>,
    /// The title of the list that holds the name; `None` where the clause names it itself.
    pub list: Option<Text>,
    /// What the list is about: "Perjudian".
    pub category: Option<Text>,
    /// When the clause ceases to hold for now, where it holds by the hour.
    pub until: Option<Timestamp>,
}

impl Ruling {
    /// The reference number of this ruling on `name`, "BLK-7K4M-29QD": the same for everybody whom the same clause keeps from the
    /// same name, so that staff can compare what two people saw, and it says nothing of who asked, or when.
    pub fn number(&self, name: &Name) -> String {
        let list = self.list.as_ref().map_or("", |list| list.id.as_str());
        let mut hash = Sha256::new();
        for part in [self.sop_number.as_bytes(), self.clause.as_bytes(), list.as_bytes(), name.wire()] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        let letters = hash.finalize();
        let letters = letters.iter().filter_map(|byte| gapura_model::VOUCHER_ALPHABET.get(usize::from(byte % 31)));
        let letters: String = letters.take(8).map(|letter| char::from(*letter)).collect();
        let (first, second) = letters.split_at_checked(4).unwrap_or_default();
        format!("BLK-{first}-{second}")
    }
}

/// What a citizen asks to have looked at again. Texts are cleaned: no control characters but line ends in `why`, nothing that
/// turns the direction of text around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal {
    /// The blocked name.
    pub name: Name,
    /// Why it should be open: 1 to [`WHY_LETTERS`] letters.
    pub why: String,
    /// Where to answer, if the citizen wants to be told: at most [`CONTACT_LETTERS`] letters.
    pub contact: Option<String>,
}

/// Letters (Unicode scalar values) in [`Appeal::why`].
pub const WHY_LETTERS: usize = 500;
/// Letters (Unicode scalar values) in [`Appeal::contact`].
pub const CONTACT_LETTERS: usize = 100;

/// Why an appeal was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppealRefused {
    /// Nothing blocks the name for this device now.
    NotBlocked,
    /// Whether it is blocked cannot be told now: try again in some minutes.
    Unknown,
    /// Too many appeals from this device, or from this site.
    Wait {
        /// How long, at least a second.
        wait: std::time::Duration,
    },
    /// The gate has too much to do: try again in some seconds.
    Busy,
    /// The gate cannot write to its disk.
    Storage,
    /// No device was found behind the address.
    UnknownDevice,
}

/// How far an appeal is. Neither reason nor contact: whoever knows the number may read this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppealState {
    /// The name it is about.
    pub name: Name,
    /// When it was filed.
    pub filed: Timestamp,
    /// How far it is.
    pub stage: Stage,
}

/// How far an appeal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Kept here, not yet with the controller.
    Waiting,
    /// With the controller, not yet decided.
    Received,
    /// Decided.
    Decided {
        /// Whether the citizen was right.
        granted: bool,
        /// Whether what was granted is in a SOP in force: until then nothing opens.
        opened: bool,
        /// What was decided and why, in the reviewer's words.
        words: String,
        /// When.
        at: Timestamp,
        /// The last day on which the name is open, where that was decided; it is shown once it is `opened`.
        until: Option<Date>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rulings_number_is_the_same_for_everybody_and_differs_for_anything_else() {
        let ruling = Ruling {
            words: Text::plain("Situs perjudian diblokir."),
            clause: "4.2".to_owned(),
            clause_text: String::new(),
            sop_title: "SOP Filter Konten".to_owned(),
            sop_number: "SOP-07".to_owned(),
            revision: 3,
            basis: Vec::new(),
            list: Some(Text::plain("TrustPositif")),
            category: None,
            until: None,
        };
        let name: Name = "situs-taruhan.example".parse().unwrap();
        let number = ruling.number(&name);
        assert_eq!(number, Ruling { until: Some(Timestamp::UNIX_EPOCH), ..ruling.clone() }.number(&name));
        assert!(number.len() == 13 && number.starts_with("BLK-"), "{number}");
        let other: Name = "situs-lain.example".parse().unwrap();
        assert_ne!(number, ruling.number(&other));
        assert_ne!(number, Ruling { clause: "4.21".to_owned(), ..ruling.clone() }.number(&name));
        // A digit that moves from one field into the next makes another number.
        let moved = Ruling { sop_number: "SOP-074".to_owned(), clause: ".2".to_owned(), ..ruling };
        assert_ne!(number, moved.number(&name));
    }
}
