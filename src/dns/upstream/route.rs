//! Which servers are asked for which name: those of the longest zone that holds it, else the general ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use gapura_model::{Name, Uptime};

use super::{AuthoritiesError, Group, Means, NoAnswer};
use crate::counters::Counters;
use crate::hooks::Clock;
use crate::message::rtype;
use crate::query::Query;
use crate::server::{Forward, Upstream};
use crate::stored::Stored;

/// All servers, by zone. What is in force never changes: other servers are another value, which shares what stays the same
/// with its health and its connections.
pub(crate) struct Upstreams {
    general: Arc<Group>,
    zones: BTreeMap<Box<[u8]>, Arc<Group>>,
    means: Means,
}

impl Upstreams {
    pub(crate) fn new(upstreams: &[Upstream], forwards: &[Forward], means: Means) -> Result<Self, AuthoritiesError> {
        let general = Arc::new(Group::new(upstreams, &means)?);
        let nothing = Self { general, zones: BTreeMap::new(), means };
        nothing.with_forwards(forwards)
    }

    /// With other general servers.
    pub(crate) fn with_upstreams(&self, upstreams: &[Upstream]) -> Result<Self, AuthoritiesError> {
        let general = if self.general.is(upstreams) {
            Arc::clone(&self.general)
        } else {
            Arc::new(Group::new(upstreams, &self.means)?)
        };
        Ok(Self { general, zones: self.zones.clone(), means: self.means.clone() })
    }

    /// With other zones. Of a zone stated twice the last one counts; the configuration refuses it.
    pub(crate) fn with_forwards(&self, forwards: &[Forward]) -> Result<Self, AuthoritiesError> {
        let mut zones = BTreeMap::new();
        for Forward { zone, servers } in forwards {
            let group = match self.zones.get(zone.wire()) {
                Some(group) if group.is(servers) => Arc::clone(group),
                _ => Arc::new(Group::new(servers, &self.means)?),
            };
            zones.insert(zone.wire().into(), group);
        }
        Ok(Self { general: Arc::clone(&self.general), zones, means: self.means.clone() })
    }

    /// Whether the zones are those, so that nothing would change.
    pub(crate) fn has_forwards(&self, forwards: &[Forward]) -> bool {
        let same =
            |forward: &Forward| self.zones.get(forward.zone.wire()).is_some_and(|group| group.is(&forward.servers));
        self.zones.len() == forwards.len() && forwards.iter().all(same)
    }

    /// Asks whoever is to be asked for this name; nobody else is, even where none of them answers.
    pub(crate) async fn ask(&self, query: &Query, clock: &Clock, counters: &Arc<Counters>) -> Result<Stored, NoAnswer> {
        let group = self.forward(&query.name, query.qtype).unwrap_or(&self.general);
        group.ask(query, clock, counters).await
    }

    /// Whether a stated zone holds this name: its servers are the operator's own, and may answer with private addresses.
    pub(crate) fn is_forwarded(&self, name: &Name) -> bool {
        self.forward(name, rtype::A).is_some()
    }

    /// How many of all servers are well, and how many there are.
    pub(crate) fn well(&self, now: Uptime) -> (usize, usize) {
        let groups = std::iter::once(&self.general).chain(self.zones.values());
        groups.map(|group| group.well(now)).fold((0, 0), |(well, all), (more, of)| (well + more, all + of))
    }

    fn forward(&self, name: &Name, qtype: u16) -> Option<&Arc<Group>> {
        if self.zones.is_empty() {
            return None;
        }
        // The DS record of a zone lies with its parent (RFC 4035 section 3.1.4.1).
        let skipped = usize::from(qtype == rtype::DS);
        name.suffixes().skip(skipped).find_map(|suffix| self.zones.get(suffix))
    }
}
