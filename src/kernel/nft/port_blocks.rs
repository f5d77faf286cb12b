//! NAT attribution: each visit's flows leave with ports of a block of their own (RFC 6302, RFC 7422), so that a public address,
//! a port and a time lead to one visit, and nobody has to note where flows went. Only where the site switched it on and the
//! kernel can take ports from a map; else there is no such rule, and no set.
//!
//! What has no block leaves with ports of [`SHARED`], which never belong to anybody: visits without one, the garden, the
//! operator's own networks. The gateway's own flows from ports below it are moved there, too.

use std::collections::BTreeMap;

use gapura_model::PortBlock;

use super::codec::{Batch, Conn, Family, NewElem, RuleSpec, SetSpec, Writer, kind, msg, read_elements};
use super::desk::lock;
use super::rule::{Ip, TCP, UDP, rule};
use super::settings::Item;
use super::tables::{destroy_element, put_element};
use crate::{Features, GateConfig, KernelError, Mark, Slot};

/// The map's name.
pub(super) const MAP: &str = "port_blocks";
/// Where blocks of visits lie: below [`SHARED`].
pub const BLOCKS: (u16, u16) = (PortBlock::LOWEST, SHARED.0 - 1);
/// Ports that are nobody's: the dynamic ports of RFC 6335.
pub const SHARED: (u16, u16) = (49_152, 65_535);
/// A visit's flow, and its slot.
const SLOT: u32 = Mark::IDENTIFIED | 0xffff;

/// Whether visits have blocks of ports.
pub(super) const fn is_on(config: &GateConfig, features: Features) -> bool {
    config.port_blocks && features.port_blocks
}

pub(super) fn map() -> SetSpec {
    SetSpec::new(MAP, &[kind::MARK]).map(kind::PORTS)
}

/// What comes before the common masquerading. A flow that finds no free port in its block is refused: the kernel gives it no
/// other. Other protocols have no ports to be asked by.
pub(super) fn rules() -> Vec<RuleSpec> {
    let each = || rule("masquerading").oif("uplinks").family(Ip::V4);
    let mut rules: Vec<RuleSpec> = [TCP, UDP]
        .into_iter()
        .map(|protocol| each().l4(protocol).ports_by_mark(SLOT, MAP).says("a block of its own").masquerade_anew())
        .collect();
    // Time and address servers know their clients by low ports.
    rules.extend([TCP, UDP].into_iter().map(|protocol| {
        let other = each().l4(protocol).sport_from(PortBlock::LOWEST);
        other.says("nobody's ports").masquerade_within(SHARED)
    }));
    rules
}

/// A slot as the map has it.
fn key(slot: Slot) -> [u8; 4] {
    (Mark::IDENTIFIED | u32::from(slot.get())).to_ne_bytes()
}

/// `inet_service . inet_service`, each in four octets.
fn data(block: PortBlock) -> [u8; 8] {
    let ([a, b], [c, d]) = (block.first().to_be_bytes(), block.last().to_be_bytes());
    [a, b, 0, 0, c, d, 0, 0]
}

fn read(key: &[u8], data: &[u8]) -> Option<(Slot, PortBlock)> {
    let mark = Mark::parse(u32::from_ne_bytes(*key.first_chunk()?))?;
    let [a, b, _, _, c, d, _, _] = *data.first_chunk::<8>()?;
    Some((mark.slot, PortBlock::new(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))?))
}

/// The map's elements as a setting.
pub(super) fn items(blocks: &BTreeMap<Slot, PortBlock>) -> Vec<Item> {
    let item = |(slot, block): (&Slot, &PortBlock)| Item {
        key: key(*slot).to_vec(),
        key_end: None,
        interval_end: false,
        data: Some(data(*block).to_vec()),
    };
    blocks.iter().map(item).collect()
}

impl super::Kernel {
    /// Gives visits blocks of ports from now on, or no longer: the rules are replaced in one batch. Flows that run keep the
    /// ports they have; ending them is the caller's. False where this kernel cannot.
    ///
    /// # Errors
    /// The kernel refused; the rules stay as they were.
    pub fn attribute(&mut self, on: bool) -> Result<bool, KernelError> {
        let wanted = on && self.features.port_blocks;
        if self.config.port_blocks != wanted {
            let blocks = std::mem::take(&mut self.settings.blocks);
            self.config.port_blocks = wanted;
            if let Err(error) = self.build() {
                self.config.port_blocks = !wanted;
                self.settings.blocks = blocks;
                return Err(error);
            }
        }
        Ok(wanted == on)
    }

    /// The blocks that slots have, those that outlived a restart too; `None` where there are none to have.
    pub fn port_blocks(&self) -> Option<&BTreeMap<Slot, PortBlock>> {
        self.config.port_blocks.then_some(&self.settings.blocks)
    }

    /// The blocks of all slots from now on; only what differs is told to the kernel. Nothing happens where it is off.
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn set_port_blocks(&mut self, wanted: &BTreeMap<Slot, PortBlock>) -> Result<(), KernelError> {
        if !self.config.port_blocks || self.settings.blocks == *wanted {
            return Ok(());
        }
        let mut batch = Batch::new();
        let had = &self.settings.blocks;
        for (slot, block) in had.iter().filter(|(slot, block)| wanted.get(slot) != Some(block)) {
            let key = key(*slot);
            if self.features.destroy {
                destroy_element(&mut batch, &self.table, MAP, &key);
            } else {
                put_element(&mut batch, &self.table, MAP, &element(&key, &data(*block)));
                super::tables::delete_element(&mut batch, &self.table, MAP, &key);
            }
        }
        for (slot, block) in wanted.iter().filter(|(slot, block)| had.get(slot) != Some(block)) {
            put_element(&mut batch, &self.table, MAP, &element(&key(*slot), &data(*block)));
        }
        lock(&self.writing).commit(batch)?;
        self.settings.blocks.clone_from(wanted);
        Ok(())
    }
}

fn element<'a>(key: &'a [u8], data: &'a [u8]) -> NewElem<'a> {
    NewElem { key, data: Some(data), ..NewElem::default() }
}

/// The blocks an adopted table has; none where it has no such map.
pub(super) fn adopted(reader: &mut Conn, table: &str) -> Result<BTreeMap<Slot, PortBlock>, KernelError> {
    let mut blocks = BTreeMap::new();
    let body = |to: &mut Writer<'_>| {
        to.text(1, table);
        to.text(2, MAP);
    };
    let done = reader.dump("read the blocks of ports", msg::GETSETELEM, Family::Inet.number(), body, |message| {
        let Some(message) = message else { return blocks.clear() };
        blocks.extend(read_elements(message.attrs()).filter_map(|elem| read(elem.key, elem.data?)));
    });
    match done {
        Err(KernelError::Socket { source, .. }) if source.raw_os_error() == Some(libc::ENOENT) => Ok(BTreeMap::new()),
        other => other.map(|()| blocks),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nft::codec::Expr;
    use crate::nft::features::everything;
    use crate::nft::skeleton::{Skeleton, inet};

    fn skeleton(port_blocks: bool, can: bool) -> Skeleton {
        let features = Features { port_blocks: can, ..everything() };
        inet(&GateConfig { port_blocks, ..GateConfig::default() }, features)
    }

    #[test]
    fn a_site_without_it_has_the_very_rules_of_before() {
        let off = skeleton(false, true);
        assert_eq!(skeleton(true, false).stamp(), off.stamp());
        assert_eq!(skeleton(false, false).stamp(), off.stamp());
        assert!(off.sets.iter().all(|set| set.name != MAP));
        let masquerading = |of: &Skeleton| of.rules.iter().filter(|rule| rule.chain == "masquerading").count();
        assert_eq!(masquerading(&off), 2);
        let on = skeleton(true, true);
        assert_ne!(on.stamp(), off.stamp());
        assert_eq!(masquerading(&on), 6);
        // Its own rules come first, and nothing else differs.
        let others: Vec<_> = on.rules.iter().filter(|rule| !rules().contains(rule)).cloned().collect();
        assert_eq!(others, off.rules);
        assert_eq!(on.sets.len(), off.sets.len() + 1);
    }

    #[test]
    fn every_block_is_below_the_ports_that_are_nobodys() {
        assert_eq!((BLOCKS.0, BLOCKS.1 + 1, SHARED.1), (1024, SHARED.0, u16::MAX));
        let shared = |rule: &RuleSpec| {
            rule.exprs.iter().any(|expr| matches!(expr, Expr::Value { data, .. } if *data == SHARED.0.to_be_bytes()))
        };
        assert_eq!(rules().iter().map(shared).collect::<Vec<_>>(), [false, false, true, true]);
    }

    #[test]
    fn elements_read_back() {
        let (slot, block) = (Slot::new(0x1234).unwrap(), PortBlock::new(20_480, 20_991).unwrap());
        assert_eq!(data(block), [0x50, 0, 0, 0, 0x51, 0xff, 0, 0]);
        assert_eq!(read(&key(slot), &data(block)), Some((slot, block)));
        assert_eq!(read(&[1, 0, 0, 0], &data(block)), None, "the garden is nobody's");
        assert_eq!(read(&key(slot), &[0; 8]), None);
    }
}
