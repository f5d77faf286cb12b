//! Writes tables, elements and objects into batches; compares tables with what they should be.

use std::collections::{BTreeMap, BTreeSet};

use super::codec::{Attrs, Batch, Conn, Family, NewElem, SetSpec, Writer, is_map, msg, obj, read_elements};
use super::plan::{Key, Op, Value};
use super::settings::{Filled, Item};
use super::skeleton::Skeleton;
use crate::KernelError;

const DESTROYSETELEM: u8 = 30;
const OWNER: u32 = 2;
const PERSIST: u32 = 4;
const CHUNK: usize = 400;

pub(crate) const fn table_flags(owner: bool, persist: bool) -> u32 {
    (if owner { OWNER } else { 0 }) | if persist { PERSIST } else { 0 }
}

fn elements(batch: &mut Batch, what: u8, family: Family, table: &str, set: &str, write: impl FnOnce(&mut Writer<'_>)) {
    let body = |to: &mut Writer<'_>| {
        to.text(1, table);
        to.text(2, set);
        to.nest(3, write);
    };
    if what == msg::NEWSETELEM {
        batch.add(what, family, body);
    } else {
        batch.delete(what, family, body);
    }
}

pub(crate) fn put_element(batch: &mut Batch, table: &str, set: &str, elem: &NewElem<'_>) {
    elements(batch, msg::NEWSETELEM, Family::Inet, table, set, |to| elem.write(to));
}

pub(crate) fn delete_element(batch: &mut Batch, table: &str, set: &str, key: &[u8]) {
    elements(batch, msg::DELSETELEM, Family::Inet, table, set, |to| NewElem { key, ..NewElem::default() }.write(to));
}

/// Deletes an element that may be gone already.
pub(crate) fn destroy_element(batch: &mut Batch, table: &str, set: &str, key: &[u8]) {
    elements(batch, DESTROYSETELEM, Family::Inet, table, set, |to| NewElem { key, ..NewElem::default() }.write(to));
}

/// Writes a planned operation.
pub(crate) fn write_op(batch: &mut Batch, table: &str, destroy: bool, op: &Op) {
    match op {
        Op::Put { set, key, value, timeout_ms } => put(batch, table, set, *key, value, *timeout_ms),
        Op::Gone { set, key, value } => {
            with_key(*key, |key| {
                if destroy {
                    destroy_element(batch, table, set, key);
                }
            });
            if !destroy {
                // What is there stays, what is not appears: the deletion then finds it either way.
                put(batch, table, set, *key, value, None);
                with_key(*key, |key| delete_element(batch, table, set, key));
            }
        }
        Op::Quota { name, bytes } => batch.add_new(msg::NEWOBJ, Family::Inet, |to| {
            to.text(1, table);
            to.text(2, name);
            to.u32(3, obj::QUOTA);
            to.nest(4, |to| to.u64(1, *bytes));
        }),
        Op::Unquota { name } => batch.delete(msg::DELOBJ, Family::Inet, |to| {
            to.text(1, table);
            to.text(2, name);
            to.u32(3, obj::QUOTA);
        }),
    }
}

pub(crate) fn with_key<R>(key: Key, then: impl FnOnce(&[u8]) -> R) -> R {
    match key {
        Key::Mark(mark) => then(&mark.to_ne_bytes()),
        Key::Device(device) => then(&device),
    }
}

fn put(batch: &mut Batch, table: &str, set: &str, key: Key, value: &Value, timeout: Option<u64>) {
    with_key(key, |key| {
        let bare = NewElem { key, timeout, ..NewElem::default() };
        match value {
            Value::None => put_element(batch, table, set, &bare),
            Value::Number(number) => {
                put_element(batch, table, set, &NewElem { data: Some(&number.to_ne_bytes()), ..bare });
            }
            Value::Object(name) => put_element(batch, table, set, &NewElem { object: Some(name), ..bare }),
        }
    });
}

/// Removes all elements of a set.
pub(crate) fn empty_set(batch: &mut Batch, family: Family, table: &str, set: &str) {
    batch.delete(msg::DELSETELEM, family, |to| {
        to.text(1, table);
        to.text(2, set);
    });
}

/// Empties a set and fills it again.
pub(crate) fn refill(batch: &mut Batch, table: &str, (family, set, items): &Filled) {
    empty_set(batch, *family, table, set);
    for chunk in items.chunks(CHUNK) {
        elements(batch, msg::NEWSETELEM, *family, table, set, |to| {
            for Item { key, key_end, interval_end, data } in chunk {
                let (key_end, data) = (key_end.as_deref(), data.as_deref());
                NewElem { key, key_end, data, interval_end: *interval_end, ..NewElem::default() }.write(to);
            }
        });
    }
}

/// What the kernel has under the gate's name in one family.
#[derive(Clone, Debug, Default)]
pub(crate) struct Present {
    /// Flags and owner; `None` where there is no table.
    pub(crate) table: Option<(u32, Option<u32>)>,
    pub(crate) chains: BTreeSet<String>,
    pub(crate) sets: BTreeMap<String, Vec<u8>>,
    pub(crate) counters: BTreeSet<String>,
    /// Rules as the kernel numbers them: a stranger's edit changes the list.
    pub(crate) handles: Vec<(String, u64)>,
}

impl Present {
    pub(crate) fn read(conn: &mut Conn, table: &str, family: Family) -> Result<Self, KernelError> {
        let mut present = Self::default();
        let number = family.number();
        conn.dump(
            "read tables",
            msg::GETTABLE,
            number,
            |_| {},
            |message| {
                let Some(attrs) = message.map(super::codec::Message::attrs) else { return present.table = None };
                if attrs.text(1) == Some(table) {
                    present.table = Some((attrs.u32(2).unwrap_or(0), attrs.u32(7)));
                }
            },
        )?;
        if present.table.is_none() {
            return Ok(present);
        }
        let ours = |attrs: Attrs<'_>| attrs.text(1) == Some(table);
        conn.dump(
            "read chains",
            msg::GETCHAIN,
            number,
            |_| {},
            |message| {
                let Some(attrs) = message.map(super::codec::Message::attrs) else { return present.chains.clear() };
                present.chains.extend(attrs.text(3).filter(|_| ours(attrs)).map(str::to_owned));
            },
        )?;
        conn.dump(
            "read sets",
            msg::GETSET,
            number,
            |to| to.text(1, table),
            |message| {
                let Some(attrs) = message.map(super::codec::Message::attrs) else { return present.sets.clear() };
                if let Some(name) = attrs.text(2).filter(|_| ours(attrs)) {
                    present.sets.insert(name.to_owned(), attrs.0.to_vec());
                }
            },
        )?;
        conn.dump(
            "read rules",
            msg::GETRULE,
            number,
            |to| to.text(1, table),
            |message| {
                let Some(attrs) = message.map(super::codec::Message::attrs) else { return present.handles.clear() };
                if let (true, Some(chain), Some(handle)) = (ours(attrs), attrs.text(2), attrs.u64(3)) {
                    present.handles.push((chain.to_owned(), handle));
                }
            },
        )?;
        let body = |to: &mut Writer<'_>| {
            to.text(1, table);
            to.u32(3, obj::COUNTER);
        };
        conn.dump("read counters", msg::GETOBJ, number, body, |message| {
            let Some(attrs) = message.map(super::codec::Message::attrs) else { return present.counters.clear() };
            present.counters.extend(attrs.text(2).filter(|_| ours(attrs)).map(str::to_owned));
        })?;
        Ok(present)
    }

    /// Makes the table, or makes an existing one ours: it keeps its flags, and naming an orphan's own flags adopts it.
    pub(crate) fn name(&self, batch: &mut Batch, table: &str, family: Family, new_flags: u32) {
        let flags = self.table.map_or(new_flags, |(flags, _)| flags & (OWNER | PERSIST));
        batch.add(msg::NEWTABLE, family, |to| {
            to.text(1, table);
            to.u32(2, flags);
        });
    }

    /// Whether a map there is must go, or give its place to another of the same name.
    pub(crate) fn replaces_a_map(&self, skeleton: &Skeleton) -> bool {
        self.sets.iter().any(|(name, found)| {
            let stays = skeleton.sets.iter().any(|set| set.name == *name && set.matches(Attrs(found)));
            !stays && is_map(Attrs(found))
        })
    }

    /// The first thing that is not as it should be; `None` when all is well.
    pub(crate) fn fault(&self, skeleton: &Skeleton, handles: &[(String, u64)]) -> Option<String> {
        if self.table.is_none() {
            return Some("the table is gone".to_owned());
        }
        let missing = skeleton.chains.iter().find(|chain| !self.chains.contains(chain.name));
        if let Some(chain) = missing {
            return Some(format!("chain {} is gone", chain.name));
        }
        if !self.chains.contains(&skeleton.stamp()) {
            return Some("the rules are of another version".to_owned());
        }
        let different =
            skeleton.sets.iter().find(|set| !self.sets.get(set.name).is_some_and(|found| set.matches(Attrs(found))));
        if let Some(set) = different {
            return Some(format!("set {} is gone or different", set.name));
        }
        if let Some(counter) = skeleton.counters.iter().find(|name| !self.counters.contains(**name)) {
            return Some(format!("counter {counter} is gone"));
        }
        let changed = self
            .handles
            .iter()
            .find(|handle| !handles.contains(handle))
            .or_else(|| handles.iter().find(|handle| !self.handles.contains(handle)));
        changed.map(|(chain, _)| format!("rules of chain {chain} were changed"))
    }
}

/// Writes everything that makes `present` into `skeleton`, in one batch, keeping sets and their elements where they can stay.
pub(crate) fn rebuild(
    batch: &mut Batch,
    conn: &mut Conn,
    table: &str,
    skeleton: &Skeleton,
    present: &Present,
    new_flags: u32,
) -> Result<(), KernelError> {
    let family = skeleton.family;
    let stamp = skeleton.stamp();
    present.name(batch, table, family, new_flags);
    if present.table.is_some() {
        batch.delete(msg::DELRULE, family, |to| to.text(1, table));
    }
    if !present.chains.contains(&stamp) {
        for chain in &present.chains {
            batch.delete(msg::DELCHAIN, family, |to| {
                to.text(1, table);
                to.text(3, chain);
            });
        }
    }
    for name in skeleton.counters.iter().filter(|name| !present.counters.contains(**name)) {
        batch.add(msg::NEWOBJ, family, |to| {
            to.text(1, table);
            to.text(2, name);
            to.u32(3, obj::COUNTER);
            to.nest(4, |to| {
                to.u64(1, 0);
                to.u64(2, 0);
            });
        });
    }
    // What an older version had and this one lacks.
    for name in present.sets.keys().filter(|name| !skeleton.sets.iter().any(|set| set.name == **name)) {
        batch.delete(msg::DELSET, family, |to| {
            to.text(1, table);
            to.text(2, name);
        });
    }
    for (id, set) in (1..).zip(&skeleton.sets) {
        rebuild_set(batch, conn, table, family, id, set, present.sets.get(set.name))?;
    }
    for chain in &skeleton.chains {
        batch.add(msg::NEWCHAIN, family, |to| chain.write(to, table));
    }
    batch.add(msg::NEWCHAIN, family, |to| {
        to.text(1, table);
        to.text(3, &stamp);
    });
    for rule in &skeleton.rules {
        batch.append(msg::NEWRULE, family, |to| rule.write(to, table));
    }
    Ok(())
}

fn rebuild_set(
    batch: &mut Batch,
    conn: &mut Conn,
    table: &str,
    family: Family,
    id: u32,
    set: &SetSpec,
    found: Option<&Vec<u8>>,
) -> Result<(), KernelError> {
    let same = found.is_some_and(|found| set.matches(Attrs(found)));
    if same {
        return Ok(());
    }
    let mut kept: Vec<Vec<u8>> = Vec::new();
    if found.is_some() {
        let body = |to: &mut Writer<'_>| {
            to.text(1, table);
            to.text(2, set.name);
        };
        conn.dump("read elements to keep", msg::GETSETELEM, family.number(), body, |message| {
            let Some(message) = message else { return kept.clear() };
            kept.extend(read_elements(message.attrs()).map(|elem| elem.raw.to_vec()));
        })?;
        batch.delete(msg::DELSET, family, |to| {
            to.text(1, table);
            to.text(2, set.name);
        });
    }
    batch.add(msg::NEWSET, family, |to| set.write(to, table, id));
    for chunk in kept.chunks(CHUNK / 4) {
        elements(batch, msg::NEWSETELEM, family, table, set.name, |to| {
            for raw in chunk {
                to.nest(1, |to| to.0.extend_from_slice(raw));
            }
        });
    }
    Ok(())
}
