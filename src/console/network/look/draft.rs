//! Looks that are tried and too long for an address: kept for the frames of the page that shows them, and soon pushed out by others.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use gapura_controller::{FormKey, SessionId};

/// The longest address that a frame is given; a server takes 16 KiB of header.
const SHORT: usize = 6 * 1024;
/// As many are kept.
const KEPT: usize = 32;

/// A look as it was typed, in one session.
#[derive(Debug)]
struct Draft {
    key: String,
    session: SessionId,
    query: String,
}

/// The drafts of this process.
#[derive(Debug)]
pub(super) struct Drafts(Mutex<VecDeque<Draft>>);

/// Lost with the process: the page is then shown again by its form.
pub(super) static DRAFTS: Drafts = Drafts::new();

impl Drafts {
    const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// What stands in an address for `query`: itself, or where it is too long the key under which it is kept.
    pub(super) fn shortened(&self, session: SessionId, query: String) -> String {
        if query.len() <= SHORT {
            return query;
        }
        // Without randomness the address stays as it is.
        let Ok(key) = FormKey::draw() else { return query };
        let key = key.to_text();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(Draft { key: key.clone(), session, query });
        format!("draf={key}")
    }

    /// What was kept under a key in this session.
    pub(super) fn whole(&self, session: SessionId, key: &str) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|draft| draft.key == key && draft.session == session).map(|draft| draft.query.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_kept_for_one_session_and_not_for_ever() {
        let (drafts, one, two) = (Drafts::new(), SessionId::from_bytes([1; 32]), SessionId::from_bytes([2; 32]));
        assert_eq!(drafts.shortened(one, "a=1".to_owned()), "a=1");
        let long = "x".repeat(SHORT + 1);
        let short = drafts.shortened(one, long.clone());
        let key = short.strip_prefix("draf=").unwrap();
        assert_eq!(drafts.whole(one, key), Some(long.clone()));
        assert_eq!((drafts.whole(two, key), drafts.whole(one, "")), (None, None));
        for _ in 0..KEPT {
            drafts.shortened(two, long.clone());
        }
        assert_eq!(drafts.whole(one, key), None);
        assert_eq!(drafts.0.lock().unwrap().len(), KEPT);
    }
}
