//! Which traffic classes each visit has: in the tier of its plan, with its speed, and a slow one for the end of its bytes.

use std::collections::BTreeMap;

use gapura_kernel::ClassIds;
use gapura_kernel::net::shaper::{Growth, Side, TierId, TierSpeed};
use gapura_kernel::net::{ClassId, Shaper, Speed as ClassSpeed};
use gapura_model::{BitRate, IfName, PlanId, VisitId};
use gapura_session::{Grant, Speed, UplinkShare};

/// Classes made in one step of the background growth.
const STEP: usize = 32;
/// Visits that are given other classes in one step: one batch of the kernel.
const MOVES: usize = 64;

/// The shaping trees and who has which class of them.
pub(crate) struct Shaping {
    /// None where the kernel cannot shape.
    shaper: Option<Shaper>,
    tiers: BTreeMap<PlanId, TierId>,
    classes: BTreeMap<VisitId, Classes>,
    /// Classes that visits moved away from; the kernel's maps led to them until that batch was through.
    left: Vec<ClassId>,
}

/// The traffic classes of a visit.
#[derive(Debug)]
struct Classes {
    has: Pair,
    wanted: Wanted,
}

/// The class of a visit, and the one for the end of its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pair {
    plan: Option<ClassId>,
    slow: Option<ClassId>,
}

#[derive(Debug)]
struct Wanted {
    plan: PlanId,
    tier: TierId,
    speed: Speed,
    slow: Option<Speed>,
}

/// A visit that has other classes from now on, for the kernel to be told.
#[derive(Debug)]
pub(crate) struct Moved {
    pub(crate) visit: VisitId,
    pub(crate) classes: ClassIds,
    pub(crate) slow: Option<ClassIds>,
    before: Pair,
}

impl Shaping {
    pub(crate) fn new(shaper: Option<Shaper>) -> Self {
        Self { shaper, tiers: BTreeMap::new(), classes: BTreeMap::new(), left: Vec::new() }
    }

    pub(crate) const fn works(&self) -> bool {
        self.shaper.is_some()
    }

    /// Gives each plan with a part of the uplink a tier. Running visits of a plan that gained or lost its part stay in the
    /// classes they have until [`Shaping::grow`] has others for them.
    pub(crate) fn share_out(&mut self, parts: &BTreeMap<PlanId, UplinkShare>) {
        let numbers = TierId::number(parts.keys().map(PlanId::as_str));
        let tier = |plan: &PlanId| numbers.get(plan.as_str()).copied();
        let speed = |share: &UplinkShare| TierSpeed { guaranteed: Some(share.guaranteed), most: ceilings(share.most) };
        self.tiers = parts.keys().filter_map(|plan| Some((plan.clone(), tier(plan)?))).collect();
        for classes in self.classes.values_mut() {
            classes.wanted.tier = self.tiers.get(&classes.wanted.plan).copied().unwrap_or(TierId::DEFAULT);
        }
        let speeds = parts.iter().filter_map(|(plan, share)| Some((tier(plan)?, speed(share)))).collect();
        if let Some(shaper) = self.shaper.as_mut()
            && let Err(error) = shaper.set_tiers(speeds)
        {
            tracing::warn!(error = %gapura_model::with_causes(&error), "the uplink could not be shared out anew everywhere");
        }
    }

    /// Puts shaping trees on visitor bridges (download) and uplinks (upload), and takes them from interfaces that are neither.
    pub(crate) fn shape(&mut self, lans: &[IfName], uplinks: &[IfName], down: Option<BitRate>, up: Option<BitRate>) {
        let Some(shaper) = self.shaper.as_mut() else { return };
        let gone: Vec<IfName> = shaper
            .devices()
            .map(|(name, ..)| name.clone())
            .filter(|name| !lans.contains(name) && !uplinks.contains(name))
            .collect();
        for name in gone {
            if let Err(error) = shaper.remove_device(&name) {
                tracing::warn!(%name, error = %gapura_model::with_causes(&error), "a shaping tree could not be taken away");
            }
        }
        let lans = lans.iter().map(|lan| (lan, Side::Lan, down));
        for (name, side, stated) in lans.chain(uplinks.iter().map(|uplink| (uplink, Side::Uplink, up))) {
            if let Err(error) = shaper.set_device(name, side, stated) {
                tracing::warn!(%name, error = %gapura_model::with_causes(&error), "an interface could not be shaped");
            }
        }
    }

    /// Compares the trees with what they should be; what is missing is built by [`Shaping::grow`].
    pub(crate) fn verify(&mut self) {
        match self.shaper.as_mut().map(Shaper::verify) {
            None | Some(Ok(0)) => {}
            Some(Ok(missing)) => {
                tracing::warn!(missing, "traffic classes were gone: somebody else changed them; they are built again");
            }
            Some(Err(error)) => {
                tracing::warn!(error = %gapura_model::with_causes(&error), "the shaping trees could not be compared");
            }
        }
    }

    /// The traffic classes for a grant; the kernel's unshaped class where the pool is empty for now. A running visit stays in
    /// the classes it has, with new speeds.
    pub(crate) fn assign(&mut self, grant: &Grant) -> (ClassIds, Option<ClassIds>) {
        let wanted = self.wanted(grant);
        let Some(shaper) = self.shaper.as_mut() else {
            return (ClassIds::default(), wanted.slow.map(|_| ClassIds::default()));
        };
        let mut has = self.classes.get(&grant.visit).map_or_else(Pair::default, |classes| classes.has);
        if has.plan.is_none() {
            has.plan = shaper.take(wanted.tier);
        }
        if wanted.slow.is_some() && has.slow.is_none() {
            has.slow = shaper.take(wanted.tier);
        }
        let classes = Classes { has, wanted };
        classes.set_rates(shaper);
        let handles = classes.handles();
        self.classes.insert(grant.visit, classes);
        handles
    }

    /// The classes a visit has, for a comparison with the kernel; one that is to be granted is given some.
    pub(crate) fn held(&mut self, grant: &Grant) -> (ClassIds, Option<ClassIds>) {
        match self.classes.get(&grant.visit) {
            Some(classes) => classes.handles(),
            None => self.assign(grant),
        }
    }

    /// Takes over the classes that a visit has in the kernel since before a restart.
    pub(crate) fn adopt(&mut self, grant: &Grant, found: ClassIds, slow: Option<ClassIds>) {
        let wanted = self.wanted(grant);
        let Some(shaper) = self.shaper.as_mut() else { return };
        let mut claim = |ids: Option<ClassIds>, speed: Option<Speed>| {
            let class = ids.filter(|ids| ids.up == ids.dn).and_then(|ids| ClassId::from_handle(ids.up))?;
            shaper.claim(class, wanted.tier, ceilings(speed.unwrap_or_default())).then_some(class)
        };
        let (plan, slow) = (claim(Some(found), Some(wanted.speed)), claim(slow, wanted.slow));
        self.classes.insert(grant.visit, Classes { has: Pair { plan, slow }, wanted });
    }

    /// Grows the pools of classes by a bounded step, and gives classes to visits that began without, or whose plan is in
    /// another tier now. True while there is more to do, with the visits the kernel has to be told of.
    pub(crate) fn grow(&mut self, spare: usize) -> (bool, Vec<Moved>) {
        let Some(shaper) = self.shaper.as_mut() else { return (false, Vec::new()) };
        self.left.drain(..).for_each(|class| shaper.give_back(class));
        let mut more = match shaper.grow(STEP, spare) {
            Ok(growth) => growth != Growth::default(),
            Err(error) => {
                tracing::warn!(error = %gapura_model::with_causes(&error), "traffic classes could not be made");
                false
            }
        };
        let mut moved = Vec::new();
        for (visit, classes) in &mut self.classes {
            if moved.len() == MOVES {
                break;
            }
            let before = classes.has;
            let tier = classes.wanted.tier;
            let mut renew = |class: &mut Option<ClassId>| {
                if !class.is_some_and(|class| shaper.is_in(class, tier))
                    && let Some(other) = shaper.take(tier)
                {
                    self.left.extend(class.replace(other));
                }
            };
            renew(&mut classes.has.plan);
            if classes.wanted.slow.is_some() {
                renew(&mut classes.has.slow);
            }
            if before != classes.has {
                classes.set_rates(shaper);
                let (ids, slow) = classes.handles();
                moved.push(Moved { visit: *visit, classes: ids, slow, before });
            }
        }
        more |= !moved.is_empty();
        (more, moved)
    }

    /// The kernel was not told: the visits have the classes they had.
    pub(crate) fn undo(&mut self, moved: Vec<Moved>) {
        for Moved { visit, before, .. } in moved {
            let Some(classes) = self.classes.get_mut(&visit) else { continue };
            let (had, has) = (before.all(), std::mem::replace(&mut classes.has, before).all());
            self.left.retain(|class| !had.contains(&Some(*class)));
            self.left.extend(has.into_iter().filter(|class| !had.contains(class)).flatten());
        }
    }

    /// A visit is over, and out of the kernel's maps.
    pub(crate) fn forget(&mut self, visit: VisitId) {
        if let Some(classes) = self.classes.remove(&visit)
            && let Some(shaper) = self.shaper.as_mut()
        {
            classes.has.all().into_iter().flatten().for_each(|class| shaper.give_back(class));
        }
    }

    fn wanted(&self, grant: &Grant) -> Wanted {
        let tier = self.tiers.get(&grant.plan).copied().unwrap_or(TierId::DEFAULT);
        Wanted { plan: grant.plan.clone(), tier, speed: grant.speed, slow: grant.slow }
    }
}

impl Pair {
    const fn all(self) -> [Option<ClassId>; 2] {
        [self.plan, self.slow]
    }
}

impl Classes {
    fn set_rates(&self, shaper: &mut Shaper) {
        for (class, speed) in [(self.has.plan, Some(self.wanted.speed)), (self.has.slow, self.wanted.slow)] {
            if let (Some(class), Some(speed)) = (class, speed)
                && let Err(error) = shaper.set_rate(class, ceilings(speed))
            {
                tracing::warn!(error = %gapura_model::with_causes(&error), "a traffic class kept its former speed");
            }
        }
    }

    fn handles(&self) -> (ClassIds, Option<ClassIds>) {
        (handles(self.has.plan), self.wanted.slow.map(|_| handles(self.has.slow)))
    }
}

const fn ceilings(speed: Speed) -> ClassSpeed {
    ClassSpeed { up: speed.up, down: speed.down }
}

fn handles(class: Option<ClassId>) -> ClassIds {
    let handle = class.map_or(0, ClassId::handle);
    ClassIds { up: handle, dn: handle }
}
