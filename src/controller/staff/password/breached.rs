//! A file of SHA-1 hashes of passwords that became known, in the form in which Have I Been Pwned gives them for download: a line
//! each, upper-case hexadecimal, sorted, with or without `:count` behind. Looked up on disk; the file may have many gigabytes.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use gapura_model::Secret;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// Where the file is.
#[derive(Clone, Debug)]
pub(crate) struct Breached {
    path: PathBuf,
}

/// The longest line read.
const LINE: usize = 128;
/// The fewest digits of a hash, where the file keeps its beginning alone.
const FEWEST: usize = 10;

impl Breached {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Whether the password is in the file. Blocks.
    pub(crate) fn holds(&self, password: &Secret<String>) -> io::Result<bool> {
        let wanted = sha1(password.expose());
        let mut file = File::open(&self.path)?;
        let (mut low, mut high) = (0, file.metadata()?.len());
        // Lines that begin in [low, high) have not been looked at; `low` is always the beginning of a line.
        while low < high {
            let middle = low + (high - low) / 2;
            let Some((begin, line)) = line_from(&mut file, low, middle, high)? else {
                high = middle;
                continue;
            };
            let own = line.split(':').next().unwrap_or_default().trim().to_ascii_uppercase();
            if own.len() < FEWEST || !own.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                let what = format!("{}: byte {begin}: not a hexadecimal SHA-1", self.path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            }
            let part = wanted.get(..own.len().min(wanted.len())).unwrap_or_default();
            match part.cmp(own.as_str()) {
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Less => high = middle,
                std::cmp::Ordering::Greater => low = begin + u64::try_from(line.len()).unwrap_or(0) + 1,
            }
        }
        Ok(false)
    }
}

/// Forty upper-case hexadecimal digits.
fn sha1(text: &str) -> String {
    use std::fmt::Write as _;
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    hash.as_ref().iter().fold(String::with_capacity(40), |mut digits, octet| {
        let _ = write!(digits, "{octet:02X}");
        digits
    })
}

/// The first line that begins at `middle` or behind it and before `high`, and where; `low` is the beginning of a line.
fn line_from(file: &mut File, low: u64, middle: u64, high: u64) -> io::Result<Option<(u64, String)>> {
    // One octet earlier, so that a line which begins exactly at `middle` is seen.
    let from = if middle == low { low } else { middle - 1 };
    file.seek(SeekFrom::Start(from))?;
    let mut octets = vec![0; 2 * LINE];
    let mut filled = 0;
    while let Some(room) = octets.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read(room)? {
            0 => break,
            read => filled += read,
        }
    }
    let text = octets.get(..filled).unwrap_or_default();
    let skipped = if middle == low { Some(0) } else { text.iter().position(|octet| *octet == b'\n').map(|at| at + 1) };
    let Some(skipped) = skipped else { return Ok(None) };
    let begin = from + u64::try_from(skipped).unwrap_or(0);
    let rest = text.get(skipped..).unwrap_or_default();
    if begin >= high || rest.is_empty() {
        return Ok(None);
    }
    let end = rest.iter().position(|octet| *octet == b'\n').unwrap_or(rest.len());
    Ok(Some((begin, String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_by_its_hash_in_a_sorted_file_of_any_shape() {
        let directory = std::env::temp_dir().join(format!("gapura-breached-{}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let path = directory.join("hashes.txt");
        let known: Vec<String> = (0..500).map(|number| format!("sandi nomor {number}")).collect();
        let mut hashes: Vec<String> = known.iter().map(|password| sha1(password)).collect();
        hashes.sort();
        for many in [1, 2, 3, 499, 500] {
            for (cut, behind, end) in [(40, ":12345", "\r\n"), (40, "", "\n"), (10, "", "\n")] {
                let lines = hashes.iter().take(many).map(|hash| format!("{}{behind}{end}", &hash[..cut]));
                let text = lines.collect::<String>();
                std::fs::write(&path, text.trim_end()).unwrap();
                let breached = Breached::new(path.clone());
                for password in &known {
                    let there = hashes.iter().take(many).any(|one| *one == sha1(password));
                    let held = breached.holds(&Secret::new(password.clone())).unwrap();
                    assert_eq!(held, there, "{password} among {many}");
                }
                assert!(!breached.holds(&Secret::new("kuda makan rumput laut".to_owned())).unwrap());
            }
        }
        std::fs::write(&path, "").unwrap();
        assert!(!Breached::new(path.clone()).holds(&Secret::new("x".to_owned())).unwrap());
        std::fs::write(&path, "this is no list of hashes\n").unwrap();
        assert!(Breached::new(path.clone()).holds(&Secret::new("x".to_owned())).is_err());
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(Breached::new(path).holds(&Secret::new("x".to_owned())).is_err(), "a file that went away is said");
    }
}
