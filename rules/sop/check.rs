//! What is legal in SOPs, but foolish.

use std::rc::Rc;
use std::sync::Arc;

use gapura_model::{ListSet, Name};
use jiff::Timestamp;
use jiff::civil::Date;

use super::document::{Deed, Sop, Targets};
use super::known::{Protects, is_on_shared_network, is_shared_suffix, protected_names};
use super::policy::{Action, ClauseIndex, Policy};
use super::problem::{Problem, Severity, Span, sort};
use super::sample::{Sample, Samples, monday};
use super::stack::{Bound, Stack};
use super::target::{NameTarget, Service};
use super::trail::Asked;

impl Stack {
    /// Warns about what can be put in force and had better not be: what breaks phones or the gateways themselves, what
    /// can never take effect, what has run out. `controller` is what the gateways reach their controller by.
    pub fn check(&self, today: Date, controller: &[Asked]) -> Vec<Problem> {
        let samples = Samples::of(&[self]);
        let mut check = Check { stack: self, samples, controller, today, last: None, problems: Vec::new() };
        for sop in &self.sops {
            check.dates(sop);
            check.placeholders(sop);
        }
        for bound in &self.clauses {
            check.suffixes(bound);
            check.garden(bound);
            check.services(bound);
            check.effect(bound);
        }
        sort(&mut check.problems);
        check.problems
    }
}

struct Check<'a> {
    stack: &'a Stack,
    samples: Samples,
    controller: &'a [Asked],
    today: Date,
    /// The clause before and the policies in which it may hold: clauses that stand together are for the same people at the
    /// same hours.
    last: Option<(&'a Bound, Rc<[Policy]>)>,
    problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    fn warn(&mut self, sop: &Sop, id: &'static str, at: Span, what: String, help: impl Into<String>) {
        self.problems.push(sop.problem(Severity::Warning, id, at, what, help.into()));
    }

    fn dates(&mut self, sop: &Sop) {
        if sop.review_by.value < self.today {
            let what = format!("the review of this SOP was due on {}", sop.review_by.value);
            self.warn(sop, "review-due", sop.review_by.at, what, "review it, and publish a revision with a new date");
        }
        for exception in &sop.exceptions {
            if exception.until.value < self.today {
                let what = format!("this exception ended on {}", exception.until.value);
                self.warn(
                    sop,
                    "expired",
                    exception.until.at,
                    what,
                    "take it out, or decide anew and give it a new end",
                );
            }
        }
    }

    /// Blanks such as `Nomor ___ Tahun ____` that nobody has filled in.
    fn placeholders(&mut self, sop: &Sop) {
        for text in sop.legal_basis.iter().chain([&sop.number]).filter(|text| text.value.contains("__")) {
            let help = "write the number and the year of the decree by which this SOP was enacted";
            self.warn(sop, "fill-in", text.at, format!("\"{}\" is not filled in", text.value), help);
        }
    }

    fn suffixes(&mut self, bound: &Bound) {
        for target in &bound.clause.targets.names {
            let name = target.value.name();
            let whole = !matches!(target.value, NameTarget::Exact(_)) && is_shared_suffix(name);
            if whole && matches!(bound.clause.deed, Deed::Block | Deed::OpenBeforeLogin) {
                let does = if bound.clause.deed == Deed::Block { "blocks" } else { "opens before login" };
                let what = format!("this {does} every name under {name}, whoever owns it");
                self.warn(&bound.sop, "suffix", target.at, what, "name the sites that are meant");
            }
        }
    }

    fn garden(&mut self, bound: &Bound) {
        if bound.clause.deed != Deed::OpenBeforeLogin {
            return;
        }
        for target in bound.clause.targets.names.iter().filter(|target| is_on_shared_network(target.value.name())) {
            let what = format!("{} is served by a network that many sites share", target.value.name());
            let help =
                "before login everything at the same addresses opens with it; open the service's own name instead";
            self.warn(&bound.sop, "shared-network", target.at, what, help);
        }
    }

    /// Services that nobody can do without.
    fn services(&mut self, bound: &Bound) {
        const NEEDED: [(u8, u16, &str); 3] = [
            (6, 443, "no secure page opens any more"),
            (6, 80, "phones can no longer tell whether they are online"),
            (17, 123, "devices can no longer set their clocks, and with a wrong clock no secure page opens"),
        ];
        let targets = &bound.clause.targets;
        if bound.clause.deed != Deed::Block || targets.has_lists() || !targets.addresses.is_empty() {
            return;
        }
        for service in &targets.services {
            let needed = NEEDED.iter().filter(|(protocol, port, _)| service.value.covers(*protocol, Some(*port)));
            for (protocol, port, consequence) in needed {
                let named = Service { protocol: *protocol, ports: Some((*port, *port)) };
                let what = format!("this refuses {named} toward every address: {consequence}");
                self.warn(
                    &bound.sop,
                    "needed-service",
                    service.at,
                    what,
                    "leave it out, or aim it at lists or addresses",
                );
            }
        }
    }

    /// Asks every policy in which the clause may hold: does it hit what it must not, does it ever get its way?
    fn effect(&mut self, bound: &'a Bound) {
        let deed = bound.clause.deed;
        let gate = matches!(deed, Deed::Block | Deed::Open | Deed::OpenBeforeLogin);
        if !gate || bound.superseded.is_some_and(|date| date <= self.today) {
            return;
        }
        let policies = self.policies(bound);
        if policies.is_empty() {
            let help = "compare the clause's scope and hours with the scope at the top of its SOP";
            let what = format!("clause {} can never match: nobody is in its scope at its hours", bound.clause.number);
            self.warn(&bound.sop, "never", bound.clause.at, what, help);
            return;
        }
        if deed == Deed::Block {
            self.protected(bound, &policies);
        }
        if bound.clause.targets.services.is_empty() {
            self.overruled(bound, &policies);
        } else {
            self.toward_names(bound);
        }
    }

    /// The policies in which a clause may hold; none where nobody is in its scope at its hours.
    fn policies(&mut self, bound: &'a Bound) -> Rc<[Policy]> {
        let alike = |last: &Bound| {
            let (one, other) = (&last.clause, &bound.clause);
            Arc::ptr_eq(&last.sop, &bound.sop) && one.scope == other.scope && one.hours == other.hours
        };
        if let Some((_, known)) = self.last.as_ref().filter(|(last, _)| alike(last)) {
            return Rc::clone(known);
        }
        let from = monday(self.today.max(bound.sop.effective_from));
        let hours = |at: Timestamp, zone: &crate::hours::Zone| {
            bound.clause.hours.as_ref().is_none_or(|hours| hours.takes(at, zone))
        };
        let samples = self.samples.within(&[&bound.sop.scope, &bound.clause.scope], from, hours);
        let policies: Rc<[Policy]> = distinct(self.stack, &samples).into();
        self.last = Some((bound, Rc::clone(&policies)));
        policies
    }

    fn protected(&mut self, bound: &Bound, policies: &[Policy]) {
        let own = self.controller.iter().map(|asked| (Protects::Controller, *asked));
        let government = bound.clause.targets.names.iter().filter(|target| is_government(target.value.name()));
        let government = government.map(|target| (Protects::Government, Asked::Name(target.value.sample())));
        let known = protected_names().map(|(why, name)| (why, Asked::Name(name)));
        let mut hit: Vec<(Protects, Span, String)> = Vec::new();
        for (why, asked) in own.chain(known).chain(government) {
            let by_this = |policy: &Policy| {
                let decision = match asked {
                    Asked::Name(name) => policy.name(&name, ListSet::EMPTY),
                    Asked::Address(address) => policy.address(address, ListSet::EMPTY),
                };
                decision.clause == Some(bound.index) && decision.action == Action::Block
            };
            if let Some((at, shown)) = target_of(bound, &asked)
                && policies.iter().any(by_this)
                // BMKG is one of the government's; it is said once.
                && !hit.iter().any(|(other, same, _)| (*same == at) && (*other == why || why == Protects::Government))
            {
                hit.push((why, at, shown));
            }
        }
        for (why, at, shown) in hit {
            let what = format!("clause {} blocks {shown}: {}", bound.clause.number, why.consequence());
            let help = "narrow the target, or open the name with a clause of the same SOP that names it";
            self.warn(&bound.sop, "protected", at, what, help);
        }
    }

    /// Whether what comes out is ever what the clause says.
    fn overruled(&mut self, bound: &Bound, policies: &[Policy]) {
        let own = if bound.clause.deed == Deed::Block { Action::Block } else { Action::Open };
        let (mut other, mut opposed): (Option<ClauseIndex>, bool) = (None, false);
        for policy in policies {
            for decision in decisions(bound, policy) {
                if decision.clause == Some(bound.index) {
                    return;
                }
                opposed |= decision.action != own;
                other = other.or(decision.clause.filter(|_| decision.action != own));
            }
        }
        // What other clauses say as well is no mistake: layers may repeat each other.
        if !opposed {
            return;
        }
        let by = other.and_then(|clause| self.stack.clauses.get(usize::from(clause.0)));
        let by = by.map(|by| format!("clause {} of {} ({})", by.clause.number, by.sop.number(), by.sop.layer));
        let Some(by) = by else {
            let what =
                format!("clause {} can never match: its own exceptions take everything out", bound.clause.number);
            self.warn(&bound.sop, "never", bound.clause.at, what, "take the clause out in a new revision");
            return;
        };
        let what = format!("clause {} never takes effect: {by} decides all it is about", bound.clause.number);
        let help = "take it out, or give it a more specific target; what is mandatory above cannot be lifted below";
        self.warn(&bound.sop, "never", bound.clause.at, what, help);
    }

    /// A clause about services whose lists hold only names.
    fn toward_names(&mut self, bound: &Bound) {
        let Targets { addresses, .. } = &bound.clause.targets;
        let lists: Vec<_> = bound.lists.iter().filter_map(|number| self.stack.catalogue.numbered(number)).collect();
        if addresses.is_empty() && !lists.is_empty() && !lists.iter().any(|list| list.holds.addresses()) {
            let what = format!("clause {} can never match: its lists hold names, not addresses", bound.clause.number);
            let help = "name a list of addresses, or leave the services out to block the names";
            self.warn(&bound.sop, "never", bound.clause.at, what, help);
        }
    }
}

/// The policies of the samples, each once.
fn distinct(stack: &Stack, samples: &[Sample]) -> Vec<Policy> {
    let mut policies: Vec<Policy> = Vec::new();
    for sample in samples {
        let policy = stack.policy(&sample.place, &sample.audience, sample.at);
        if !policies.contains(&policy) {
            policies.push(policy);
        }
    }
    policies
}

/// What a policy says of each target of a clause.
fn decisions(bound: &Bound, policy: &Policy) -> Vec<super::policy::Decision> {
    let targets = &bound.clause.targets;
    let names = targets.names.iter().map(|target| policy.name(&target.value.sample(), ListSet::EMPTY));
    let ranges = targets.addresses.iter().map(|prefix| policy.address(prefix.value.first(), ListSet::EMPTY));
    // Names and addresses that no clause writes.
    let nameless = "gapura-nowhere.invalid".parse::<Name>().ok();
    let lists = bound.lists.iter().map(|list| [list].into_iter().collect::<ListSet>());
    let listed = lists.flat_map(|held| {
        let address = policy.address(std::net::Ipv6Addr::UNSPECIFIED.into(), held);
        nameless.map(|name| policy.name(&name, held)).into_iter().chain([address])
    });
    let all = nameless.filter(|_| targets.all).map(|name| policy.name(&name, ListSet::EMPTY));
    names.chain(ranges).chain(listed).chain(all).collect()
}

fn is_government(name: &Name) -> bool {
    "go.id".parse().is_ok_and(|parent| name.is_within(&parent))
}

/// The target of a clause that covers something, where it stands, and how to show what it covers.
fn target_of(bound: &Bound, asked: &Asked) -> Option<(Span, String)> {
    let targets = &bound.clause.targets;
    match asked {
        Asked::Name(name) => {
            let target = targets.names.iter().find(|target| target.value.covers(name)).map(|target| target.at);
            let at = target.or_else(|| targets.all.then_some(bound.clause.at))?;
            Some((at, name.to_string()))
        }
        Asked::Address(address) => {
            let target = targets.addresses.iter().find(|prefix| prefix.value.covers(*address))?;
            Some((target.at, address.to_string()))
        }
    }
}
