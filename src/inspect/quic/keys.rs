//! Opening a client's Initial: its keys come from the connection id that stands in it (RFC 9001 section 5, RFC 9369
//! section 3.3), so that everybody on the path can read it.

use ring::aead::quic::{AES_128 as AES_128_HEADER, HeaderProtectionKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

use super::header::Initial;
use crate::Over;

const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e,
    0xd9,
];
const SECRET: usize = 32;
const KEY: usize = 16;
/// Where the sample for header protection begins, counted from the packet number (RFC 9001 section 5.4.2).
const SAMPLE_AT: usize = 4;
const SAMPLE: usize = 16;
/// The bits of a long header's first octet that are protected.
const PROTECTED: u8 = 0x0f;

/// What opens a client's Initials of one connection.
pub(super) struct Keys {
    payload: LessSafeKey,
    iv: [u8; NONCE_LEN],
    header: HeaderProtectionKey,
}

impl Keys {
    /// The keys that the connection id of a client's first Initial makes.
    pub(super) fn new(over: Over, id: &[u8]) -> Option<Self> {
        let (salt, names) = match over {
            Over::QuicV2 => (SALT_2, ["quicv2 key", "quicv2 iv", "quicv2 hp"]),
            Over::QuicV1 | Over::Tcp => (SALT_1, ["quic key", "quic iv", "quic hp"]),
        };
        let initial = Salt::new(HKDF_SHA256, &salt).extract(id);
        let client = Prk::new_less_safe(HKDF_SHA256, &expand::<SECRET>(&initial, "client in")?);
        let [key, iv, header] = names;
        Some(Self {
            payload: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &expand::<KEY>(&client, key)?).ok()?),
            iv: expand(&client, iv)?,
            header: HeaderProtectionKey::new(&AES_128_HEADER, &expand::<KEY>(&client, header)?).ok()?,
        })
    }

    /// The packet's number and its frames; `None` where it was not sealed with these keys. `largest` is the largest number
    /// seen before.
    pub(super) fn open(&self, initial: &Initial<'_>, largest: Option<u64>) -> Option<(u64, Vec<u8>)> {
        let mut packet = initial.packet.to_vec();
        let sample_at = initial.number_at.checked_add(SAMPLE_AT)?;
        let mask = self.header.new_mask(packet.get(sample_at..sample_at.checked_add(SAMPLE)?)?).ok()?;
        let (first_mask, number_mask) = mask.split_first()?;
        let first = packet.first_mut()?;
        *first ^= first_mask & PROTECTED;
        let length = usize::from(*first & 3) + 1;
        let mut short = 0;
        let (header, payload) = packet.split_at_mut_checked(initial.number_at + length)?;
        for (octet, mask) in header.get_mut(initial.number_at..)?.iter_mut().zip(number_mask) {
            *octet ^= mask;
            short = short << 8 | u64::from(*octet);
        }
        let number = whole_number(short, length, largest);
        let mut nonce = self.iv;
        for (octet, part) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
            *octet ^= part;
        }
        let nonce = Nonce::assume_unique_for_key(nonce);
        let frames = self.payload.open_in_place(nonce, Aad::from(&*header), payload).ok()?;
        Some((number, frames.to_vec()))
    }
}

/// The number whose lowest `length` octets are `short` and that is nearest to the next one expected (RFC 9000 appendix A.3).
fn whole_number(short: u64, length: usize, largest: Option<u64>) -> u64 {
    let expected = largest.map_or(0, |largest| largest.saturating_add(1));
    let window = 1_u64 << (8 * length.min(4));
    let candidate = expected & !(window - 1) | short;
    if candidate.saturating_add(window / 2) <= expected && candidate < (1 << 62) - window {
        candidate + window
    } else if candidate > expected.saturating_add(window / 2) && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
fn expand<const N: usize>(secret: &Prk, label: &str) -> Option<[u8; N]> {
    const PREFIX: &[u8] = b"tls13 ";
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let named = [u8::try_from(PREFIX.len() + label.len()).ok()?];
    let mut output = [0; N];
    secret.expand(&[&length, &named, PREFIX, label.as_bytes(), &[0]], Length(N)).ok()?.fill(&mut output).ok()?;
    Some(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortened_numbers_are_those_of_rfc_9000_appendix_a() {
        assert_eq!(whole_number(0x9b32, 2, Some(0xa82f_30ea)), 0xa82f_9b32);
        assert_eq!(whole_number(3, 1, None), 3);
        assert_eq!(whole_number(0xff, 1, None), 0xff);
        assert_eq!(whole_number(1, 1, Some(0xff)), 0x101);
        assert_eq!(whole_number(0xfe, 1, Some(0x100)), 0xfe);
    }
}
