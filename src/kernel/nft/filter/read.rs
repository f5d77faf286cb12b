//! Reads the filter that the kernel holds.

use super::normal::{Normal, Span, Spans, Width};
use super::plan::{Content, Held, MAPS, Maps, PAIRS, Pairs, read_pairs, read_stamps};
use crate::KernelError;
use crate::nft::codec::{Conn, Family, NewElem, Writer, msg, read_elements};
use crate::nft::reconcile::items;

/// One end of a range, as dumped.
type Edge<A> = (A, bool, Option<u32>);
/// Ranges asked for when a map is looked at without reading it.
const PROBES: usize = 32;

impl Held {
    /// Reads everything, and whether the idle maps are empty. `deep`: the ranges too, where a stamp says what they are; that
    /// takes seconds for 100,000.
    pub(crate) fn read(conn: &mut Conn, table: &str, deep: bool) -> Result<(Self, [bool; 2]), KernelError> {
        let pairs = read_all_pairs(conn, table)?;
        let [stamp4, stamp6] = read_stamps(&pairs);
        let (v4, idle4) = read_maps(conn, table, 0, stamp4, deep)?;
        let (v6, idle6) = read_maps(conn, table, 2, stamp6, deep)?;
        Ok((Self { v4, v6, pairs }, [idle4, idle6]))
    }

    /// The filter that these elements are, as far as their ranges were read.
    pub(crate) fn meaning(&self) -> Normal {
        let mut normal = Normal { v4: self.v4.content.spans(), v6: self.v6.content.spans(), ..Normal::default() };
        read_pairs(&self.pairs, [self.v4.active, self.v6.active], &mut normal);
        normal
    }
}

impl<A: Width> Content<A> {
    /// The ranges, where they are known.
    pub(crate) fn spans(&self) -> Spans<A> {
        match self {
            Self::Known(spans) => spans.clone(),
            Self::Stamped(_) | Self::Strange => Spans::default(),
        }
    }
}

/// Reads the small sets.
pub(crate) fn read_all_pairs(conn: &mut Conn, table: &str) -> Result<Pairs, KernelError> {
    let mut pairs = Pairs::default();
    for (set, place) in PAIRS.iter().zip(&mut pairs) {
        *place = items(conn, table, Family::Inet, set)?;
    }
    Ok(pairs)
}

/// Reads the maps of a family; whether the idle one is known to be empty.
fn read_maps<A: Width>(
    conn: &mut Conn,
    table: &str,
    base: u8,
    stamp: Option<(u8, u128)>,
    deep: bool,
) -> Result<(Maps<A>, bool), KernelError> {
    if let Some((active, stamp)) = stamp {
        let content = if deep { read_map(conn, table, active, Some(stamp))? } else { Content::Stamped(stamp) };
        return Ok((Maps { active, content }, false));
    }
    // A new table, or a first filling that was broken off.
    let content = read_map(conn, table, base, None)?;
    let idle = read_map::<A>(conn, table, base + 1, None)?;
    Ok((Maps { active: base, content }, idle == Content::Known(Spans::default())))
}

/// The ranges in a map, which should be those of a stamp.
pub(crate) fn read_map<A: Width>(
    conn: &mut Conn,
    table: &str,
    map: u8,
    stamp: Option<u128>,
) -> Result<Content<A>, KernelError> {
    let Some(set) = MAPS.get(usize::from(map)) else { return Ok(Content::Strange) };
    let mut edges: Vec<Edge<A>> = Vec::new();
    let mut strange = false;
    let body = |to: &mut Writer<'_>| {
        to.text(1, table);
        to.text(2, set);
    };
    conn.dump("read the address filter", msg::GETSETELEM, Family::Inet.number(), body, |message| {
        let Some(message) = message else {
            strange = false;
            return edges.clear();
        };
        for elem in read_elements(message.attrs()) {
            let class = elem.data.and_then(|data| data.first_chunk()).map(|class| u32::from_ne_bytes(*class));
            match A::read(elem.key) {
                Some(at) => edges.push((at, elem.interval_end, class)),
                None => strange = true,
            }
        }
    })?;
    let spans = ranges(edges).filter(|_| !strange).map(Spans::of);
    let spans = spans.filter(|spans| stamp.is_none_or(|stamp| stamp == spans.stamp));
    Ok(spans.map_or(Content::Strange, Content::Known))
}

/// Whether a map holds some of the ranges it should; it is not read whole.
pub(crate) fn probe_map<A: Width>(
    conn: &mut Conn,
    table: &str,
    map: u8,
    spans: &Spans<A>,
) -> Result<bool, KernelError> {
    let Some(set) = MAPS.get(usize::from(map)) else { return Ok(false) };
    for span in spans.list.iter().step_by(spans.list.len() / PROBES + 1) {
        let key = span.first.key();
        let body = |to: &mut Writer<'_>| {
            to.text(1, table);
            to.text(2, set);
            to.nest(3, |to| NewElem { key: key.as_ref(), ..NewElem::default() }.write(to));
        };
        let mut class = None;
        let asked = conn.ask("look at the address filter", msg::GETSETELEM, Family::Inet.number(), body, |message| {
            let data = read_elements(message.attrs()).find_map(|elem| elem.data?.first_chunk().copied());
            class = data.map(u32::from_ne_bytes);
        });
        match asked {
            Err(KernelError::Socket { source, .. }) if source.raw_os_error() == Some(libc::ENOENT) => {
                return Ok(false);
            }
            other => other?,
        }
        if class != Some(span.class) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Pairs starts and ends. At one address an end stands before the start that follows.
fn ranges<A: Width>(mut edges: Vec<Edge<A>>) -> Option<Vec<Span<A>>> {
    edges.sort_unstable_by_key(|&(at, end, _)| (at, !end));
    let mut spans = Vec::with_capacity(edges.len() / 2 + 1);
    let mut open: Option<(A, u32)> = None;
    for (at, end, class) in edges {
        if end {
            let (first, class) = open.take()?;
            spans.push(Span { first, last: at.before().filter(|last| *last >= first)?, class });
        } else if open.replace((at, class?)).is_some() {
            return None;
        }
    }
    spans.extend(open.map(|(first, class)| Span { first, last: A::GREATEST, class }));
    Some(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_meet_their_starts_and_strange_lists_are_none() {
        let edges = vec![
            (20_u32, false, Some(7)),
            (10, false, Some(5)),
            (20, true, None),
            (30, true, None),
            (40, false, Some(5)),
        ];
        let spans = ranges(edges).unwrap();
        assert_eq!(
            spans,
            [
                Span { first: 10, last: 19, class: 5 },
                Span { first: 20, last: 29, class: 7 },
                Span { first: 40, last: u32::MAX, class: 5 },
            ]
        );
        assert_eq!(ranges(vec![(5_u32, true, None)]), None, "an end without a start");
        let twice = vec![(5_u32, false, Some(0)), (6, false, Some(0))];
        assert_eq!(ranges(twice), None, "two starts");
        assert_eq!(ranges(vec![(5_u32, false, None)]), None, "a range without a class");
    }
}
