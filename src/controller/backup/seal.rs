//! A sealed file: what is in it can neither be read nor changed nor cut off unseen without its key.
//!
//! A line that names the format, a line of JSON about the key, then chunks of up to 64 KiB, each led by its length: ChaCha20-
//! Poly1305 with the chunk's number and whether it is the last one in the nonce (the STREAM construction), bound to the lines
//! before. Each file has a key of its own: Argon2id of a passphrase, or HMAC-SHA256 of a key file, over a random salt.

use std::io::{self, BufRead, Read, Write};

use gapura_wire::Sha256;
use jiff::Timestamp;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use serde::{Deserialize, Serialize};

/// What a backup is opened with.
#[derive(Clone)]
pub enum Secret {
    /// A passphrase; guessing it is made slow.
    Passphrase(String),
    /// The content of a key file.
    Key([u8; 32]),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A sealed file could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It does not begin as a backup does.
    #[error("this is no backup of Gapura, or its beginning was altered")]
    NotABackup,
    /// It was sealed with another kind of secret.
    #[error("this backup was sealed with {0}: name that")]
    OtherKind(&'static str),
    /// Another key or passphrase.
    #[error("this is not the key or passphrase of this backup")]
    WrongSecret,
    /// A chunk is not what was written, or the end is missing.
    #[error("the backup was altered or cut off: use another one")]
    Altered,
    /// A key could not be made.
    #[error("cannot make the key of a backup")]
    Key,
    /// Reading or writing.
    #[error("cannot read or write the backup")]
    Io(#[from] io::Error),
}

const MAGIC: &str = "GAPURA BACKUP 1";
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
/// The lines at the beginning are shorter.
const HEAD_OCTETS: u64 = 1024;

/// What the second line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// When the picture of the database was taken (UTC).
    pub(crate) made: Timestamp,
    /// How the key is made.
    key: KeyWay,
    /// 32 octets.
    salt: Sha256,
    /// Tells a wrong key from an altered file.
    check: Sha256,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "kebab-case")]
enum KeyWay {
    /// A passphrase; memory in KiB, and passes.
    Argon2id { memory: u32, passes: u32 },
    /// A key file.
    File,
}

/// OWASP's advice is 19 MiB and two passes for a login; a backup may take longer.
const PASSPHRASE: KeyWay = KeyWay::Argon2id { memory: 64 * 1024, passes: 3 };
/// What somebody's header may cost at most: 1 GiB, 16 passes.
const MOST: (u32, u32) = (1024 * 1024, 16);

/// The file's key.
fn key(secret: &Secret, way: KeyWay, salt: &[u8; 32]) -> Result<[u8; 32], SealError> {
    let mut key = [0; 32];
    match (secret, way) {
        (Secret::Passphrase(phrase), KeyWay::Argon2id { memory, passes }) if memory <= MOST.0 && passes <= MOST.1 => {
            let params = argon2::Params::new(memory, passes, 1, Some(key.len())).map_err(|_| SealError::NotABackup)?;
            let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
            argon2.hash_password_into(phrase.as_bytes(), salt, &mut key).map_err(|_| SealError::Key)?;
        }
        (Secret::Key(file), KeyWay::File) => {
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, file), salt);
            key.copy_from_slice(tag.as_ref());
        }
        (Secret::Passphrase(_), KeyWay::File) => return Err(SealError::OtherKind("a key file")),
        (Secret::Key(_), KeyWay::Argon2id { .. }) => return Err(SealError::OtherKind("a passphrase")),
        (Secret::Passphrase(_), KeyWay::Argon2id { .. }) => return Err(SealError::NotABackup),
    }
    Ok(key)
}

fn check(key: &[u8; 32]) -> Result<Sha256, SealError> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"gapura backup key");
    tag.as_ref().try_into().map(Sha256::from_bytes).map_err(|_| SealError::Key)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, SealError> {
    UnboundKey::new(&CHACHA20_POLY1305, key).map(LessSafeKey::new).map_err(|_| SealError::Key)
}

/// Never used twice: a file has a key of its own, and chunks are counted.
fn nonce(number: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    if let Some((end, start)) = nonce.split_last_mut() {
        *end = u8::from(last);
        for (place, octet) in start.iter_mut().rev().zip(number.to_be_bytes().iter().rev()) {
            *place = *octet;
        }
    }
    Nonce::assume_unique_for_key(nonce)
}

/// Seals what is written to it.
pub(crate) struct Sealer<W: Write> {
    to: W,
    cipher: LessSafeKey,
    bound: Sha256,
    chunk: Vec<u8>,
    number: u64,
}

impl<W: Write> Sealer<W> {
    /// Writes the beginning of the file.
    pub(crate) fn new(mut to: W, secret: &Secret, salt: [u8; 32], made: Timestamp) -> Result<Self, SealError> {
        let way = match secret {
            Secret::Passphrase(_) => PASSPHRASE,
            Secret::Key(_) => KeyWay::File,
        };
        let key = key(secret, way, &salt)?;
        let head = Head { made, key: way, salt: Sha256::from_bytes(salt), check: check(&key)? };
        let head = format!("{MAGIC}\n{}\n", serde_json::to_string(&head).map_err(io::Error::from)?);
        to.write_all(head.as_bytes())?;
        let bound = Sha256::of(head.as_bytes());
        Ok(Self { to, cipher: cipher(&key)?, bound, chunk: Vec::with_capacity(CHUNK + TAG), number: 0 })
    }

    /// Writes the last chunk; what it wrote to.
    pub(crate) fn finish(mut self) -> Result<W, SealError> {
        self.seal(true)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let nonce = nonce(self.number, last);
        let sealed = self.cipher.seal_in_place_append_tag(nonce, Aad::from(self.bound.as_bytes()), &mut self.chunk);
        sealed.map_err(|_| io::Error::other(SealError::Key))?;
        let length = u32::try_from(self.chunk.len()).map_err(io::Error::other)?;
        self.to.write_all(&length.to_be_bytes())?;
        self.to.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        // A full chunk waits for what follows it: only the last one is sealed as the last.
        if self.chunk.len() == CHUNK {
            self.seal(false)?;
        }
        let taken = octets.get(..octets.len().min(CHUNK - self.chunk.len())).unwrap_or_default();
        self.chunk.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Opens a sealed file.
pub(crate) struct Opener<R: BufRead> {
    from: R,
    cipher: LessSafeKey,
    bound: Sha256,
    chunk: Vec<u8>,
    at: usize,
    number: u64,
    ended: bool,
    /// What the file says of itself.
    pub(crate) head: Head,
}

impl<R: BufRead> Opener<R> {
    /// Reads the beginning of the file.
    pub(crate) fn new(mut from: R, secret: &Secret) -> Result<Self, SealError> {
        let mut lines = Vec::new();
        for _ in 0..2 {
            from.by_ref().take(HEAD_OCTETS).read_until(b'\n', &mut lines)?;
        }
        let text = std::str::from_utf8(&lines).map_err(|_| SealError::NotABackup)?;
        let head = text.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix('\n')).ok_or(SealError::NotABackup)?;
        let head: Head = serde_json::from_str(head).map_err(|_| SealError::NotABackup)?;
        let key = key(secret, head.key, head.salt.as_bytes())?;
        if check(&key)? != head.check {
            return Err(SealError::WrongSecret);
        }
        let (cipher, bound) = (cipher(&key)?, Sha256::of(&lines));
        Ok(Self { from, cipher, bound, chunk: Vec::new(), at: 0, number: 0, ended: false, head })
    }

    /// Reads to the end: whether it is whole and as it was written.
    pub(crate) fn verify(mut self) -> Result<Head, SealError> {
        while self.next()? {}
        Ok(self.head)
    }

    /// The next chunk; false after the last one.
    fn next(&mut self) -> Result<bool, SealError> {
        if self.ended {
            return Ok(false);
        }
        let cut = |error: io::Error| {
            if error.kind() == io::ErrorKind::UnexpectedEof { SealError::Altered } else { SealError::Io(error) }
        };
        let mut length = [0; 4];
        self.from.read_exact(&mut length).map_err(cut)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(TAG..=CHUNK + TAG).contains(&length) {
            return Err(SealError::Altered);
        }
        self.chunk.resize(length, 0);
        self.from.read_exact(&mut self.chunk).map_err(cut)?;
        let last = self.from.fill_buf()?.is_empty();
        let nonce = nonce(self.number, last);
        let opened = self.cipher.open_in_place(nonce, Aad::from(self.bound.as_bytes()), &mut self.chunk);
        let octets = opened.map_err(|_| SealError::Altered)?.len();
        self.chunk.truncate(octets);
        (self.at, self.ended) = (0, last);
        self.number += 1;
        Ok(true)
    }
}

impl<R: BufRead> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            if !self.next().map_err(io::Error::other)? {
                return Ok(0);
            }
        }
        let left = self.chunk.get(self.at..).unwrap_or_default();
        let taken = left.len().min(into.len());
        if let (Some(into), Some(left)) = (into.get_mut(..taken), left.get(..taken)) {
            into.copy_from_slice(left);
        }
        self.at += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(secret: &Secret, content: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), secret, [7; 32], Timestamp::UNIX_EPOCH).unwrap();
        sealer.write_all(content).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(secret: &Secret, file: &[u8]) -> Result<Vec<u8>, SealError> {
        Opener::new(file, secret)?.verify()?;
        let mut content = Vec::new();
        Opener::new(file, secret)?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn what_was_sealed_is_opened_with_its_secret_alone() {
        let phrase = Secret::Passphrase("gerbang desa kami".to_owned());
        let (file, other) = (Secret::Key([1; 32]), Secret::Key([2; 32]));
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17] {
            let content: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect();
            assert_eq!(opened(&file, &sealed(&file, &content)).unwrap(), content, "{length}");
        }
        assert_eq!(opened(&phrase, &sealed(&phrase, b"isi")).unwrap(), b"isi");
        assert!(matches!(opened(&other, &sealed(&file, b"isi")), Err(SealError::WrongSecret)));
        assert!(matches!(opened(&phrase, &sealed(&file, b"isi")), Err(SealError::OtherKind("a key file"))));
        let wrong = Secret::Passphrase("gerbang".to_owned());
        assert!(matches!(opened(&wrong, &sealed(&phrase, b"isi")), Err(SealError::WrongSecret)));
        assert!(matches!(opened(&file, b"PK\x03\x04"), Err(SealError::NotABackup)));
    }

    #[test]
    fn a_file_that_was_cut_or_altered_anywhere_is_refused() {
        let secret = Secret::Key([1; 32]);
        let content = vec![5; 2 * CHUNK + 100];
        let whole = sealed(&secret, &content);
        let head = whole.iter().enumerate().filter(|(_, octet)| **octet == b'\n').nth(1).unwrap().0 + 1;
        let frame = 4 + CHUNK + TAG;
        let ends = [head, head + 2, head + frame, head + 2 * frame, whole.len() - 1];
        for end in ends {
            assert!(matches!(opened(&secret, &whole[..end]), Err(SealError::Altered)), "cut at {end}");
        }
        for at in [10, head - 3, head + 1, head + 5, head + frame + 9, whole.len() - 1] {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            assert!(opened(&secret, &altered).is_err(), "altered at {at}");
        }
        let mut swapped = whole.clone();
        swapped[head..head + 2 * frame].rotate_left(frame);
        assert!(matches!(opened(&secret, &swapped), Err(SealError::Altered)), "chunks in another order");
        let more = [whole.as_slice(), b"x"].concat();
        assert!(matches!(opened(&secret, &more), Err(SealError::Altered)), "something behind the end");
    }
}
