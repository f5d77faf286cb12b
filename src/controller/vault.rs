//! Codes of vouchers under the controller's own key: the database alone reveals none of them.

use gapura_model::{VoucherCode, VoucherToken};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::keys::{KeysError, random};

/// Ten letters of a code, sixteen bytes of a token.
const PLAIN: usize = 26;
const CODE: usize = 10;

/// Seals codes with ChaCha20-Poly1305 (RFC 8439) under random nonces. Each is bound to its site and tag: a row that is copied to
/// another voucher does not open there.
pub(crate) struct Vault(Option<LessSafeKey>);

/// What is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The code on the paper.
    pub(crate) code: VoucherCode,
    /// The token in its QR code.
    pub(crate) token: VoucherToken,
}

impl Vault {
    /// With this key.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(UnboundKey::new(&CHACHA20_POLY1305, key).ok().map(LessSafeKey::new))
    }

    /// Nonce, sealed code and token, tag of authenticity: 54 bytes.
    pub(crate) fn seal(&self, site: &str, tag: &[u8], kept: &Kept) -> Result<Vec<u8>, KeysError> {
        let nonce = random::<NONCE_LEN>()?;
        let mut text = Vec::with_capacity(PLAIN + 16);
        text.extend_from_slice(kept.code.expose().as_bytes());
        text.extend_from_slice(kept.token.expose());
        let key = self.0.as_ref().ok_or(KeysError::Seal)?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to(site, tag), &mut text)
            .map_err(|_| KeysError::Seal)?;
        Ok([nonce.as_slice(), &text].concat())
    }

    /// A text, sealed for this object: hexadecimal digits of nonce, text and tag of authenticity.
    pub(crate) fn seal_text(&self, object: &str, text: &str) -> Result<String, KeysError> {
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = text.as_bytes().to_vec();
        let key = self.0.as_ref().ok_or(KeysError::Seal)?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), text_of(object), &mut sealed)
            .map_err(|_| KeysError::Seal)?;
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
        Ok(nonce.iter().chain(&sealed).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
    }

    /// The text that was sealed for this object; `None` for anything else, or under another key.
    pub(crate) fn open_text(&self, object: &str, sealed: &str) -> Option<String> {
        let sealed = bytes(sealed)?;
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let key = self.0.as_ref()?;
        let plain = key.open_in_place(Nonce::assume_unique_for_key(*nonce), text_of(object), &mut text).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }

    /// What was sealed for this voucher; `None` for anything else, or under another key.
    pub(crate) fn open(&self, site: &str, tag: &[u8], sealed: &[u8]) -> Option<Kept> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let key = self.0.as_ref()?;
        let plain = key.open_in_place(Nonce::assume_unique_for_key(*nonce), bound_to(site, tag), &mut text).ok()?;
        let (code, token) = plain.split_at_checked(CODE)?;
        let code = std::str::from_utf8(code).ok()?.parse().ok()?;
        Some(Kept { code, token: VoucherToken::new(token.try_into().ok()?) })
    }
}

fn bound_to(site: &str, tag: &[u8]) -> Aad<Vec<u8>> {
    Aad::from([b"gapura voucher 1\0".as_slice(), site.as_bytes(), b"\0", tag].concat())
}

fn text_of(object: &str) -> Aad<Vec<u8>> {
    Aad::from([b"gapura text 1\0".as_slice(), object.as_bytes()].concat())
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|c| c.is_ascii_hexdigit()))?;
        u8::from_str_radix(pair, 16).ok()
    };
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.remainder().is_empty().then(|| pairs.map(byte).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_for_its_own_object_alone() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal_text("order\0galeri\0a", "kode ABCDE").unwrap();
        assert!(!sealed.contains("ABCDE") && !sealed.contains("4142434445"));
        assert_eq!(vault.open_text("order\0galeri\0a", &sealed).as_deref(), Some("kode ABCDE"));
        assert_ne!(vault.seal_text("order\0galeri\0a", "kode ABCDE").unwrap(), sealed, "a nonce is never used twice");
        assert_eq!(vault.open_text("order\0galeri\0b", &sealed), None);
        assert_eq!(Vault::new(&[8; 32]).open_text("order\0galeri\0a", &sealed), None);
        for wrong in [&sealed[1..], &sealed[2..], "zz", "", "é"] {
            assert_eq!(vault.open_text("order\0galeri\0a", wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_sealed_code_opens_for_its_own_voucher_alone() {
        let vault = Vault::new(&[7; 32]);
        let kept = Kept { code: "ABCDE23456".parse().unwrap(), token: VoucherToken::new([9; 16]) };
        let sealed = vault.seal("galeri", &[1; 32], &kept).unwrap();
        assert_eq!(sealed.len(), 54);
        assert!(!sealed.windows(5).any(|five| five == b"ABCDE" || five == [9; 5]));
        assert_eq!(vault.open("galeri", &[1; 32], &sealed), Some(kept.clone()));
        assert_ne!(vault.seal("galeri", &[1; 32], &kept).unwrap(), sealed, "a nonce is never used twice");
        assert_eq!(vault.open("galeri", &[2; 32], &sealed), None);
        assert_eq!(vault.open("telecenter", &[1; 32], &sealed), None);
        assert_eq!(Vault::new(&[8; 32]).open("galeri", &[1; 32], &sealed), None);
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(vault.open("galeri", &[1; 32], &changed), None, "{place}");
            assert_eq!(vault.open("galeri", &[1; 32], &sealed[..place]), None, "{place}");
        }
    }
}
