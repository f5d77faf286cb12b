//! A list inside a tar archive (POSIX.1-1988 ustar and GNU's), as UT1 of Toulouse ships its categories: one file of it is read.
//!
//! An archive is read to its very end, so that one that is cut short or whose checksum is wrong is an error, whatever the list in
//! it says. Nothing of it is ever written to a disk; links are not followed, and a path that leads out of it is refused.

use std::io::{self, Read};

use tar::{Archive, EntryType, Header};

/// The file that is taken where the catalogue names none.
const USUAL: &str = "domains";
/// What is looked at to know an archive: its first header, in octets.
pub(crate) const HEADER: usize = 512;
/// Entries that are looked through.
const MOST_ENTRIES: usize = 100_000;

/// Whether a file that begins so is a tar archive: the magic word stands in its first header, and its checksum is right.
pub(crate) fn is_archive(front: &[u8]) -> bool {
    let Some(block) = front.first_chunk::<HEADER>() else { return false };
    let header = Header::from_byte_slice(block);
    let named = header.as_ustar().is_some() || header.as_gnu().is_some();
    // RFC-less as tar is: the sum of all octets, its own field taken as spaces.
    let sum: u32 = block
        .iter()
        .zip(0_usize..)
        .map(|(octet, at)| if (148..156).contains(&at) { 32 } else { u32::from(*octet) })
        .sum();
    named && header.cksum().is_ok_and(|told| told == sum)
}

/// Gives the content of one file of the archive to `take`, with its name: that which is called `wanted`, else the only one that is
/// called `domains`.
///
/// # Errors
/// No such file or several, a link in its place, a path that leads out, and an archive that is not whole.
pub(crate) fn read_member(
    from: &mut impl Read,
    wanted: Option<&str>,
    take: &mut dyn FnMut(&str, &mut dyn Read),
) -> io::Result<()> {
    let mut counted = Counted { from, octets: 0 };
    let mut found = None;
    let end = {
        let mut archive = Archive::new(&mut counted);
        let mut end = 0;
        for (number, entry) in archive.entries()?.raw(true).enumerate() {
            if number >= MOST_ENTRIES {
                return Err(wrong(format!("the archive has more than {MOST_ENTRIES} entries")));
            }
            let mut entry = entry?;
            let kind = entry.header().entry_type();
            let size = entry.header().entry_size()?;
            end = entry.raw_file_position().saturating_add(size.div_ceil(HEADER as u64).saturating_mul(HEADER as u64));
            // What describes another entry or the archive has no path of its own.
            let describes = matches!(
                kind,
                EntryType::XHeader | EntryType::XGlobalHeader | EntryType::GNULongName | EntryType::GNULongLink
            );
            if describes {
                continue;
            }
            let name = clean(&entry.path_bytes())?;
            if kind.is_dir() || !is_wanted(&name, wanted) {
                continue;
            }
            if !kind.is_file() && !kind.is_contiguous() {
                return Err(wrong(format!("{name} in the archive is a link or no file: name another one as `member`")));
            }
            if let Some(first) = found.replace(name.clone()) {
                let help = "name one of them as `member`";
                return Err(wrong(format!("the archive has {first} and {name}: {help}")));
            }
            let mut content = Counted { from: &mut entry, octets: 0 };
            let mut noted = Noted { from: &mut content, failed: None };
            take(&name, &mut noted);
            if let Some(error) = noted.failed {
                return Err(error);
            }
            // What is left of it where the reader stopped early.
            io::copy(&mut content, &mut io::sink())?;
            if content.octets != size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        end
    };
    // A block of zeros ends an archive; behind it there may be more of them, and the packer's checksum.
    if counted.octets < end.saturating_add(HEADER as u64) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    io::copy(&mut counted, &mut io::sink())?;
    match (found, wanted) {
        (Some(_), _) => Ok(()),
        (None, Some(wanted)) => Err(wrong(format!("there is no {wanted} in the archive"))),
        (None, None) => Err(wrong(format!("there is no file {USUAL} in the archive: name one as `member`"))),
    }
}

fn is_wanted(name: &str, wanted: Option<&str>) -> bool {
    match wanted {
        Some(wanted) => name == wanted.trim_start_matches("./"),
        None => name.rsplit('/').next() == Some(USUAL),
    }
}

/// A path within the archive; one that leads out of it is an error, whatever is behind it.
fn clean(path: &[u8]) -> io::Result<String> {
    let text = String::from_utf8_lossy(path);
    if text.starts_with('/') || text.split('/').any(|part| part == "..") {
        return Err(wrong(format!("the archive has a path that leads out of it: {text:?}")));
    }
    Ok(text.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/"))
}

fn wrong(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Counts what is read.
struct Counted<R> {
    from: R,
    octets: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        self.octets = self.octets.saturating_add(read as u64);
        Ok(read)
    }
}

/// Remembers that reading failed: readers of lists go on with what came before.
struct Noted<R> {
    from: R,
    failed: Option<io::Error>,
}

impl<R: Read> Read for Noted<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.from.read(to).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.failed = Some(io::Error::new(error.kind(), error.to_string()));
            }
        })
    }
}
