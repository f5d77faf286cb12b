//! Lists on disk: a file or a directory of files, packed or not.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::PathBuf;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

use crate::archive;
use crate::parse::{Reading, Stat, read};
use crate::{Entry, IndexError, Place};

/// Largest window a zstd frame may ask for: 128 MiB, what `zstd --ultra` uses by itself.
const WINDOW_LOG: u32 = 27;

/// How much is read of one list at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one file once unpacked: a few kilobytes can unpack to gigabytes.
    pub octets: u64,
    /// Files of a directory.
    pub files: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self { octets: 4 << 30, files: 1000 }
    }
}

/// Reads all files of a list. Every line that says something goes to `sink`; the counts, and a revision made of the files' content, are
/// returned. A directory's files are read in the order of their names; hidden ones and directories in it are passed over.
pub fn load(
    paths: &[PathBuf],
    reading: Reading,
    limits: Limits,
    sink: &mut dyn FnMut(&Entry, Place),
) -> Result<(Stat, String), IndexError> {
    load_member(paths, None, reading, limits, sink)
}

/// The same for files that are tar archives (packed or not): of each the file `member` is read, else the only one that is called
/// `domains`. With a `member`, files that are no archives are an error.
pub fn load_member(
    paths: &[PathBuf],
    member: Option<&str>,
    reading: Reading,
    limits: Limits,
    sink: &mut dyn FnMut(&Entry, Place),
) -> Result<(Stat, String), IndexError> {
    let mut stat = Stat::default();
    let mut sum = Sha256::new();
    for path in files(paths, limits.files)? {
        let number = u16::try_from(stat.files.len()).unwrap_or(u16::MAX);
        let open = || format!("read the list {}", path.display());
        let file = File::open(&path).map_err(IndexError::io(open()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut summed = Summed { from: file, sum: &mut sum };
        let mut unpacked = Bounded { from: unpack(&mut summed).map_err(IndexError::io(open()))?, left: limits.octets };
        let mut front = Vec::with_capacity(archive::HEADER);
        let failed = unpacked.by_ref().take(archive::HEADER as u64).read_to_end(&mut front).err();
        let packed = failed.is_none() && archive::is_archive(&front);
        let mut whole = front.chain(Failed(failed)).chain(unpacked);
        if packed {
            let mut take = |inside: &str, mut content: &mut dyn Read| {
                stat.files.push(format!("{name}:{inside}"));
                read(&mut content, number, reading, &mut stat, sink);
            };
            archive::read_member(&mut whole, member, &mut take).map_err(IndexError::io(open()))?;
        } else if let Some(member) = member {
            let why = format!("it is no tar archive that {member} could be in");
            return Err(IndexError::io(open())(io::Error::new(io::ErrorKind::InvalidData, why)));
        } else {
            stat.files.push(name);
            read(&mut whole, number, reading, &mut stat, sink);
        }
    }
    let revision = sum.finalize().iter().take(8).fold(String::from("sha256:"), |mut text, octet| {
        use std::fmt::Write as _;
        let _ = write!(text, "{octet:02x}");
        text
    });
    Ok((stat, revision))
}

fn files(paths: &[PathBuf], most: u16) -> Result<Vec<PathBuf>, IndexError> {
    let mut files = Vec::new();
    for path in paths {
        let what = || format!("read the list {}", path.display());
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in path.read_dir().map_err(IndexError::io(what()))? {
            let entry = entry.map_err(IndexError::io(what()))?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && entry.path().is_file() {
                inside.push(entry.path());
            }
        }
        inside.sort_unstable();
        files.append(&mut inside);
    }
    if files.len() > usize::from(most) {
        let why = io::Error::other(format!("{} files, and at most {most} are read", files.len()));
        return Err(IndexError::io("read a list")(why));
    }
    Ok(files)
}

/// Unpacks what begins as gzip (RFC 1952) or zstd (RFC 8878) does.
pub fn unpack<'a>(from: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut from = BufReader::with_capacity(64 * 1024, from);
    let front = from.fill_buf()?;
    if front.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(MultiGzDecoder::new(from)));
    }
    if front.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(from)?;
        decoder.window_log_max(WINDOW_LOG)?;
        return Ok(Box::new(decoder));
    }
    Ok(Box::new(from))
}

/// Adds what is read to a sum.
struct Summed<'a> {
    from: File,
    sum: &'a mut Sha256,
}

impl Read for Summed<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        self.sum.update(to.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Fails once, as the reader before it did.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Ends with an error, not quietly, where there is more than allowed.
struct Bounded<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => {
                self.left = left;
                Ok(read)
            }
            None => Err(io::Error::other("larger than a list may be")),
        }
    }
}
