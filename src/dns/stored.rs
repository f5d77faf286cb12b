//! An answer as it is kept: the upstream's own octets, made neutral once so that serving it is a copy and a few patches.

use thiserror::Error;

use crate::config::Memory;
use crate::hooks::OwnAddresses;
use crate::leads::stays;
use crate::message::{
    AA, HEADER, IN, OPCODE, QR, RCODE, TC, at, behind_name, long, put_long, put_word, rcode, record, rtype, word,
};
use crate::query::Query;
use crate::reply::{self, Age, EXTENDED_ERROR};
use gapura_model::Name;

/// TTL of answers made here, seconds.
const OWN_TTL: u32 = 60;
/// "No Reachable Authority" as a whole EDNS option (RFC 8914 section 4.23).
const NO_REACHABLE_AUTHORITY: [u8; 6] = [0, 15, 0, 2, 0, 22];
/// Most octets of extended errors kept with an answer.
const MOST_ERROR_OCTETS: usize = 256;

/// An answer without id, EDNS and 0x20: the question in lower case, TTLs within the configured bounds and their places known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub(crate) message: Box<[u8]>,
    /// Offsets of the TTL fields.
    pub(crate) ttls: Box<[u16]>,
    /// Where the question ends.
    pub(crate) question_end: usize,
    /// Response code with its extended bits.
    pub(crate) code: u16,
    /// Extended errors as EDNS options, to be passed on.
    pub(crate) errors: Box<[u8]>,
    /// How long it may be reused, seconds; zero: not at all.
    pub(crate) lifetime: u32,
}

/// An upstream's message cannot be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Garbled {
    /// Not a response to a QUERY.
    #[error("not a response")]
    NotAResponse,
    /// It answers something else.
    #[error("answers another question")]
    OtherQuestion,
    /// A record or name runs beyond the end.
    #[error("a record is cut short")]
    Cut,
    /// A name points forwards, or to where a TTL is counted down, or goes on behind its record: it would be another one for each
    /// client.
    #[error("a name points to what is no name")]
    Ages,
}

impl Stored {
    /// Makes an upstream's answer to `name`, `qtype` neutral. Lifetimes follow RFC 2308 (what does not exist lives by its SOA),
    /// RFC 9520 (failures) and the bounds of `memory`.
    pub fn read(response: &[u8], name: &Name, qtype: u16, memory: &Memory) -> Result<Self, Garbled> {
        let flags = word(response, at::FLAGS).ok_or(Garbled::Cut)?;
        if flags & QR == 0 || flags & OPCODE != 0 {
            return Err(Garbled::NotAResponse);
        }
        let (asked, length) = response.get(HEADER..).and_then(Name::from_wire).ok_or(Garbled::Cut)?;
        let question_end = HEADER + length + 4;
        if word(response, at::QUESTIONS) != Some(1)
            || asked != *name
            || word(response, HEADER + length) != Some(qtype)
            || word(response, HEADER + length + 2) != Some(IN)
        {
            return Err(Garbled::OtherQuestion);
        }
        let mut reading = Reading::new(response, question_end, name, qtype, memory);
        reading.sections()?;
        Ok(reading.finish(flags))
    }

    /// An answer made here: own addresses with a TTL of 60 s, or no data of that type.
    pub(crate) fn own(name: &Name, qtype: u16, addresses: &OwnAddresses) -> Self {
        let mut own = Local::new(name, qtype, rcode::NOERROR);
        match qtype {
            rtype::A => addresses.v4.iter().for_each(|address| own.answer(rtype::A, &address.octets())),
            rtype::AAAA => addresses.v6.iter().for_each(|address| own.answer(rtype::AAAA, &address.octets())),
            _ => {}
        }
        own.finish(&[], OWN_TTL)
    }

    /// SERVFAIL: no upstream gave an answer.
    pub(crate) fn unreachable(name: &Name, qtype: u16, memory: &Memory) -> Self {
        Local::new(name, qtype, rcode::SERVFAIL).finish(&NO_REACHABLE_AUTHORITY, memory.failure_ttl)
    }

    /// The octets for one client, `age` seconds after it was read, in at most `limit` octets (cut with TC where it is longer).
    pub fn answer(&self, age: u32, query: &Query, limit: usize) -> Vec<u8> {
        let mut out = Vec::new();
        reply::write(self, Age::Fresh(age), query, limit, &mut out);
        out
    }

    /// Whether this is about that name and type.
    pub(crate) fn answers(&self, name: &Name, qtype: u16) -> bool {
        let wire = name.wire();
        self.question_end == HEADER + wire.len() + 4
            && self.message.get(HEADER..HEADER + wire.len()) == Some(wire)
            && word(&self.message, self.question_end - 4) == Some(qtype)
    }

    /// Whether the upstream could not say: another one may.
    pub(crate) fn is_failure(&self) -> bool {
        !matches!(self.code, rcode::NOERROR | rcode::NXDOMAIN)
    }

    /// Octets it holds, for the cache's account.
    pub(crate) fn octets(&self) -> usize {
        self.message.len() + self.ttls.len() * 2 + self.errors.len() + size_of::<Self>()
    }
}

/// One pass over an upstream's answer.
struct Reading<'a> {
    message: Vec<u8>,
    name: &'a Name,
    qtype: u16,
    memory: &'a Memory,
    question_end: usize,
    ttls: Vec<u16>,
    code: u16,
    errors: Vec<u8>,
    least_answer_ttl: Option<u32>,
    has_type: bool,
    negative_ttl: Option<u32>,
}

impl<'a> Reading<'a> {
    fn new(response: &[u8], question_end: usize, name: &'a Name, qtype: u16, memory: &'a Memory) -> Self {
        Self {
            code: word(response, at::FLAGS).unwrap_or_default() & RCODE,
            message: response.to_vec(),
            name,
            qtype,
            memory,
            question_end,
            ttls: Vec::new(),
            errors: Vec::new(),
            least_answer_ttl: None,
            has_type: false,
            negative_ttl: None,
        }
    }

    fn sections(&mut self) -> Result<(), Garbled> {
        let mut offset = self.question_end;
        for section in [at::ANSWERS, at::AUTHORITIES] {
            for _ in 0..word(&self.message, section).ok_or(Garbled::Cut)? {
                let found = record(&self.message, offset).ok_or(Garbled::Cut)?;
                if found.rtype == rtype::OPT {
                    return Err(Garbled::Cut);
                }
                self.record(section, &found)?;
                offset = found.data.end;
            }
        }
        // The additional section is a courtesy, and nobody judges the addresses in it: it goes. Ours is an OPT alone.
        let kept = offset;
        for _ in 0..word(&self.message, at::ADDITIONALS).ok_or(Garbled::Cut)? {
            let found = record(&self.message, offset).ok_or(Garbled::Cut)?;
            offset = found.data.end;
            if found.rtype == rtype::OPT {
                self.code |= u16::try_from(found.ttl >> 24).unwrap_or_default() << 4;
                self.keep_errors(found.data);
                break;
            }
        }
        self.message.truncate(kept);
        put_word(&mut self.message, at::ADDITIONALS, 0);
        Ok(())
    }

    fn record(&mut self, section: usize, found: &crate::message::Record) -> Result<(), Garbled> {
        // TTLs with the top bit set count as zero (RFC 2181 section 8).
        let given = if found.ttl > i32::MAX.unsigned_abs() { 0 } else { found.ttl };
        let mut ttl = given.clamp(self.memory.min_ttl, self.memory.max_ttl);
        if section == at::ANSWERS {
            self.least_answer_ttl = Some(self.least_answer_ttl.map_or(ttl, |least| least.min(ttl)));
            self.has_type |= found.rtype == self.qtype || self.qtype == rtype::ANY;
        } else if section == at::AUTHORITIES && found.rtype == rtype::SOA && self.negative_ttl.is_none() {
            let names = behind_name(&self.message, found.data.start)
                .and_then(|after| behind_name(&self.message, after))
                .ok_or(Garbled::Cut)?;
            let minimum = long(&self.message, names + 16).ok_or(Garbled::Cut)?;
            if names + 20 > found.data.end {
                return Err(Garbled::Cut);
            }
            let negative = ttl.min(minimum).min(self.memory.max_negative_ttl);
            self.negative_ttl = Some(negative);
            if !self.has_type {
                ttl = negative;
            }
        }
        put_long(&mut self.message, found.ttl_at, ttl);
        self.ttls.push(u16::try_from(found.ttl_at).map_err(|_| Garbled::Cut)?);
        if !self.names_stay(found) {
            return Err(Garbled::Ages);
        }
        self.lower_owner(found.start);
        Ok(())
    }

    /// Whether the names of a record stay what they are while its TTLs are counted down: its owner, and in its data where
    /// clients follow pointers (RFC 1035 section 3.3, RFC 2782, and DNAME, whose pointers some servers write all the same). A
    /// name in the data ends in the data, and so does what a pointer in it leads to: what comes behind the record is another thing in
    /// every answer.
    fn names_stay(&self, found: &crate::message::Record) -> bool {
        let Some(until_its_end) = self.message.get(..found.data.end) else { return false };
        let stays = |offset| stays(until_its_end, offset, &self.ttls);
        let end = |offset| behind_name(&self.message, offset).filter(|end| *end <= found.data.end);
        let ends = |offset| end(offset).is_some() && stays(offset);
        let data = found.data.start;
        let in_data = match found.rtype {
            rtype::NS | rtype::CNAME | rtype::PTR | rtype::DNAME => ends(data),
            rtype::MX => ends(data + 2),
            rtype::SRV => ends(data + 6),
            rtype::SOA => ends(data) && end(data).is_some_and(ends),
            _ => true,
        };
        in_data && stays(found.start)
    }

    /// A server that writes the owner out instead of pointing at the question repeats our random case there.
    fn lower_owner(&mut self, start: usize) {
        let end = start + self.name.wire().len();
        if let Some(owner) = self.message.get_mut(start..end)
            && owner.eq_ignore_ascii_case(self.name.wire())
        {
            owner.copy_from_slice(self.name.wire());
        }
    }

    fn keep_errors(&mut self, options: std::ops::Range<usize>) {
        let mut at = options.start;
        while let (Some(code), Some(length)) = (word(&self.message, at), word(&self.message, at + 2)) {
            let end = at + 4 + usize::from(length);
            if end > options.end {
                break;
            }
            if code == EXTENDED_ERROR
                && let Some(option) = self.message.get(at..end)
                && self.errors.len() + option.len() <= MOST_ERROR_OCTETS
            {
                self.errors.extend_from_slice(option);
            }
            at = end;
        }
    }

    fn finish(mut self, flags: u16) -> Stored {
        put_word(&mut self.message, at::ID, 0);
        put_word(&mut self.message, at::FLAGS, flags & !AA);
        if let Some(question) = self.message.get_mut(HEADER..HEADER + self.name.wire().len()) {
            question.copy_from_slice(self.name.wire());
        }
        let positive = self.code == rcode::NOERROR && self.has_type;
        let lifetime = match self.code {
            _ if flags & TC != 0 => 0,
            rcode::NOERROR if positive => self.least_answer_ttl.unwrap_or_default(),
            // An alias to nothing lives no longer than its parts.
            rcode::NOERROR | rcode::NXDOMAIN => {
                self.negative_ttl.map_or(0, |negative| negative.min(self.least_answer_ttl.unwrap_or(negative)))
            }
            _ => self.memory.failure_ttl,
        };
        Stored {
            message: self.message.into(),
            ttls: self.ttls.into(),
            question_end: self.question_end,
            code: self.code,
            errors: self.errors.into(),
            lifetime,
        }
    }
}

/// A message written here.
struct Local {
    message: Vec<u8>,
    ttls: Vec<u16>,
    question_end: usize,
    code: u16,
    answers: u16,
}

impl Local {
    fn new(name: &Name, qtype: u16, code: u16) -> Self {
        let mut message = vec![0; HEADER];
        put_word(&mut message, at::FLAGS, QR | (code & RCODE));
        put_word(&mut message, at::QUESTIONS, 1);
        message.extend_from_slice(name.wire());
        message.extend_from_slice(&qtype.to_be_bytes());
        message.extend_from_slice(&IN.to_be_bytes());
        Self { question_end: message.len(), message, ttls: Vec::new(), code, answers: 0 }
    }

    fn answer(&mut self, rtype: u16, data: &[u8]) {
        let (Ok(length), Ok(ttl_at)) = (u16::try_from(data.len()), u16::try_from(self.message.len() + 6)) else {
            return;
        };
        // The owner is the question's name, by pointer.
        self.message.extend_from_slice(&[0xc0, 0x0c]);
        self.message.extend_from_slice(&rtype.to_be_bytes());
        self.message.extend_from_slice(&IN.to_be_bytes());
        self.message.extend_from_slice(&OWN_TTL.to_be_bytes());
        self.message.extend_from_slice(&length.to_be_bytes());
        self.message.extend_from_slice(data);
        self.ttls.push(ttl_at);
        self.answers += 1;
        put_word(&mut self.message, at::ANSWERS, self.answers);
    }

    fn finish(self, errors: &[u8], lifetime: u32) -> Stored {
        Stored {
            message: self.message.into(),
            ttls: self.ttls.into(),
            question_end: self.question_end,
            code: self.code,
            errors: errors.into(),
            lifetime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_ttl_is_refused_and_other_pointers_are_not() {
        let name: Name = "a".parse().unwrap();
        let read = |pointer: u8, ttl: [u8; 4]| {
            let mut message = b"\x00\x01\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01".to_vec();
            message.extend_from_slice(b"\xc0\x0c\x00\x05\x00\x01");
            message.extend_from_slice(&ttl);
            message.extend_from_slice(&[0, 2, 0xc0, pointer]);
            Stored::read(&message, &name, 1, &Memory::default())
        };
        assert!(read(12, [0, 1, b'0', 0]).is_ok());
        // "0." now, and after a second another name (0x00013000 - 1 is 0x00012fff).
        for into_ttl in 24..28 {
            assert_eq!(read(into_ttl, [0, 1, b'0', 0]), Err(Garbled::Ages), "{into_ttl}");
        }
        assert_eq!(read(30, [0, 1, b'0', 0]), Err(Garbled::Ages), "to itself");
    }

    #[test]
    fn a_name_that_goes_on_behind_its_record_is_refused() {
        // A name server's record without data: what would be read as its name is another thing in every answer.
        let answer = |data: &[u8]| {
            let mut message =
                b"\x12\x34\x81\x80\0\x01\0\0\0\x01\0\0\0\0\x01\0\x01\0\0\x02\0\x01\0\0\x01\x2c\0".to_vec();
            message.push(u8::try_from(data.len()).unwrap());
            message.extend_from_slice(data);
            message.extend_from_slice(b"\x01x\0");
            let root = Name::from_wire(b"\0").unwrap().0;
            Stored::read(&message, &root, rtype::A, &Memory::default()).map(drop)
        };
        assert_eq!(answer(b"\x02ns\0"), Ok(()));
        for data in [&b""[..], b"\x02ns", b"\x02n"] {
            assert_eq!(answer(data), Err(Garbled::Ages), "{data:?}");
        }
        // A pointer to the record's own length (at 27): two octets of data, then what stands behind the record.
        assert_eq!(answer(b"\xc0\x1b"), Err(Garbled::Ages));
    }
}
