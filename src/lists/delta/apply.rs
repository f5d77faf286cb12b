//! Applies a delta.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;

use super::{FORMAT, HEAD, MAGIC, Renumber, WINDOW_LOG};
use crate::file::Fresh;
use crate::index::{Contents, Effect, HEAD as INDEX_HEAD, Header, Index, SIGNED, Tail, Writer, signature};
use crate::{BuildError, DeltaError, IndexError, varint};

type Frame<'a> = zstd::stream::read::Decoder<'a, &'a [u8]>;

/// Writes to `to` the index that `delta` makes of `old`. `root` is what was announced: nothing else is ever put there, nor anything that
/// `verify`, which gets root and signature, does not take.
///
/// Holds the new lists, effects and address ranges in memory; names go by as a stream.
pub fn apply(
    old: &Index,
    delta: &[u8],
    root: &[u8; 32],
    verify: &dyn Fn(&[u8; 32], &[u8]) -> bool,
    to: &Path,
) -> Result<(), DeltaError> {
    let mut rest = delta;
    let mut head = || take_array::<8>(&mut rest);
    if head()? != *MAGIC || u64::from_le_bytes(head()?) != FORMAT {
        return Err(DeltaError::NotADelta);
    }
    let mut roots = || take_array::<32>(&mut rest);
    if roots()? != old.root() {
        return Err(DeltaError::OtherBase);
    }
    if roots()? != *root {
        return Err(DeltaError::OtherTarget);
    }
    let mut frame = |prefix| take_frame(&mut rest, prefix);
    let front = read(&mut frame(&[])?, INDEX_HEAD as u64)?;
    let (signed, seal) = front.split_first_chunk::<SIGNED>().ok_or(DeltaError::Broken("the header"))?;
    let signature = signature(seal).ok_or(DeltaError::Broken("the signature"))?;
    if !verify(root, signature) {
        return Err(IndexError::Signature.into());
    }
    let header = Header::read(signed)?;
    let shape = header.shape()?;
    if header.key != old.header().key || shape.bits() != old.shape().bits() {
        return Err(DeltaError::Unlike);
    }
    let tail = Tail::read(&header, &read(&mut frame(old.tail())?, header.tail_octets()?)?)?;
    let contents = Contents {
        version: header.version,
        key: header.key,
        names: header.names,
        shape,
        effects: tail.effects,
        ranges: tail.ranges,
        lists: tail.lists,
    };
    let mut changes = Changes { removed: frame(&[])?, changed: frame(&[])?, added: frame(&[])? };
    if !rest.is_empty() {
        return Err(DeltaError::Broken("something hangs behind it"));
    }
    let fresh = Fresh::beside(to).map_err(IndexError::io(format!("create {}", to.display())))?;
    let renumber = Renumber::between(old.lists(), &contents.lists);
    let effects = contents.effects.clone();
    let mut writer = Writer::new(contents, fresh)?;
    merge(old, &mut changes, renumber, &effects, &mut writer)?;
    match writer.finish(&|made| (made == root).then(|| signature.to_vec())) {
        Ok(_) => Ok(()),
        Err(BuildError::Index(error)) => Err(error.into()),
        Err(_) => Err(DeltaError::OtherTarget),
    }
}

struct Changes<'a> {
    removed: Frame<'a>,
    changed: Frame<'a>,
    added: Frame<'a>,
}

/// The old entries with the changes, to the writer.
fn merge(
    old: &Index,
    changes: &mut Changes<'_>,
    mut renumber: Renumber,
    effects: &[Effect],
    writer: &mut Writer,
) -> Result<(), DeltaError> {
    let numbers: HashMap<Effect, u32> = effects.iter().copied().zip(0..).collect();
    let known = |number: u64| {
        u32::try_from(number).ok().filter(|&n| (n as usize) < effects.len()).ok_or(DeltaError::Broken("an effect"))
    };
    let mut out = Rising { writer, last: None };
    let mut removed = next(&mut changes.removed, 0, true)?;
    let mut changed = next(&mut changes.changed, 0, true)?;
    let mut changed_to = if changed.is_some() { known(value(&mut changes.changed)?)? } else { 0 };
    let mut added = next(&mut changes.added, 0, true)?;
    let mut put_added = |out: &mut Rising<'_>, before: Option<u64>| -> Result<(), DeltaError> {
        while let Some(key) = added.filter(|&key| before.is_none_or(|before| key <= before)) {
            out.push(key, known(value(&mut changes.added)?)?)?;
            added = next(&mut changes.added, key, false)?;
        }
        Ok(())
    };
    for (rank, entry) in (0_u64..).zip(old.entries()) {
        let (key, effect) = entry?;
        // An added key that is there already is put first, and then refused as not rising.
        put_added(&mut out, Some(key))?;
        if removed == Some(rank) {
            removed = next(&mut changes.removed, rank, false)?;
            continue;
        }
        if changed == Some(rank) {
            out.push(key, changed_to)?;
            changed = next(&mut changes.changed, rank, false)?;
            changed_to = if changed.is_some() { known(value(&mut changes.changed)?)? } else { 0 };
            continue;
        }
        if let Some(effect) = renumber.map(&effect) {
            out.push(key, *numbers.get(&effect).ok_or(DeltaError::Broken("an entry without effect"))?)?;
        }
    }
    put_added(&mut out, None)?;
    if removed.or(changed).is_some() {
        return Err(DeltaError::Broken("a change beyond the last entry"));
    }
    Ok(())
}

/// Passes on keys that rise, and no others.
struct Rising<'a> {
    writer: &'a mut Writer,
    last: Option<u64>,
}

impl Rising<'_> {
    fn push(&mut self, key: u64, effect: u32) -> Result<(), DeltaError> {
        if self.last.is_some_and(|last| last >= key) {
            return Err(DeltaError::Broken("entries out of order"));
        }
        self.last = Some(key);
        self.writer.push(key, effect)?.map_err(|_| DeltaError::Broken("more entries than there is room for"))
    }
}

/// The next rank or key, a distance beyond `last`; `None` at the end. The first may be 0, later ones not.
fn next(from: &mut impl Read, last: u64, first: bool) -> Result<Option<u64>, DeltaError> {
    let mut octet = [0];
    let read = loop {
        match from.read(&mut octet) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other.map_err(|_| DeltaError::Broken("its entries"))?,
        }
    };
    if read == 0 {
        return Ok(None);
    }
    let distance = value(&mut octet.as_slice().chain(from))?;
    if distance == 0 && !first {
        return Err(DeltaError::Broken("an entry twice"));
    }
    last.checked_add(distance).map(Some).ok_or(DeltaError::Broken("an entry beyond the last key"))
}

fn value(from: &mut impl Read) -> Result<u64, DeltaError> {
    varint::take(from).map_err(|_| DeltaError::Broken("its entries"))
}

fn take_array<const N: usize>(from: &mut &[u8]) -> Result<[u8; N], DeltaError> {
    let (array, rest) = from.split_first_chunk::<N>().ok_or(DeltaError::NotADelta)?;
    *from = rest;
    Ok(*array)
}

fn take_frame<'a>(from: &mut &'a [u8], prefix: &'a [u8]) -> Result<Frame<'a>, DeltaError> {
    let cut = || DeltaError::Broken("it is cut short");
    let length = varint::take(from).ok().and_then(|length| usize::try_from(length).ok()).ok_or_else(cut)?;
    let (octets, rest) = from.split_at_checked(length).ok_or_else(cut)?;
    *from = rest;
    let broken = |_| DeltaError::Broken("a frame");
    let mut frame = Frame::with_ref_prefix(octets, prefix).map_err(broken)?;
    frame.window_log_max(WINDOW_LOG).map_err(broken)?;
    Ok(frame)
}

/// Exactly `length` octets, with nothing behind them.
fn read(from: &mut impl Read, length: u64) -> Result<Vec<u8>, DeltaError> {
    let mut octets = Vec::new();
    let read = from.by_ref().take(length + 1).read_to_end(&mut octets).map_err(|_| DeltaError::Broken("a frame"))?;
    if read as u64 == length { Ok(octets) } else { Err(DeltaError::Broken("a frame of another length")) }
}

const _: () = assert!(HEAD == 8 + 8 + 32 + 32);
