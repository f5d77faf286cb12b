//! A gate that keeps its visits in memory: one plan, vouchers that last, one account; and a filter with a few names.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use captive_portal::{
    Appeal, AppealRefused, AppealState, BytesLeft, Credentials, Door, EndReason, Ended, Entered, Explained, Extension,
    Filter, Followed, Gate, Help, HelpAnswer, HelpDesk, HelpRefused, HelpRequest, HelpStage, HelpState, Look, Notice,
    Offer, Peer, Period, Refused, Ruling, Share, Site, Speed, Stage, State, TermsId, Text, TimeEnd, TimeLeft, Uplink,
    View, Visit,
};
use gapura_model::{BitRate, ByteCount, DeviceId, Moment, Name, Reference, Traffic, Uptime};
use jiff::{Timestamp, tz::TimeZone};

pub(crate) const GOOD: &str = "ABCDE23456";
/// The token of the same voucher's QR code.
pub(crate) const TOKEN: &str = "0123456789abcdefghjkmnpqrs";
pub(crate) const SPENT: &str = "SPENT23456";
/// The code by which staff let a visit move here.
pub(crate) const MOVING: &str = "PNDAH";

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
    /// The token has let somebody in.
    pub(crate) token_used: bool,
    pub(crate) agreed: Vec<TermsId>,
    pub(crate) views: u64,
    /// How often somebody asked to enter.
    pub(crate) asked: u64,
    /// What the filter blocks, name by name; `None` where it is being loaded.
    pub(crate) blocks: Option<HashMap<Name, Ruling>>,
    /// Appeals as they were filed.
    pub(crate) appeals: Vec<Appeal>,
    /// How far every appeal is.
    pub(crate) stage: Stage,
    /// Every appeal is refused with this.
    pub(crate) refuse_appeals: Option<AppealRefused>,
    /// Requests for help as they were filed; their numbers go on behind those of appeals.
    pub(crate) requests: Vec<HelpRequest>,
    /// How far every request is, when it is due, and what was answered.
    pub(crate) helped: (HelpStage, Option<Timestamp>, Vec<HelpAnswer>),
    /// Every request is refused with this.
    pub(crate) refuse_requests: Option<HelpRefused>,
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
            token_used: false,
            agreed: Vec::new(),
            views: 0,
            asked: 0,
            blocks: Some(HashMap::new()),
            appeals: Vec::new(),
            stage: Stage::Waiting,
            refuse_appeals: None,
            requests: Vec::new(),
            helped: (HelpStage::Waiting, None, Vec::new()),
            refuse_requests: None,
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

    /// From now on `name` is blocked for everybody.
    pub(crate) fn block(&self, name: &str, ruling: Ruling) {
        self.set(|inner| inner.blocks.get_or_insert_default().insert(name.parse().unwrap(), ruling));
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
            Credentials::Token(token) if token.to_text() != TOKEN => return Err(Refused::UnknownCode),
            Credentials::Token(_) if self.token_used => return Err(Refused::LinkUsed),
            Credentials::Token(_) => Holder::Voucher,
            Credentials::Account { name, password } => {
                if name.as_str() != "andi" || password.expose() != "rahasia & panjang" {
                    return Err(Refused::WrongPassword);
                }
                Holder::Account
            }
            Credentials::Moving(code) if code.expose() == MOVING => Holder::Voucher,
            Credentials::Moving(_) => return Err(Refused::UnknownCode),
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
        self.token_used |= matches!(with, Credentials::Token(_));
        self.start(ip, holder);
        Ok(Entered { resumed: take_over })
    }

    /// A device is online, whatever way it came.
    pub(crate) fn let_in(&mut self, ip: IpAddr) {
        self.start(ip, Holder::Device);
    }

    fn start(&mut self, ip: IpAddr, holder: Holder) {
        self.ended.remove(&ip);
        let until = self.up + Duration::from_hours(2);
        self.online.insert(ip, Running { until, holder, bytes: 640_000_000 });
    }
}

/// The number of the appeal filed as number `index`.
pub(crate) fn reference(index: usize) -> Reference {
    Reference::from_random(&[u8::try_from(index).unwrap(); 10]).unwrap()
}

impl Filter for World {
    fn blocks(&self, peer: Peer, name: &Name) -> bool {
        self.set(|inner| {
            inner.online.contains_key(&peer.remote.ip())
                && inner.blocks.as_ref().is_some_and(|blocks| blocks.contains_key(name))
        })
    }

    async fn explain(&self, _: Peer, name: &Name) -> Explained {
        self.set(|inner| match &inner.blocks {
            None => Explained::Unknown,
            Some(blocks) => match blocks.get(name) {
                Some(ruling) => Explained::Blocked(Box::new(ruling.clone())),
                None if blocks.is_empty() => Explained::NoFilter,
                None => Explained::Open,
            },
        })
    }

    /// Devices are 127.0.0.0/8 and ::1.
    fn device(&self, peer: Peer) -> Option<DeviceId> {
        let last = match peer.remote.ip() {
            IpAddr::V4(address) => address.octets()[3],
            IpAddr::V6(_) => 0,
        };
        Some(DeviceId { lan: "br-lan".parse().unwrap(), mac: format!("02:00:00:00:00:{last:02x}").parse().unwrap() })
    }

    async fn file_appeal(&self, _: Peer, appeal: Appeal) -> Result<Reference, AppealRefused> {
        self.set(|inner| match inner.refuse_appeals {
            Some(refused) => Err(refused),
            None if !inner.blocks.as_ref().is_some_and(|blocks| blocks.contains_key(&appeal.name)) => {
                Err(AppealRefused::NotBlocked)
            }
            None => {
                inner.appeals.push(appeal);
                Ok(reference(inner.appeals.len() - 1))
            }
        })
    }
}

/// The number of the request filed as number `index`.
pub(crate) fn request_number(index: usize) -> Reference {
    reference(100 + index)
}

impl HelpDesk for World {
    async fn file_request(&self, _: Peer, request: HelpRequest) -> Result<Reference, HelpRefused> {
        self.set(|inner| {
            if let Some(refused) = inner.refuse_requests {
                return Err(refused);
            }
            inner.requests.push(request);
            Ok(request_number(inner.requests.len() - 1))
        })
    }

    async fn followed(&self, asked: Reference) -> Followed {
        self.set(|inner| {
            let appeal = inner.appeals.iter().enumerate().find(|(index, _)| reference(*index) == asked);
            let request = inner.requests.iter().enumerate().find(|(index, _)| request_number(*index) == asked);
            match (appeal, request) {
                (Some((_, appeal)), _) => {
                    let stage = inner.stage.clone();
                    Followed::Found(Box::new(AppealState { name: appeal.name, filed: inner.wall, stage }))
                }
                (None, Some((_, request))) => {
                    let (stage, due, answers) = inner.helped.clone();
                    let (topic, filed) = (request.topic, inner.wall);
                    Followed::Help(Box::new(HelpState { topic, filed, stage, due, answers }))
                }
                (None, None) => Followed::NotFound,
            }
        })
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
