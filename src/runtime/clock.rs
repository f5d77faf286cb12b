//! The one real clock.
//!
//! Timers run on `CLOCK_BOOTTIME`, which nobody can set. The wall clock is read beside it and believed only on evidence:
//! the kernel says it is synchronised, a battery-backed clock set it at boot, or the controller told the time in a signed message.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gapura_model::{ClockTrust, Moment, Uptime};
use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::sys;

/// Where a process takes its time from. Every daemon takes its clock as an argument.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Both clocks, read together.
    fn now(&self) -> Moment;

    /// [`Moment::wall`] minus the kernel's `CLOCK_REALTIME`.
    ///
    /// Rules that the kernel judges by its own wall clock (`meta time`) must be written this much earlier.
    fn ahead_of_kernel(&self) -> SignedDuration;

    /// The controller's signed time, just received. Believed where nothing better is known; a clock that is already
    /// trusted is left as it is.
    fn trust(&self, signed: Timestamp);

    /// The last jump of the wall clock that nobody has taken yet. Calendars and kernel windows must be computed anew.
    fn take_jump(&self) -> Option<ClockJump>;
}

/// The wall clock did not move with the monotonic one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockJump {
    /// How far: positive is forward.
    pub by: SignedDuration,
    /// The first reading after it.
    pub at: Moment,
}

/// What the machine's clock is believed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Believe {
    /// On evidence only (NTP, battery-backed clock, the controller).
    #[default]
    Evidence,
    /// Always, except after a jump: the operator says that this machine's clock is right from the start (virtual machines).
    Always,
}

/// What is known when the clock starts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClockStart {
    /// The last time on disk: no reading is earlier. `None` on the very first start.
    pub floor: Option<Timestamp>,
    /// What the machine's clock is believed on.
    pub believe: Believe,
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock(Mutex<State>);

impl SystemClock {
    /// A difference between the two clocks that arises between two readings and is larger than this is a jump.
    /// NTP slews at most 0.5 ms a second and steps only when it is further off than that can repair.
    pub const JUMP: SignedDuration = SignedDuration::from_secs(5);

    /// Starts reading.
    pub fn start(start: ClockStart) -> Self {
        let reading = Reading::take();
        let believed = match start.believe {
            Believe::Always => true,
            Believe::Evidence => battery_clock_set_it(Path::new("/sys/class/rtc")),
        };
        Self(Mutex::new(State::new(reading, start.floor, believed)))
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.read(Reading::take(), sys::kernel_clock_is_synchronised)
    }

    fn ahead_of_kernel(&self) -> SignedDuration {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = Reading::take();
        state.read(reading, sys::kernel_clock_is_synchronised).wall.duration_since(reading.wall)
    }

    fn trust(&self, signed: Timestamp) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.trust(Reading::take(), signed, sys::kernel_clock_is_synchronised);
    }

    fn take_jump(&self) -> Option<ClockJump> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).jump.take()
    }
}

/// The kernel's two clocks.
#[derive(Clone, Copy, Debug)]
struct Reading {
    up: Duration,
    wall: Timestamp,
}

impl Reading {
    #[expect(clippy::disallowed_methods, reason = "this is the one real clock")]
    fn take() -> Self {
        Self { up: duration(clock_gettime(ClockId::Boottime)), wall: Timestamp::now() }
    }

    /// When the machine started, by its own wall clock: constant unless that clock is set or slewed.
    fn wall_at_boot(self) -> Timestamp {
        self.wall.saturating_sub(signed(self.up)).unwrap_or(Timestamp::MIN)
    }
}

/// Everything the clock remembers; pure, so that its rules can be tested without a machine.
#[derive(Debug)]
struct State {
    /// No reading of `wall` at uptime `.0` is earlier than `.1`.
    floor: Option<(Duration, Timestamp)>,
    /// Something other than NTP vouches for the machine's clock: a battery, or the operator. Gone after a jump.
    believed: bool,
    /// Kernel says so; looked at once a second.
    synchronised: bool,
    looked: Option<Duration>,
    /// The time at boot that is used instead of the machine's own, and whether it is to be believed.
    own: Option<(Timestamp, ClockTrust)>,
    wall_at_boot: Timestamp,
    jump: Option<ClockJump>,
}

impl State {
    fn new(reading: Reading, floor: Option<Timestamp>, believed: bool) -> Self {
        let plausible = reading.wall >= floor.unwrap_or(Timestamp::MIN).max(BUILT_AFTER);
        Self {
            floor: floor.map(|floor| (reading.up, floor)),
            believed: believed && plausible,
            synchronised: false,
            looked: None,
            own: None,
            wall_at_boot: reading.wall_at_boot(),
            jump: None,
        }
    }

    fn read(&mut self, reading: Reading, synchronised: impl FnOnce() -> bool) -> Moment {
        let by = reading.wall_at_boot().duration_since(self.wall_at_boot);
        let jumped = by.abs() > SystemClock::JUMP;
        let due = self.looked.is_none_or(|at| reading.up.saturating_sub(at) >= Duration::from_secs(1));
        if due || jumped {
            self.synchronised = synchronised() && reading.wall >= BUILT_AFTER;
            self.looked = Some(reading.up);
        }
        if jumped && !self.synchronised {
            self.believed = false;
            let before = self.wall_at_boot;
            self.own.get_or_insert((before, ClockTrust::Doubtful));
        }
        if self.synchronised {
            self.own = None;
        }
        self.wall_at_boot = reading.wall_at_boot();
        let moment = self.moment(reading);
        if jumped {
            self.jump = Some(ClockJump { by, at: moment });
        }
        moment
    }

    fn trust(&mut self, reading: Reading, told: Timestamp, synchronised: impl FnOnce() -> bool) {
        let before = self.read(reading, synchronised);
        if before.trust == ClockTrust::Trusted {
            return;
        }
        self.own = Some((told.saturating_sub(signed(reading.up)).unwrap_or(Timestamp::MIN), ClockTrust::Trusted));
        self.floor = None;
        let by = told.duration_since(before.wall);
        if by.abs() > SystemClock::JUMP {
            self.jump = Some(ClockJump { by, at: self.moment(reading) });
        }
    }

    fn moment(&self, reading: Reading) -> Moment {
        let (at_boot, mut trust) = match self.own {
            Some(own) => own,
            None if self.synchronised || self.believed => (self.wall_at_boot, ClockTrust::Trusted),
            None => (self.wall_at_boot, ClockTrust::Doubtful),
        };
        let mut wall = at_boot.saturating_add(signed(reading.up)).unwrap_or(Timestamp::MAX);
        if let Some((since, floor)) = self.floor {
            let least = floor.saturating_add(signed(reading.up.saturating_sub(since))).unwrap_or(Timestamp::MAX);
            if wall < least {
                trust = ClockTrust::Doubtful;
                wall = least;
            }
        }
        Moment { up: Uptime::new(reading.up), wall, trust }
    }
}

/// No Gapura ran before 2026-01-01T00:00:00Z: a clock that says so was never set.
const BUILT_AFTER: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// Whether a battery-backed clock set the machine's at boot (`hctosys` of the kernel's RTC class).
fn battery_clock_set_it(class: &Path) -> bool {
    let Ok(clocks) = class.read_dir() else { return false };
    clocks
        .flatten()
        .any(|clock| std::fs::read_to_string(clock.path().join("hctosys")).is_ok_and(|text| text.trim() == "1"))
}

fn duration(time: Timespec) -> Duration {
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests;
