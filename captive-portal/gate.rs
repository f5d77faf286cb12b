//! What the portal needs to know and may ask for. The gateway answers; the portal only speaks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gapura_model::{AccountName, ByteCount, DeviceSort, Moment, MoveCode, Secret, VoucherCode, VoucherToken};
use jiff::{Timestamp, tz::TimeZone};

use crate::{Filter, HelpDesk, Notice, Text, Visit};

/// The gateway, as the portal sees it.
///
/// `view` is called for every page and every API answer, never for a captive redirect. All answers are about the device
/// behind `peer`; finding that device (bridge and MAC address) is the gateway's affair.
pub trait Gate: Filter + HelpDesk {
    /// Both clocks, read now. Figures in a [`View`] are figures of this moment.
    fn moment(&self) -> Moment;

    /// How things stand for the device behind `peer`. Answers within a moment; where it cannot, it says [`State::Unknown`].
    fn view(&self, peer: Peer) -> impl Future<Output = View> + Send;

    /// Lets the device in. Returns only after the kernel agreed: the visitor is online when this is `Ok`.
    ///
    /// With `take_over` the visitor asked to go on with a visit that another device still holds.
    fn enter(
        &self,
        peer: Peer,
        with: Credentials,
        take_over: bool,
    ) -> impl Future<Output = Result<Entered, Refused>> + Send;

    /// What the device at the door seems to be; said just before it enters, for staff to tell visits apart.
    fn seen_as(&self, _peer: Peer, _sort: DeviceSort) {}

    /// Ends the device's visit (*Keluar*). Leaving without a visit is no mistake.
    fn leave(&self, peer: Peer) -> impl Future<Output = Result<(), Refused>> + Send;

    /// Grants the extension that [`Visit::extend`] offered.
    fn extend(&self, peer: Peer) -> impl Future<Output = Result<(), Refused>> + Send;
}

/// Both ends of a visitor's connection. IPv4 addresses are never in their mapped IPv6 form; link-local ones carry their scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The device's address and port.
    pub remote: SocketAddr,
    /// The gateway's address and port as the connection was accepted (after the kernel's redirection).
    pub local: SocketAddr,
}

/// What a visitor shows at the door.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// One tap, agreeing to the terms.
    OneTap {
        /// The terms on the page that was tapped.
        terms: TermsId,
    },
    /// The code on a paper voucher.
    Voucher(VoucherCode),
    /// The one-time token in a paper voucher's QR code.
    Token(VoucherToken),
    /// An account.
    Account {
        /// The name signed in with.
        name: AccountName,
        /// At most 256 bytes of UTF-8.
        password: Secret<String>,
    },
    /// The code by which staff let a visit of another device move here.
    Moving(MoveCode),
    /// The visitor's last visit, from the page that says it ended (*Sambung lagi*): valid as far as the gateway still knows it.
    Again,
}

/// Which text of the terms a visitor agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermsId {
    /// The operator's own name for the text.
    pub version: String,
    /// SHA-256 of the text in every language.
    pub hash: [u8; 32],
}

/// A visitor is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered {
    /// An earlier visit goes on (*Lanjutkan sesi*).
    pub resumed: bool,
}

/// How things stand for one device.
#[derive(Clone, Debug)]
pub struct View {
    /// Facts of the site, the same for everybody.
    pub site: Arc<Site>,
    /// This device.
    pub state: State,
    /// The site's hours.
    pub door: Door,
    /// The way to the Internet.
    pub uplink: Uplink,
    /// What staff want everybody to read.
    pub notice: Option<Notice>,
    /// How long this device has to wait before it may try another code, where guessing is being slowed.
    pub wait: Option<Duration>,
}

/// Facts of the site that the bundle brings. Texts and colours are in [`crate::Look`].
#[derive(Clone, Debug)]
pub struct Site {
    /// The zone of the site's clock, with an IANA name.
    pub zone: TimeZone,
    /// The windows of an ordinary week; `None` for a site that never closes.
    pub week: Option<Week>,
    /// What one tap gives; `None` where one tap is switched off.
    pub one_tap: Option<Offer>,
    /// Vouchers are taken.
    pub voucher: bool,
    /// Accounts are taken.
    pub account: bool,
}

/// Opening windows by weekday, Monday first: minutes after midnight, the end up to 2880 where a window passes midnight.
pub type Week = [Vec<(u16, u16)>; 7];

/// What a way in gives, in words: "2 jam setiap hari, 1 GB".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Time, if it is limited.
    pub time: Option<Duration>,
    /// Whether the time is for each day, and not for each visit.
    pub daily: bool,
    /// Bytes, if they are limited.
    pub bytes: Option<ByteCount>,
}

/// This device.
#[derive(Clone, Debug)]
pub enum State {
    /// No device was found behind the address (no neighbour entry), or the gate does not answer.
    Unknown,
    /// Not online.
    Ready,
    /// Online by a visit.
    Online(Box<Visit>),
    /// The last visit is over.
    Ended(Box<Ended>),
    /// Kept out by staff.
    Blocked {
        /// Why, in staff's words for the visitor.
        reason: Option<Text>,
    },
    /// Always let through, without a visit: a printer, a staff PC.
    Trusted,
}

/// A visit that is over.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Why.
    pub why: EndReason,
    /// When.
    pub at: Timestamp,
    /// How long it lasted.
    pub lasted: Duration,
    /// Bytes used.
    pub used: gapura_model::Traffic,
    /// Time that is kept for later; `None` where time is not limited.
    pub time_left: Option<Duration>,
    /// Bytes that are kept for later; `None` where they are not limited.
    pub bytes_left: Option<ByteCount>,
    /// What is left may be used until then (*Pakai sebelum*, or the end of the day).
    pub keep_until: Option<Timestamp>,
    /// When the device may come again, where it has to wait: a pause, or the new day's allowance.
    pub again: Option<Timestamp>,
    /// The visitor may go on with one tap ([`Credentials::Again`]).
    pub resumable: bool,
}

/// Why a visit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// *Keluar*.
    LoggedOut,
    /// The visit's time is over.
    VisitTime,
    /// The day's time is over.
    DayTime,
    /// The month's time is over.
    MonthTime,
    /// The bytes of a period are used up.
    Bytes(Period),
    /// This site's share of a group's voucher is used up.
    Share,
    /// Nothing was used for a while.
    Idle,
    /// The site closed.
    Closing,
    /// *Pakai sebelum* passed.
    UseBefore,
    /// Staff ended it.
    Staff {
        /// Why, in their words.
        reason: Option<Text>,
    },
    /// Another device of the same visitor took it over.
    TakenOver,
    /// Another device appeared under this one's address.
    AddressTaken,
    /// Anything else: the gate was rebuilt, the plan is gone.
    Other,
}

/// What a limit is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// One visit.
    Visit,
    /// A calendar day at the site.
    Day,
    /// A calendar month at the site.
    Month,
    /// The whole life of a voucher.
    Voucher,
}

/// The site's hours, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// Open.
    Open {
        /// Until then; `None` for a site that never closes.
        closes: Option<Timestamp>,
    },
    /// Closed.
    Closed {
        /// Until then, if anybody knows.
        opens: Option<Timestamp>,
        /// Why it is closed out of the ordinary.
        reason: Option<Text>,
    },
    /// *Buka darurat*: open for everybody without signing in.
    Emergency {
        /// Until then.
        until: Timestamp,
    },
}

/// The way to the Internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uplink {
    /// It works.
    Up,
    /// It does not.
    Down {
        /// Since when, where the clock is believed.
        since: Option<Timestamp>,
    },
    /// Its network has the same addresses as the visitors': nothing can be reached until staff change one of them.
    Clash,
}

/// Why a visitor was not let in, or not given what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No such voucher.
    UnknownCode,
    /// The voucher's QR code has let somebody in before; the code beside it still works.
    LinkUsed,
    /// The voucher is used up.
    UsedUp,
    /// This site's share of a group's voucher is used up; there may be more once the site has heard from the controller.
    ShareUsed,
    /// The voucher's *Pakai sebelum* has passed.
    UseBefore {
        /// When.
        passed: Timestamp,
    },
    /// The voucher is for another site.
    WrongSite {
        /// Which, where it may be said.
        site: Option<String>,
    },
    /// As many devices as the plan allows are online; `take_over` would end the visit of one.
    TooManyDevices {
        /// How many the plan allows.
        allowed: u32,
        /// Whether one may be taken over.
        may_take_over: bool,
    },
    /// Wrong name or wrong password: never said which.
    WrongPassword,
    /// Passwords are only taken over HTTPS here.
    PasswordNeedsHttps,
    /// The day's time is gone.
    DayTimeGone {
        /// When there is new time.
        again: Timestamp,
    },
    /// The month's time is gone.
    MonthTimeGone {
        /// When there is new time.
        again: Timestamp,
    },
    /// The bytes of a period are gone.
    BytesGone {
        /// Which period.
        period: Period,
        /// When there are new ones, if ever.
        again: Option<Timestamp>,
    },
    /// The plan wants a pause between visits.
    Pause {
        /// Until then.
        until: Timestamp,
    },
    /// The site is closed.
    Closed {
        /// Until then, if anybody knows.
        opens: Option<Timestamp>,
    },
    /// There is no Internet to give; nothing was taken from a voucher.
    UplinkDown,
    /// Too many attempts.
    Wait {
        /// How long, at least a second.
        wait: Duration,
    },
    /// The gate has too much to do: try again in some seconds.
    Busy,
    /// The gate cannot write to its disk, and lets nobody new in.
    Storage,
    /// No device was found behind the address.
    UnknownDevice,
    /// Staff keep this device out.
    Blocked,
    /// This way in is switched off.
    WayOff,
    /// The terms changed since the page was made.
    TermsChanged,
    /// The clock is in doubt, and the site chose to let nobody in meanwhile.
    ClockDoubtful,
    /// There is nothing (more) to extend, or nothing to go on with.
    NotOffered,
}
