//! What the rules said about a cached answer, so that nobody asks them again.

use std::sync::Arc;

use crate::filter::Judgement;

/// What is remembered of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nobody asked.
    No,
    /// It is open.
    Open,
    /// It is blocked, or an alias.
    Other(Arc<Judgement>),
}

/// Verdicts on an answer under the rules of one epoch, by policy.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    epoch: u64,
    open: [u64; 4],
    other: Vec<(u8, Arc<Judgement>)>,
}

/// Verdicts other than open that are remembered for one answer; they are rare, and few policies share a gateway.
const MOST_OTHER: usize = 8;

impl Judged {
    /// What is known for a policy.
    pub(crate) fn of(&self, epoch: u64, policy: u8) -> Known {
        if self.epoch != epoch {
            return Known::No;
        }
        if self.open.get(usize::from(policy / 64)).is_some_and(|word| word & 1 << (policy % 64) != 0) {
            return Known::Open;
        }
        let other = self.other.iter().find(|(other, _)| *other == policy);
        other.map_or(Known::No, |(_, judgement)| Known::Other(Arc::clone(judgement)))
    }

    /// Notes a verdict; those of another epoch are forgotten.
    pub(crate) fn note(&mut self, epoch: u64, policy: u8, judgement: &Judgement) {
        if self.epoch != epoch {
            *self = Self { epoch, ..Self::default() };
        }
        match judgement {
            Judgement::Open => {
                if let Some(word) = self.open.get_mut(usize::from(policy / 64)) {
                    *word |= 1 << (policy % 64);
                }
            }
            Judgement::Blocked(_) | Judgement::Alias(_) => {
                let known = self.other.iter().any(|(other, _)| *other == policy);
                if !known && self.other.len() < MOST_OTHER {
                    self.other.push((policy, Arc::new(judgement.clone())));
                }
            }
            // Tried again: what could not be read may be readable the next time.
            Judgement::Damaged => {}
        }
    }
}
