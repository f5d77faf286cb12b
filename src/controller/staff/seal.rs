//! Small secrets at rest: ChaCha20-Poly1305 (RFC 8439) under a key that is no part of the database, so that a copied database
//! gives no second factors away.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

/// Seals and opens.
pub(crate) struct Seal(LessSafeKey);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal([secret])")
    }
}

impl Seal {
    /// For one purpose, from a seed that may serve several (HKDF, RFC 5869); `None` never happens with a key of this length.
    pub(crate) fn new(seed: &[u8; 32], purpose: &str) -> Option<Self> {
        let key = Salt::new(HKDF_SHA256, b"gapura seal 1").extract(seed);
        let mut octets = [0; 32];
        key.expand(&[purpose.as_bytes()], HKDF_SHA256).ok()?.fill(&mut octets).ok()?;
        UnboundKey::new(&CHACHA20_POLY1305, &octets).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// `secret` of `owner`, sealed with a nonce that was never used before (random); the nonce stands before it.
    pub(crate) fn seal(&self, owner: &str, secret: &[u8], nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        let mut sealed = secret.to_vec();
        let done = self.0.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(owner.as_bytes()),
            &mut sealed,
        );
        // Sealing fails for texts of 256 GiB alone; nothing is better than something unsealed.
        if done.is_err() {
            sealed.clear();
        }
        [nonce.as_slice(), &sealed].concat()
    }

    /// What was sealed for `owner`; `None` where it was not, or was changed.
    pub(crate) fn open(&self, owner: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut rest = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0.open_in_place(nonce, Aad::from(owner.as_bytes()), &mut rest).ok().map(|plain| plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_for_one_is_opened_for_nobody_else() {
        let seal = Seal::new(&[7; 32], "totp").unwrap();
        let sealed = seal.seal("ani", b"rahasia", [1; NONCE_LEN]);
        assert_eq!(seal.open("ani", &sealed).as_deref(), Some(b"rahasia".as_slice()));
        assert_eq!(seal.open("budi", &sealed), None);
        assert_eq!(Seal::new(&[7; 32], "sso").unwrap().open("ani", &sealed), None);
        assert_eq!(Seal::new(&[8; 32], "totp").unwrap().open("ani", &sealed), None);
        let mut changed = sealed.clone();
        changed[14] ^= 1;
        assert_eq!(seal.open("ani", &changed), None);
        for cut in [0, 5, 12, sealed.len() - 1] {
            assert_eq!(seal.open("ani", &sealed[..cut]), None, "{cut}");
        }
        assert!(!sealed.windows(7).any(|part| part == b"rahasia"));
    }
}
