//! The frames that an Initial may hold (RFC 9000 section 12.4): of them only CRYPTO says anything.

use crate::octets::Octets;

const PADDING: u64 = 0x00;
const PING: u64 = 0x01;
const ACK: u64 = 0x02;
const ACK_ECN: u64 = 0x03;
const CRYPTO: u64 = 0x06;
const CLOSE: u64 = 0x1c;

/// A part of the TLS handshake, and where in it the part begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crypto<'a> {
    pub(super) offset: u64,
    pub(super) data: &'a [u8],
}

/// The CRYPTO frames; `None` where something stands there that no Initial may hold.
pub(super) fn crypto(frames: &[u8]) -> Option<Vec<Crypto<'_>>> {
    let mut found = Vec::new();
    let mut reader = Octets::new(frames);
    while !reader.is_empty() {
        match reader.varint()? {
            PADDING | PING => {}
            ACK => acknowledged(&mut reader)?,
            ACK_ECN => {
                acknowledged(&mut reader)?;
                for _ in 0..3 {
                    reader.varint()?;
                }
            }
            CRYPTO => {
                let offset = reader.varint()?;
                found.push(Crypto { offset, data: reader.counted()? });
            }
            CLOSE => {
                reader.varint()?;
                reader.varint()?;
                reader.counted()?;
            }
            _ => return None,
        }
    }
    Some(found)
}

/// The largest number, the delay, and ranges (RFC 9000 section 19.3).
fn acknowledged(reader: &mut Octets<'_>) -> Option<()> {
    reader.varint()?;
    reader.varint()?;
    let ranges = reader.varint()?;
    reader.varint()?;
    for _ in 0..ranges {
        reader.varint()?;
        reader.varint()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_without_words_are_passed_over() {
        let frames = [
            &[0, 0, 1, 2, 9, 0, 1, 0, 3, 3, 3, 9, 0, 0, 0, 1, 2, 3][..],
            &[6, 0x40, 5, 2, 8, 9],
            &[0x1c, 0, 0, 1, b'x'],
            &[6, 0, 0],
        ]
        .concat();
        let found = crypto(&frames).unwrap();
        assert_eq!(found, [Crypto { offset: 5, data: &[8, 9] }, Crypto { offset: 0, data: &[] }]);
    }

    #[test]
    fn frames_that_no_initial_may_hold_are_refused() {
        for wrong in [&[0x08, 0, 1][..], &[6, 0, 2, 1], &[2, 0, 0, 0x7f, 0xff, 0], &[0x1d, 0, 0], &[0xc0]] {
            assert_eq!(crypto(wrong), None);
        }
    }
}
