//! What visitors ask at the door.

use std::time::Duration;

use captive_portal::{Entered, Refused};
use gapura_ledger::Verifier;
use gapura_model::{AccountName, DeviceId, HolderId, Moment, VisitId};
use gapura_session::{Admission, Ask, Entry as HowEntered, ExtendRefusal, Pace, Voucher};
use gapura_wire::VoucherTag;

use super::handle::{Command, Credential, Entry};
use super::run::{Gate, Waiting};
use super::view::{refused, resumable};

/// How long a verifier is kept after the controller confirmed it.
const VERIFIER_LIFE: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

impl Gate {
    /// One command; answers that have to wait for the kernel go to `waiting`.
    pub(super) fn handle(&mut self, now: &Moment, command: Command, waiting: &mut Vec<Waiting>) {
        match command {
            Command::View(device, reply) => {
                let _ = reply.send(self.seen(now, Some(&device)));
            }
            Command::Enter(entry) => self.enter(now, *entry, waiting),
            Command::Leave(device, reply) => {
                if let Some(visit) = self.engine.visit_of(&device) {
                    self.engine.log_out(now, visit);
                }
                waiting.push(Waiting::Done(reply));
            }
            Command::Extend(device, reply) => {
                // Bytes first: an extension grants anew, from what was read.
                self.read(now);
                let visit = self.engine.visit_of(&device).ok_or(ExtendRefusal::NotOffered);
                match visit.and_then(|visit| self.engine.extend(now, visit)) {
                    Ok(()) => waiting.push(Waiting::Done(reply)),
                    Err(error) => {
                        tracing::debug!(%error, "an extension was refused");
                        let _ = reply.send(Err(Refused::NotOffered));
                    }
                }
            }
            Command::Verifier(name, reply) => {
                let _ = reply.send(self.verifier(&name, now));
            }
            Command::KeepVerifier(name, grant) => self.memory.keep_verifier(&name, grant.as_deref()),
            Command::WrongPassword(device) => self.wrong_guess(now, &device),
            Command::MayTry(device, reply) => {
                let _ = reply.send(self.pause(now, &device));
            }
            Command::Ctl(request, reply) => self.staff(now, request, reply, waiting),
            Command::Policy(bundle, reply) => match self.take_bundle(now, *bundle) {
                Ok(()) => waiting.push(Waiting::Policy(reply)),
                Err(why) => drop(reply.send(Err(why))),
            },
            Command::Outbox(reply) => drop(reply.send(self.next_batch())),
            Command::OutboxSent(seq, ack) => self.batch_sent(seq, &ack),
            Command::OutboxRefused(seq) => self.batch_refused(seq),
            Command::Heartbeat(reply) => drop(reply.send(self.heartbeat(now))),
            Command::Figures(reply) => drop(reply.send(self.scraped(now))),
            Command::Balances(reply) => drop(reply.send(self.balances(now))),
            Command::RestoreBalances(report, reply) => drop(reply.send(self.restore_balances(now, &report))),
            Command::LostBalances(reply) => drop(reply.send(self.lost_its_balances())),
            Command::BalancesRestored => self.balances_are_back(),
            Command::Recalled(tags) => self.recall(tags),
            Command::Shares(reply) => {
                let recalled = self.prepare_shares(now);
                waiting.push(Waiting::Shares(recalled, reply));
            }
            Command::Lent(answer) => self.take_shares(now, &answer),
            Command::Orders(orders, reply) => self.take_orders(now, orders, reply, waiting),
            Command::Outcomes(reply) => drop(reply.send((self.boot, self.outcomes()))),
            Command::OutcomesTold(outcomes) => self.outcomes_told(&outcomes),
            Command::Online { full, must, reply } => drop(reply.send(self.online_report(now, full, must))),
            Command::Looks(device, sort) => self.looks_like(device, sort),
            Command::PrepareFilter(filter, reply) => drop(reply.send(self.prepare_filter(&filter).map(Box::new))),
            Command::FinishFilter(load, reply) => drop(reply.send(self.finish_filter(now, load))),
            Command::Throttle(throttles, reply) => drop(reply.send(self.throttle(&throttles))),
            Command::Inspect(groups) => self.inspect(&groups),
            Command::OpenBeforeLogin(networks) => self.open_before_login(networks),
            Command::Kernel(event) => self.kernel_event(now, event),
            Command::Network(picture) => self.take_network(now, &picture),
            Command::Internet(up) => self.internet(now, up),
            Command::Clash(words) => {
                if let Some(words) = &words {
                    tracing::error!(%words, "an uplink has the addresses of a visitor network: change one of them");
                }
                self.clash = words;
            }
            Command::Pool(alert) => self.pool_alert = alert,
            Command::Theft(device) => {
                if let Some(visit) = self.engine.visit_of(&device) {
                    self.address_taken(now, visit);
                }
            }
            Command::Joined(gateway) => self.gateway = Some(gateway),
            Command::Stop(_) => {}
        }
    }

    /// A visit that it does not end is spoken of once a minute; one that it ends is ended at once, however often it began anew.
    fn address_taken(&mut self, now: &Moment, visit: VisitId) {
        if self.thefts.happened(&visit, now.up).is_some() {
            self.addresses_taken += 1;
            tracing::warn!(%visit, "a visitor's address was seen on another device or port; the plan says what follows");
            self.engine.theft(now, visit);
        }
    }

    /// How long a device has to wait before its next code is looked at.
    fn pause(&mut self, now: &Moment, device: &DeviceId) -> Option<Duration> {
        match self.guesses.pace(now.up, device) {
            Pace::Now => None,
            Pace::After(wait) => Some(wait.max(Duration::from_secs(1))),
        }
    }

    fn wrong_guess(&mut self, now: &Moment, device: &DeviceId) {
        self.guesses.wrong(now.up, device);
        self.wrong_codes += 1;
    }

    fn enter(&mut self, now: &Moment, entry: Entry, waiting: &mut Vec<Waiting>) {
        let Entry { device, with, take_over, reply } = entry;
        match self.decide(now, &device, with, take_over) {
            Ok((visit, entered)) => {
                self.came_in(visit, &device);
                waiting.push(Waiting::Entered { visit, entered, reply });
            }
            Err(refused) => {
                self.seen.refusal(&refused);
                drop(reply.send(Err(refused)));
            }
        }
    }

    fn decide(
        &mut self,
        now: &Moment,
        device: &DeviceId,
        with: Credential,
        take_over: bool,
    ) -> Result<(gapura_model::VisitId, Entered), Refused> {
        if self.clash.is_some() {
            return Err(Refused::UplinkDown);
        }
        let terms = self.engine.policy().terms.clone();
        let admission = match with {
            // The portal only passes on a tap on the terms that it shows now.
            Credential::OneTap => Admission::OneTap { terms: terms.ok_or(Refused::WayOff)? },
            Credential::Voucher(tag) => {
                if let Some(wait) = self.pause(now, device) {
                    return Err(Refused::Wait { wait });
                }
                let Some(voucher) = self.voucher(&tag) else {
                    self.wrong_guess(now, device);
                    return Err(Refused::UnknownCode);
                };
                self.guesses.right(device);
                Admission::Voucher { hash: *tag.as_bytes(), voucher, terms }
            }
            Credential::Token(token) => return self.by_token(now, device, token, take_over),
            Credential::Moving(code) => {
                if let Some(wait) = self.pause(now, device) {
                    return Err(Refused::Wait { wait });
                }
                let moved = self.move_here(now, device, code);
                match moved {
                    Ok(_) => self.guesses.right(device),
                    Err(Refused::UnknownCode) => self.wrong_guess(now, device),
                    Err(_) => {}
                }
                return moved;
            }
            Credential::Account { name, plan } => {
                self.guesses.right(device);
                Admission::Account { name, plan, terms }
            }
            Credential::Again => {
                let farewell = self.engine.farewell(device).ok_or(Refused::NotOffered)?;
                let tag = resumable(&self.engine, now, farewell).ok_or(Refused::NotOffered)?;
                let voucher = self.voucher(&tag).ok_or(Refused::NotOffered)?;
                Admission::Voucher { hash: *tag.as_bytes(), voucher, terms }
            }
        };
        self.admit(now, device, admission, take_over)
    }

    /// A voucher's QR code: lets one visitor in, once. The code beside it goes on working as the plan says.
    fn by_token(
        &mut self,
        now: &Moment,
        device: &DeviceId,
        token: VoucherTag,
        take_over: bool,
    ) -> Result<(VisitId, Entered), Refused> {
        if let Some(wait) = self.pause(now, device) {
            return Err(Refused::Wait { wait });
        }
        let Some(tag) = self.tokens.get(&token).copied() else {
            self.wrong_guess(now, device);
            return Err(Refused::UnknownCode);
        };
        self.guesses.right(device);
        let voucher = self.voucher(&tag).ok_or(Refused::UnknownCode)?;
        let used = self.memory.token_used(&token).map_err(|error| {
            self.memory.trouble(&error);
            Refused::Storage
        })?;
        if used {
            // Sent twice by the same device: it is in already.
            let running = self.engine.visit_of(device).and_then(|visit| self.engine.record(visit));
            let own = running.filter(|record| record.holder == HolderId::Voucher(*tag.as_bytes()));
            return own.map(|record| (record.id, Entered { resumed: true })).ok_or(Refused::LinkUsed);
        }
        let terms = self.engine.policy().terms.clone();
        let admitted =
            self.admit(now, device, Admission::Voucher { hash: *tag.as_bytes(), voucher, terms }, take_over)?;
        self.memory.use_token(token, now);
        Ok(admitted)
    }

    pub(super) fn admit(
        &mut self,
        now: &Moment,
        device: &DeviceId,
        admission: Admission,
        take_over: bool,
    ) -> Result<(gapura_model::VisitId, Entered), Refused> {
        let holder = admission.holder(device);
        let balance = if self.engine.knows(&holder) {
            None
        } else {
            self.memory.balance(&holder).map_err(|error| {
                self.memory.trouble(&error);
                Refused::Storage
            })?
        };
        let balance = self.with_share(now, &holder, balance)?;
        let devices = self.devices_allowed(&admission);
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| Refused::Busy)?;
        let ask = Ask { device: device.clone(), admission, take_over, balance };
        let answer = self.engine.admit(now, ask, random);
        self.watch_share(now, &holder);
        match answer {
            Ok(admitted) => {
                self.begun = Some(admitted.visit);
                if let Some(record) = self.engine.record(admitted.visit) {
                    self.seen.login(record.way);
                }
                Ok((admitted.visit, Entered { resumed: admitted.by == HowEntered::Moved }))
            }
            Err(refusal) => {
                tracing::debug!(refusal = refusal.id(), "a visitor was not let in");
                Err(refused(refusal, &self.engine, now, devices))
            }
        }
    }

    /// What is kept of an account, unless the department changed it since.
    fn verifier(&self, name: &AccountName, now: &Moment) -> Option<Verifier> {
        let kept = self.memory.verifier(name, now)?;
        let bundle = self.bundle.as_deref()?;
        let tag = bundle.voucher_key.account_tag(name);
        let made = kept.expires.checked_sub(VERIFIER_LIFE).unwrap_or(jiff::Timestamp::MIN);
        let changed = bundle.account_changes.iter().any(|change| change.tag == tag && change.since > made);
        (!changed).then_some(kept)
    }

    fn voucher(&self, tag: &gapura_wire::VoucherTag) -> Option<Voucher> {
        let bundle = self.bundle.as_deref()?;
        let voucher = bundle.vouchers.binary_search_by(|voucher| voucher.tag.cmp(tag)).ok();
        let voucher = bundle.vouchers.get(voucher?)?;
        Some(Voucher {
            plan: voucher.plan.clone(),
            use_time: voucher.use_time,
            use_before: voucher.use_before,
            devices: voucher.devices.and_then(std::num::NonZeroU16::new),
            revoked: voucher.revoked,
        })
    }

    fn devices_allowed(&self, admission: &Admission) -> u32 {
        let plans = &self.engine.policy().plans;
        let of = |plan| plans.get(plan).map(|plan| plan.devices);
        let devices = match admission {
            Admission::Voucher { voucher, .. } => voucher.devices.or_else(|| of(&voucher.plan)),
            Admission::Account { plan, .. } => of(plan),
            Admission::OneTap { .. } | Admission::Staff { .. } | Admission::Trusted => None,
        };
        devices.map_or(1, |devices| u32::from(devices.get()))
    }
}
