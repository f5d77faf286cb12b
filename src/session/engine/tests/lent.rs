//! Shares of a group's voucher.

use super::*;
use crate::share::{Lent, Limit, Share};

const HOLDER: HolderId = HolderId::Voucher([7; 32]);

/// A day of 1 MB, of which this site holds a quarter; *Waktu pakai* of an hour, of which it holds ten minutes.
fn site() -> Site {
    let mut plan = plan();
    plan.day.bytes = ByteLimit::Total(ByteCount::new(MB));
    Site::new(always(), plan)
}

fn share(bytes: u64, seconds: u64) -> Share {
    Share::from_iter([(Limit::DayBytes, Some(bytes)), (Limit::UseTime, Some(seconds))])
}

fn whole() -> Share {
    share(MB, 3_600)
}

fn kept(site: &Site) -> HolderBalance {
    let fresh = || HolderBalance::new(HOLDER, boot(), site.now.up);
    let mut kept = site.kept.get(&HOLDER).cloned().unwrap_or_else(fresh);
    kept.lent.get_or_insert_with(|| Lent::first(share(MB / 4, 600)));
    kept
}

fn enter(site: &mut Site) -> Result<VisitId, Refusal> {
    let ask = voucher(1, |voucher| voucher.use_time = Some(HOUR));
    let balance = Some(kept(site));
    site.ask(Ask { balance, ..ask })
}

fn lend(site: &mut Site, number: u64, share: Share) -> bool {
    let (kept, day) = (kept(site), site.engine.trusted_day().unwrap());
    site.engine.lend(&site.now, kept, number, share, day)
}

fn quotas(effects: &[Effect]) -> Vec<KernelQuota> {
    let quota = |effect: &Effect| match effect {
        Effect::HolderQuota { quota, .. } => Some(*quota),
        _ => None,
    };
    effects.iter().filter_map(quota).collect()
}

#[test]
fn the_share_is_the_holder_s_limit_and_grows_without_cutting_anybody() {
    let mut site = site();
    let visit = enter(&mut site).unwrap();
    let grant = site.grant();
    assert_eq!(grant.holder_quota, Some(KernelQuota::Total(ByteCount::new(MB / 4))));
    assert_eq!(grant.expires_in, Duration::from_mins(10));
    site.read(visit, 1, 199_999);
    assert!(lend(&mut site, 1, share(MB / 2, 1_200)));
    let effects = site.take();
    assert_eq!(quotas(&effects), [KernelQuota::Total(ByteCount::new(MB / 2 - 200_000))]);
    assert!(revoked(&effects).is_empty());
    let retimed =
        |effect: &Effect| matches!(effect, Effect::Retime { expires_in, .. } if *expires_in == 2 * 10 * MINUTE);
    assert!(effects.iter().any(retimed), "{effects:?}");
    assert!(!lend(&mut site, 1, whole()), "one number is one share");
    assert_eq!(revoked(&site.wait(20 * MINUTE)), [EndCause::TimeUp(Scope::Share)]);
    assert_eq!(enter(&mut site), Err(Refusal::TimeUsed { scope: Scope::Share, until: None }));
}

#[test]
fn bytes_used_up_here_are_said_to_be_the_share_until_they_are_all_there_were() {
    let mut site = site();
    let visit = enter(&mut site).unwrap();
    assert_eq!(revoked(&site.read(visit, 0, MB / 4)), [EndCause::QuotaUp(Scope::Share)]);
    assert!(matches!(enter(&mut site), Err(Refusal::BytesUsed { scope: Scope::Share, until: None })));
    assert!(lend(&mut site, 1, whole()));
    site.take();
    let visit = enter(&mut site).unwrap();
    assert_eq!(revoked(&site.read(visit, 0, 3 * MB / 4)), [EndCause::QuotaUp(Scope::Day)]);
    // The next day there is as much again.
    site.wait(24 * HOUR);
    assert!(enter(&mut site).is_ok());
}

#[test]
fn what_is_given_back_is_in_force_before_it_is_said_and_never_said_differently() {
    let mut site = site();
    let visit = enter(&mut site).unwrap();
    site.read(visit, 0, 50_000);
    let give = |site: &mut Site| {
        let kept = kept(site);
        site.engine.give_back(&site.now, kept, &whole());
        site.take()
    };
    // Somebody is online: half of what is left, of a limit of which more than an eighth of the whole is left.
    let effects = give(&mut site);
    assert_eq!(quotas(&effects), [KernelQuota::Total(ByteCount::new(100_000))]);
    assert!(revoked(&effects).is_empty());
    let (lent, used) = site.engine.lent(&HOLDER).unwrap();
    assert_eq!((lent.number, &lent.given), (0, &Some(share(100_000, 300))));
    assert_eq!((lent.share, used), (share(150_000, 300), share(50_000, 0)));
    assert_eq!(give(&mut site), [], "not again before it is confirmed");
    assert!(lend(&mut site, 1, share(150_000, 300)));
    site.engine.log_out(&site.now, visit);
    site.take();
    give(&mut site);
    let (lent, used) = site.engine.lent(&HOLDER).unwrap();
    assert_eq!((lent.share, used), (share(50_000, 0), share(50_000, 0)), "nobody is online: all of it");
    assert!(matches!(enter(&mut site), Err(Refusal::TimeUsed { scope: Scope::Share, .. })));
}

#[test]
fn shares_wait_for_the_day_and_for_a_trusted_clock() {
    let mut site = site();
    let today = site.engine.trusted_day().unwrap();
    let balance = kept(&site);
    assert!(!site.engine.lend(&site.now, balance.clone(), 1, whole(), today.tomorrow().unwrap()));
    site.now.trust = ClockTrust::Doubtful;
    site.engine.tick(&site.now);
    assert!(!site.engine.lend(&site.now, balance.clone(), 1, whole(), today));
    site.engine.give_back(&site.now, balance, &whole());
    assert_eq!(site.engine.lent(&HOLDER).unwrap().0, Lent::first(share(MB / 4, 600)));
}
