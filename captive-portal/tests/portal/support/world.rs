//! A gate that keeps its visits in memory: one plan, vouchers that last, one account.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use captive_portal::{
    BytesLeft, Credentials, Door, EndReason, Ended, Entered, Extension, Gate, Help, Look, Notice, Offer, Peer, Period,
    Refused, Share, Site, Speed, State, TermsId, Text, TimeEnd, TimeLeft, Uplink, View, Visit,
};
use gapura_model::{BitRate, ByteCount, Moment, Traffic, Uptime};
use jiff::{Timestamp, tz::TimeZone};

pub(crate) const GOOD: &str = "ABCDE23456";
pub(crate) const SPENT: &str = "SPENT23456";

pub(crate) fn look() -> Look {
    let mut look = Look::new(
        Text::plain("Internet Sinjai"),
        Text::plain("Galeri Sinjai"),
        Text::plain("Diskominfo Kabupaten Sinjai"),
    );
    look.terms.version = "3".to_owned();
    look.help = Help { phone: Some("+624825550112".to_owned()), ..Help::default() };
    look
}

/// The gate.
pub(crate) struct World(Mutex<Inner>);

pub(crate) struct Inner {
    pub(crate) wall: Timestamp,
    pub(crate) up: Duration,
    pub(crate) door: Door,
    pub(crate) uplink: Uplink,
    pub(crate) notice: Option<Notice>,
    pub(crate) blocked: HashSet<IpAddr>,
    /// The next `enter` is refused with this.
    pub(crate) refuse: Option<Refused>,
    /// Every `enter` waits for this many permits.
    pub(crate) slow: Option<Arc<tokio::sync::Semaphore>>,
    pub(crate) agreed: Vec<TermsId>,
    pub(crate) views: u64,
    /// How often somebody asked to enter.
    pub(crate) asked: u64,
    online: HashMap<IpAddr, Running>,
    ended: HashMap<IpAddr, EndReason>,
}

#[derive(Clone, Copy)]
struct Running {
    until: Duration,
    holder: Holder,
    bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    Device,
    Voucher,
    Account,
}

impl World {
    pub(crate) fn new() -> Self {
        let wall: Timestamp = "2026-11-20T12:14:00Z".parse().unwrap();
        Self(Mutex::new(Inner {
            wall,
            up: Duration::from_secs(1000),
            door: Door::Open { closes: Some("2026-11-20T14:00:00Z".parse().unwrap()) },
            uplink: Uplink::Up,
            notice: None,
            blocked: HashSet::new(),
            refuse: None,
            slow: None,
            agreed: Vec::new(),
            views: 0,
            asked: 0,
            online: HashMap::new(),
            ended: HashMap::new(),
        }))
    }

    pub(crate) fn set<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    /// Time goes by; visits that are over end.
    pub(crate) fn pass(&self, time: Duration) {
        self.set(|inner| {
            inner.up += time;
            inner.wall += jiff::SignedDuration::try_from(time).unwrap();
            let up = inner.up;
            let over: Vec<_> = inner.online.iter().filter(|(_, visit)| visit.until <= up).map(|(ip, _)| *ip).collect();
            for ip in over {
                inner.end(ip, EndReason::VisitTime);
            }
        });
    }

    pub(crate) fn is_online(&self, ip: &str) -> bool {
        self.set(|inner| inner.online.contains_key(&ip.parse().unwrap()))
    }

    pub(crate) fn kick(&self, ip: &str, why: EndReason) {
        self.set(|inner| inner.end(ip.parse().unwrap(), why));
    }
}

impl Inner {
    fn end(&mut self, ip: IpAddr, why: EndReason) {
        if self.online.remove(&ip).is_some() {
            self.ended.insert(ip, why);
        }
    }

    fn visit(&self, running: Running) -> Visit {
        let left = running.until.saturating_sub(self.up);
        Visit {
            number: "4K7M-29QD".to_owned(),
            plan: Text::plain("Umum"),
            devices: Some(1),
            started: self.wall,
            time: Some(TimeLeft { left, of: Duration::from_hours(2), by: TimeEnd::Plan }),
            bytes: BytesLeft::Total(Share {
                left: ByteCount::new(running.bytes),
                of: ByteCount::new(1_000_000_000),
                period: Period::Day,
                renews: Some("2026-11-20T16:00:00Z".parse().unwrap()),
            }),
            used: Traffic::ZERO,
            speed: Speed { up: None, down: BitRate::new(4_000_000) },
            slowed: false,
            extend: (left < Duration::from_hours(2))
                .then_some(Extension { until: Some(self.wall), bytes: ByteCount::ZERO }),
        }
    }

    fn enter(&mut self, ip: IpAddr, with: &Credentials, take_over: bool) -> Result<Entered, Refused> {
        if let Some(refused) = self.refuse.take() {
            return Err(refused);
        }
        if self.blocked.contains(&ip) {
            return Err(Refused::Blocked);
        }
        let holder = match with {
            Credentials::OneTap { terms } => {
                self.agreed.push(terms.clone());
                Holder::Device
            }
            Credentials::Voucher(code) => match code.expose() {
                GOOD => Holder::Voucher,
                SPENT => return Err(Refused::UsedUp),
                _ => return Err(Refused::UnknownCode),
            },
            Credentials::Account { name, password } => {
                if name.as_str() != "andi" || password.expose() != "rahasia & panjang" {
                    return Err(Refused::WrongPassword);
                }
                Holder::Account
            }
            Credentials::Again => match self.ended.get(&ip) {
                Some(EndReason::LoggedOut) => Holder::Device,
                _ => return Err(Refused::NotOffered),
            },
        };
        let other = self.online.iter().find(|(at, running)| **at != ip && running.holder == holder).map(|(at, _)| *at);
        if let Some(other) = other.filter(|_| holder != Holder::Device) {
            if !take_over {
                return Err(Refused::TooManyDevices { allowed: 1, may_take_over: true });
            }
            self.end(other, EndReason::TakenOver);
        }
        self.ended.remove(&ip);
        let until = self.up + Duration::from_hours(2);
        self.online.insert(ip, Running { until, holder, bytes: 640_000_000 });
        Ok(Entered { resumed: take_over })
    }
}

impl Gate for World {
    fn moment(&self) -> Moment {
        self.set(|inner| Moment::trusted(Uptime::new(inner.up), inner.wall))
    }

    async fn view(&self, peer: Peer) -> View {
        self.set(|inner| {
            inner.views += 1;
            let ip = peer.remote.ip();
            let state = if inner.blocked.contains(&ip) {
                State::Blocked { reason: None }
            } else if let Some(running) = inner.online.get(&ip) {
                State::Online(Box::new(inner.visit(*running)))
            } else if let Some(why) = inner.ended.get(&ip) {
                State::Ended(Box::new(Ended {
                    why: why.clone(),
                    at: inner.wall,
                    lasted: Duration::from_mins(82),
                    used: Traffic::ZERO,
                    time_left: Some(Duration::from_mins(38)),
                    bytes_left: Some(ByteCount::new(212_000_000)),
                    keep_until: None,
                    again: None,
                    resumable: *why == EndReason::LoggedOut,
                }))
            } else {
                State::Ready
            };
            View {
                site: Arc::new(Site {
                    zone: TimeZone::get("Asia/Makassar").unwrap(),
                    week: None,
                    one_tap: Some(Offer {
                        time: Some(Duration::from_hours(2)),
                        daily: true,
                        bytes: Some(ByteCount::new(1_000_000_000)),
                    }),
                    voucher: true,
                    account: true,
                }),
                state,
                door: inner.door.clone(),
                uplink: inner.uplink,
                notice: inner.notice.clone(),
                wait: None,
            }
        })
    }

    async fn enter(&self, peer: Peer, with: Credentials, take_over: bool) -> Result<Entered, Refused> {
        let slow = self.set(|inner| {
            inner.asked += 1;
            inner.slow.clone()
        });
        if let Some(slow) = slow {
            slow.acquire().await.unwrap().forget();
        }
        self.set(|inner| inner.enter(peer.remote.ip(), &with, take_over))
    }

    async fn leave(&self, peer: Peer) -> Result<(), Refused> {
        self.set(|inner| inner.end(peer.remote.ip(), EndReason::LoggedOut));
        Ok(())
    }

    async fn extend(&self, peer: Peer) -> Result<(), Refused> {
        self.set(|inner| match inner.online.get_mut(&peer.remote.ip()) {
            Some(running) => {
                running.until += Duration::from_mins(30);
                Ok(())
            }
            None => Err(Refused::NotOffered),
        })
    }
}
