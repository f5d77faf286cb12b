//! How things stand, in the portal's words.

use std::sync::Arc;

use captive_portal::{
    BytesLeft, Door, EndReason, Ended, Extension, Notice, Period, Refused, Share, Site, Speed, State, Text, TimeEnd,
    TimeLeft, Uplink, View, Visit,
};
use gapura_model::{ByteCount, DeviceId, HolderId, Moment, Traffic, VisitId};
use gapura_rules::hours::{Hours, OpenState};
use gapura_session::{
    Allowance, ByteLimit, DeviceKind, EndCause, Engine, Farewell, Figures, KernelQuota, Plan, Refusal, Scope,
    VisitRecord,
};
use gapura_wire::VoucherTag;
use jiff::Timestamp;

/// What the gate's thread knows beside the engine.
pub(crate) struct Around<'a> {
    pub(crate) site: &'a Arc<Site>,
    pub(crate) notice: Option<&'a Notice>,
    pub(crate) uplink: Uplink,
    /// Bytes read from the kernel for this device's visit and not yet told the engine; zero when nothing was read.
    pub(crate) fresh: Traffic,
}

/// The view of a device; of a device nobody knows where `device` is `None`.
pub(crate) fn view(engine: &Engine, now: &Moment, device: Option<&DeviceId>, around: Around<'_>) -> View {
    let state = device.map_or(State::Unknown, |device| state(engine, now, device, around.fresh));
    View {
        site: around.site.clone(),
        state,
        door: door(engine, now),
        uplink: around.uplink,
        notice: around.notice.cloned(),
        // Said when a code is tried, not before.
        wait: None,
    }
}

fn state(engine: &Engine, now: &Moment, device: &DeviceId, fresh: Traffic) -> State {
    match engine.device_kind(device) {
        DeviceKind::Blocked(block) => {
            return State::Blocked { reason: (!block.reason.is_empty()).then(|| Text::plain(block.reason)) };
        }
        DeviceKind::Trusted => return State::Trusted,
        DeviceKind::Ordinary | DeviceKind::Seat => {}
    }
    if let Some(visit) = engine.visit_of(device).and_then(|id| online(engine, now, id, fresh)) {
        return State::Online(Box::new(visit));
    }
    engine.farewell(device).map_or(State::Ready, |farewell| State::Ended(Box::new(ended(engine, now, farewell))))
}

fn door(engine: &Engine, now: &Moment) -> Door {
    if let Some(emergency) = engine.emergency_open() {
        return Door::Emergency { until: now.wall_after(now.up.until(emergency.until)) };
    }
    match engine.hours() {
        OpenState::Open { closes } => Door::Open { closes },
        OpenState::Closed { opens } => Door::Closed { opens, reason: closed_because(&engine.policy().hours, now) },
    }
}

fn closed_because(hours: &Hours, now: &Moment) -> Option<Text> {
    let by_staff = hours.override_at(now.wall).filter(|change| !change.open).map(|change| change.reason.clone());
    let today = hours.zone().date(now.wall);
    let reason = by_staff.or_else(|| hours.exception(today).map(|exception| exception.reason.clone()));
    reason.filter(|reason| !reason.trim().is_empty()).map(Text::plain)
}

fn online(engine: &Engine, now: &Moment, id: VisitId, fresh: Traffic) -> Option<Visit> {
    let figures = engine.figures(now, id)?;
    let record = engine.record(id)?;
    let plan = engine.policy().plans.get(&record.plan);
    let devices = record.voucher.as_ref().and_then(|voucher| voucher.devices).or(plan.map(|plan| plan.devices));
    Some(Visit {
        number: id.short(),
        plan: Text::plain(plan.map_or_else(|| record.plan.to_string(), |plan| plan.name.clone())),
        devices: devices.map(|devices| u32::from(devices.get())),
        started: record.started,
        time: time_left(&figures, &record, plan),
        bytes: plan.map_or(BytesLeft::Unlimited, |plan| bytes_left(engine, now, &figures, &record, plan, fresh)),
        used: record.traffic + fresh,
        speed: Speed { up: figures.speed.up, down: figures.speed.down },
        slowed: figures.slowed,
        extend: extension(now, &figures, plan),
    })
}

fn time_left(figures: &Figures, record: &VisitRecord, plan: Option<&Plan>) -> Option<TimeLeft> {
    let left = figures.time_left?;
    let by = match figures.ends_because {
        Some(EndCause::Closing) => TimeEnd::Closing,
        Some(EndCause::Expired) => TimeEnd::UseBefore,
        _ => TimeEnd::Plan,
    };
    let limit = match figures.ends_because {
        Some(EndCause::TimeUp(Scope::Voucher)) => record.voucher.as_ref().and_then(|voucher| voucher.use_time),
        Some(EndCause::TimeUp(Scope::Day)) => plan.and_then(|plan| plan.day.time),
        Some(EndCause::TimeUp(Scope::Month)) => plan.and_then(|plan| plan.month.time),
        Some(EndCause::TimeUp(Scope::Visit)) => {
            let own = record.staff_time.or_else(|| plan.and_then(|plan| plan.visit.time));
            own.map(|time| time.saturating_add(record.extra_time))
        }
        _ => None,
    };
    Some(TimeLeft { left, of: limit.unwrap_or(left.saturating_add(figures.used)).max(left), by })
}

/// What extending would bring; nothing where it would bring nothing.
fn extension(now: &Moment, figures: &Figures, plan: Option<&Plan>) -> Option<Extension> {
    let extend = plan.and_then(|plan| plan.extend).filter(|_| figures.can_extend)?;
    // Other ends than the visit's own time stay where they are.
    let own_time = matches!(figures.ends_because, Some(EndCause::TimeUp(Scope::Visit)));
    let longer = figures.time_left.filter(|_| own_time).map(|left| {
        let until = now.wall_after(left.saturating_add(extend.time));
        (figures.closes_at.map_or(until, |closes| closes.min(until)), now.wall_after(left))
    });
    let until = longer.and_then(|(until, ends)| (until > ends).then_some(until));
    (until.is_some() || extend.bytes > ByteCount::ZERO).then_some(Extension { until, bytes: extend.bytes })
}

/// The limit that is nearest to its end: the visit's own, or the holder's day or month.
fn bytes_left(
    engine: &Engine,
    now: &Moment,
    figures: &Figures,
    record: &VisitRecord,
    plan: &Plan,
    fresh: Traffic,
) -> BytesLeft {
    let zone = engine.policy().hours.zone();
    let own = plan.visit.bytes.plus(record.extra_bytes);
    let mut nearest = share(figures.visit_quota, own, Period::Visit, None, fresh);
    let holder = engine.balance(&record.holder);
    // Of a group's voucher what this site has of it.
    let lent = holder.as_ref().and_then(|balance| balance.lent.as_ref()).map(|lent| &lent.share);
    let day = lent.map_or(plan.day, |share| share.within_day(plan.day));
    let month = lent.map_or(plan.month, |share| share.within_month(plan.month));
    let used = |period: Period| match (period, &holder) {
        (Period::Day, Some(balance)) => balance.day_used.traffic,
        (Period::Month, Some(balance)) => balance.month_used.traffic,
        _ => Traffic::ZERO,
    };
    let scopes: [(&Allowance, Period, Timestamp); 2] =
        [(&day, Period::Day, zone.next_day(now.wall)), (&month, Period::Month, zone.next_month(now.wall))];
    for (allowance, period, renews) in scopes {
        let left = KernelQuota::from(allowance.bytes.left(used(period)));
        let other = share(left, allowance.bytes, period, Some(renews), fresh);
        if smaller(other, nearest) {
            nearest = other;
        }
    }
    nearest
}

fn smaller(one: BytesLeft, two: BytesLeft) -> bool {
    let least = |bytes: BytesLeft| match bytes {
        BytesLeft::Unlimited => None,
        BytesLeft::Total(share) => Some(share.left),
        BytesLeft::EachWay { up, down } => up.into_iter().chain(down).map(|share| share.left).min(),
    };
    match (least(one), least(two)) {
        (Some(one), Some(two)) => one < two,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn share(left: KernelQuota, of: ByteLimit, period: Period, renews: Option<Timestamp>, fresh: Traffic) -> BytesLeft {
    let one = |left: ByteCount, of: ByteCount, fresh: ByteCount| Share {
        left: left.saturating_sub(fresh),
        of: of.max(left),
        period,
        renews,
    };
    match (left, of) {
        (KernelQuota::Total(left), ByteLimit::Total(of)) => BytesLeft::Total(one(left, of, fresh.total())),
        (KernelQuota::EachWay { up, down }, ByteLimit::EachWay { up: of_up, down: of_down }) => BytesLeft::EachWay {
            up: up.zip(of_up).map(|(left, of)| one(left, of, fresh.up)),
            down: down.zip(of_down).map(|(left, of)| one(left, of, fresh.down)),
        },
        _ => BytesLeft::Unlimited,
    }
}

fn ended(engine: &Engine, now: &Moment, farewell: &Farewell) -> Ended {
    let zone = engine.policy().hours.zone();
    let again = match farewell.cause {
        EndCause::TimeUp(Scope::Day) | EndCause::QuotaUp(Scope::Day) => Some(zone.next_day(now.wall)),
        EndCause::TimeUp(Scope::Month) | EndCause::QuotaUp(Scope::Month) => Some(zone.next_month(now.wall)),
        EndCause::Closing => match engine.hours() {
            OpenState::Closed { opens } => opens,
            OpenState::Open { .. } => None,
        },
        EndCause::LoggedOut
        | EndCause::Kicked
        | EndCause::TimeUp(Scope::Visit | Scope::Share | Scope::Voucher)
        | EndCause::QuotaUp(Scope::Visit | Scope::Share | Scope::Voucher)
        | EndCause::Idle
        | EndCause::Blocked
        | EndCause::TakenOver
        | EndCause::Replaced
        | EndCause::Theft
        | EndCause::PolicyChanged
        | EndCause::Expired
        | EndCause::RouterOff
        | EndCause::Lost => None,
    };
    let kept = &farewell.kept;
    // What staff, the department or the calendar took away is kept for nobody.
    let comes_back = matches!(
        farewell.cause,
        EndCause::LoggedOut | EndCause::Idle | EndCause::Closing | EndCause::Kicked | EndCause::TimeUp(Scope::Visit)
    );
    let renewed = [kept.time.map(|(_, scope)| scope), kept.bytes.map(|(_, scope)| scope)].into_iter().flatten();
    let renewed = renewed.filter_map(|scope| match scope {
        Scope::Day => Some(zone.next_day(farewell.at)),
        Scope::Month => Some(zone.next_month(farewell.at)),
        Scope::Visit | Scope::Share | Scope::Voucher => None,
    });
    Ended {
        why: reason(farewell),
        at: farewell.at,
        lasted: farewell.used,
        used: farewell.traffic,
        time_left: kept.time.map(|(left, _)| left).filter(|_| comes_back),
        bytes_left: kept.bytes.map(|(left, _)| left).filter(|_| comes_back),
        keep_until: renewed.chain(kept.use_before).min().filter(|_| comes_back),
        again: again.or(farewell.paused_until).filter(|again| *again > now.wall),
        resumable: resumable(engine, now, farewell).is_some(),
    }
}

/// The voucher that a device may go on with by one tap: after its visitor logged out or went silent. Not an account, whose
/// password is asked for, and not at a PC seat, where the next person sits.
pub(crate) fn resumable(engine: &Engine, now: &Moment, farewell: &Farewell) -> Option<VoucherTag> {
    let HolderId::Voucher(tag) = &farewell.holder else { return None };
    let open = matches!(farewell.cause, EndCause::LoggedOut | EndCause::Idle) && !farewell.kept.is_used_up();
    let waits = farewell.paused_until.is_some_and(|until| until > now.wall);
    let over = farewell.kept.use_before.is_some_and(|before| before <= now.wall);
    let seat = engine.policy().seats.contains_key(&farewell.device.mac);
    (open && !waits && !over && !seat).then(|| VoucherTag::from_bytes(*tag))
}

fn reason(farewell: &Farewell) -> EndReason {
    match farewell.cause {
        EndCause::LoggedOut => EndReason::LoggedOut,
        EndCause::Kicked | EndCause::Blocked => EndReason::Staff { reason: farewell.reason.clone().map(Text::plain) },
        EndCause::TimeUp(Scope::Day) => EndReason::DayTime,
        EndCause::TimeUp(Scope::Month) => EndReason::MonthTime,
        EndCause::TimeUp(Scope::Share) | EndCause::QuotaUp(Scope::Share) => EndReason::Share,
        EndCause::TimeUp(Scope::Visit | Scope::Voucher) => EndReason::VisitTime,
        EndCause::QuotaUp(scope) => EndReason::Bytes(period(scope)),
        EndCause::Closing => EndReason::Closing,
        EndCause::Idle => EndReason::Idle,
        EndCause::TakenOver => EndReason::TakenOver,
        EndCause::Theft => EndReason::AddressTaken,
        EndCause::Expired => EndReason::UseBefore,
        EndCause::Replaced | EndCause::PolicyChanged | EndCause::RouterOff | EndCause::Lost => EndReason::Other,
    }
}

fn period(scope: Scope) -> Period {
    match scope {
        Scope::Visit | Scope::Share => Period::Visit,
        Scope::Day => Period::Day,
        Scope::Month => Period::Month,
        Scope::Voucher => Period::Voucher,
    }
}

/// A refusal in the portal's words.
pub(crate) fn refused(refusal: Refusal, engine: &Engine, now: &Moment, devices: u32) -> Refused {
    match refusal {
        Refusal::Closed { .. } if now.trust == gapura_model::ClockTrust::Doubtful => Refused::ClockDoubtful,
        Refusal::Closed { opens } => Refused::Closed { opens },
        Refusal::UplinkDown => Refused::UplinkDown,
        Refusal::WayOff(_) | Refusal::UnknownPlan(_) | Refusal::NotTrusted => Refused::WayOff,
        Refusal::TermsChanged => Refused::TermsChanged,
        Refusal::Blocked { .. } => Refused::Blocked,
        Refusal::TimeUsed { scope: Scope::Share, .. } | Refusal::BytesUsed { scope: Scope::Share, .. } => {
            Refused::ShareUsed
        }
        Refusal::TimeUsed { scope: Scope::Day, until } => {
            Refused::DayTimeGone { again: until.unwrap_or_else(|| engine.policy().hours.zone().next_day(now.wall)) }
        }
        Refusal::TimeUsed { scope: Scope::Voucher | Scope::Visit, .. } => Refused::UsedUp,
        Refusal::TimeUsed { scope: Scope::Month, until } => {
            Refused::MonthTimeGone { again: until.unwrap_or_else(|| engine.policy().hours.zone().next_month(now.wall)) }
        }
        Refusal::BytesUsed { scope, until } => Refused::BytesGone { period: period(scope), again: until },
        Refusal::Pause { wait } => Refused::Pause { until: now.wall_after(wait) },
        Refusal::InUse { .. } => Refused::TooManyDevices { allowed: devices, may_take_over: true },
        Refusal::UnknownVoucher | Refusal::Revoked => Refused::UnknownCode,
        Refusal::VoucherExpired { before } => Refused::UseBefore { passed: before },
    }
}
