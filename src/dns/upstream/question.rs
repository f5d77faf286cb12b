//! A question as upstreams are asked it, and whether what comes back answers it.

use super::miss::Miss;
use crate::message::{AD, CD, HEADER, IN, OPCODE, QR, RCODE, RD, at, put_word, rcode, word};
use crate::query::Query;
use crate::reply::put_opt;

/// EDNS option code of padding (RFC 7830).
const PADDING: u16 = 12;
/// Code and length of an EDNS option, octets.
const OPTION_HEADER: usize = 4;
/// Encrypted questions are a multiple of this, octets (RFC 8467 section 4.1).
const BLOCK: usize = 128;

/// A question as it goes out.
pub(crate) struct Question {
    message: Vec<u8>,
    /// Where question section ends and the OPT record begins.
    end: usize,
}

/// How well a datagram fits the question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Id, name to the letter, type and class.
    Whole,
    /// All but the letters' case.
    Caseless,
    /// An error for our id without any question: servers that do not know EDNS.
    BareError,
    /// Something else.
    None,
}

impl Question {
    /// The client's question with an id and a spelling of our own, DO and CD as the client set them.
    pub(crate) fn new(query: &Query) -> Result<Self, Miss> {
        // Two octets of id and one bit for each octet of the longest name.
        let mut random = [0_u8; 34];
        getrandom::fill(&mut random).map_err(|_| Miss::Entropy)?;
        let (id, spelling) = random.split_at(2);
        let mut message = vec![0; HEADER];
        put_word(&mut message, at::ID, word(id, 0).unwrap_or_default());
        // AD asks for the AD bit in the answer (RFC 6840 section 5.7).
        put_word(&mut message, at::FLAGS, RD | AD | (query.flags & CD));
        put_word(&mut message, at::QUESTIONS, 1);
        message.extend(query.name.wire().iter().enumerate().map(|(index, octet)| {
            let bit = spelling.get(index / 8).is_some_and(|bits| bits & 1 << (index % 8) != 0);
            if bit { octet.to_ascii_uppercase() } else { *octet }
        }));
        message.extend_from_slice(&query.qtype.to_be_bytes());
        message.extend_from_slice(&IN.to_be_bytes());
        let end = message.len();
        put_opt(&mut message, 0, query.dnssec(), &[]);
        Ok(Self { message, end })
    }

    /// As it goes out over plain DNS.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.message
    }

    /// Behind its length, as it goes over a stream (RFC 1035 section 4.2.2).
    pub(crate) fn framed(&self) -> Vec<u8> {
        framed(&self.message)
    }

    pub(crate) fn id(&self) -> u16 {
        word(&self.message, at::ID).unwrap_or_default()
    }

    /// With another id, padded to a multiple of 128 octets (RFC 8467 section 4.1), so that its length tells little about the
    /// name to who sees the encrypted stream.
    pub(crate) fn padded(&self, id: u16) -> Vec<u8> {
        let mut message = self.message.clone();
        put_word(&mut message, at::ID, id);
        let padding = (message.len() + OPTION_HEADER).next_multiple_of(BLOCK) - message.len() - OPTION_HEADER;
        let length = u16::try_from(padding).unwrap_or_default();
        // Our OPT stands last and has no option yet: its length is its last word.
        let options = message.len().saturating_sub(2);
        put_word(&mut message, options, length.saturating_add(4));
        message.extend_from_slice(&PADDING.to_be_bytes());
        message.extend_from_slice(&length.to_be_bytes());
        message.resize(message.len() + padding, 0);
        message
    }

    /// For a server that does not know EDNS.
    pub(crate) fn without_edns(&self) -> Vec<u8> {
        let mut plain = self.message.get(..self.end).unwrap_or_default().to_vec();
        put_word(&mut plain, at::ADDITIONALS, 0);
        plain
    }

    /// How well a message answers this question.
    pub(crate) fn fit(&self, response: &[u8]) -> Fit {
        let flags = word(response, at::FLAGS).unwrap_or_default();
        if word(response, at::ID) != word(&self.message, at::ID) || flags & QR == 0 || flags & OPCODE != 0 {
            return Fit::None;
        }
        let questions = word(response, at::QUESTIONS);
        if questions == Some(0) && matches!(flags & RCODE, rcode::FORMERR | rcode::NOTIMP) {
            return Fit::BareError;
        }
        let (Some(ours), Some(theirs)) = (self.message.get(HEADER..self.end), response.get(HEADER..self.end)) else {
            return Fit::None;
        };
        // Type and class hold no letters that matter: compared to the octet even where the name's case is let go.
        let fixed = ours.len().saturating_sub(4);
        if questions != Some(1) || ours.get(fixed..) != theirs.get(fixed..) {
            Fit::None
        } else if ours == theirs {
            Fit::Whole
        } else if ours.eq_ignore_ascii_case(theirs) {
            Fit::Caseless
        } else {
            Fit::None
        }
    }
}

/// Puts a message's length before it.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap_or_default();
    let mut framed = Vec::with_capacity(2 + message.len());
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(message);
    framed
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::Message;
    use hickory_proto::rr::rdata::opt::EdnsCode;

    use super::*;

    #[test]
    fn encrypted_questions_have_few_lengths_and_mean_the_same() {
        let mut lengths = std::collections::BTreeSet::new();
        for labels in 1..=60 {
            let mut message = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00".to_vec();
            message.extend(b"\x03abc".repeat(labels));
            message.extend(b"\x00\x00\x1c\x00\x01");
            let question = Question::new(&Query::read(&message).unwrap()).unwrap();
            let padded = question.padded(0x1234);
            lengths.insert(padded.len());
            let (plain, read) = (Message::from_vec(question.octets()).unwrap(), Message::from_vec(&padded).unwrap());
            assert_eq!((read.metadata.id, &read.queries), (0x1234, &plain.queries));
            let options = read.edns.as_ref().unwrap().options();
            assert!(options.get(EdnsCode::Padding).is_some() && options.as_ref().len() == 1, "{options:?}");
        }
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [128, 256, 384]);
    }
}
