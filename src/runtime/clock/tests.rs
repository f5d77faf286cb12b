use super::*;

const NOON: Timestamp = Timestamp::constant(1_800_000_000, 0);

fn at(up: u64, wall: Timestamp) -> Reading {
    Reading { up: Duration::from_secs(up), wall }
}

fn later(seconds: i64) -> Timestamp {
    NOON + SignedDuration::from_secs(seconds)
}

#[test]
fn an_unset_clock_starts_at_the_floor_and_is_doubtful() {
    let mut state = State::new(at(10, Timestamp::UNIX_EPOCH), Some(NOON), true);
    let moment = state.read(at(25, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(15)), || false);
    assert_eq!(moment.wall, later(15));
    assert_eq!(moment.trust, ClockTrust::Doubtful);
}

#[test]
fn a_battery_clock_behind_the_floor_is_not_believed() {
    let mut state = State::new(at(10, later(-3600)), Some(NOON), true);
    assert_eq!(state.read(at(11, later(-3599)), || false).trust, ClockTrust::Doubtful);
}

#[test]
fn a_plausible_battery_clock_is_believed_until_it_jumps() {
    let mut state = State::new(at(10, NOON), Some(later(-60)), true);
    assert_eq!(state.read(at(20, later(10)), || false).trust, ClockTrust::Trusted);
    let moment = state.read(at(30, later(20 + 86_400)), || false);
    assert_eq!(moment.trust, ClockTrust::Doubtful);
    assert_eq!(moment.wall, later(20), "goes on from before the jump: nothing is gained or lost");
    assert_eq!(state.jump.take().unwrap().by, SignedDuration::from_secs(86_400));
    assert_eq!(state.read(at(40, later(30 + 86_400)), || false).wall, later(30));
    assert_eq!(state.jump, None, "one jump is reported once");
}

#[test]
fn synchronisation_ends_every_doubt() {
    let mut state = State::new(at(10, Timestamp::UNIX_EPOCH), Some(later(-500)), false);
    assert_eq!(
        state.read(at(11, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1)), || false).trust,
        ClockTrust::Doubtful
    );
    let moment = state.read(at(12, NOON), || true);
    assert_eq!((moment.wall, moment.trust), (NOON, ClockTrust::Trusted));
    assert!(state.jump.take().is_some(), "calendars must be computed anew");
}

#[test]
fn the_controllers_time_is_believed_where_nothing_else_is() {
    let mut state = State::new(at(10, Timestamp::UNIX_EPOCH), Some(later(-500)), false);
    state.trust(at(20, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(10)), NOON, || false);
    let moment = state.read(at(50, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(40)), || false);
    assert_eq!((moment.wall, moment.trust), (later(30), ClockTrust::Trusted));
    assert!(state.jump.take().is_some());
    state.trust(at(60, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(50)), later(9000), || false);
    assert_eq!(state.read(at(60, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(50)), || false).wall, later(40));
}

#[test]
fn a_machine_set_back_while_the_controllers_time_is_used_changes_nothing_but_the_windows() {
    let mut state = State::new(at(10, Timestamp::UNIX_EPOCH), None, false);
    state.trust(at(20, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(10)), NOON, || false);
    state.jump = None;
    let moment = state.read(at(30, later(-86_400)), || false);
    assert_eq!((moment.wall, moment.trust), (later(10), ClockTrust::Trusted));
    assert!(state.jump.is_some(), "the kernel's own clock moved: its windows must be written anew");
}

#[test]
fn slewing_is_no_jump() {
    let mut state = State::new(at(0, NOON), None, true);
    for minute in 1..600_u64 {
        let drift = i64::try_from(minute).unwrap();
        let moment = state.read(at(minute * 60, later(drift * 61)), || false);
        assert_eq!(moment.trust, ClockTrust::Trusted);
    }
    assert_eq!(state.jump, None);
}

#[test]
fn the_real_clock_runs() {
    let clock = SystemClock::start(ClockStart { floor: None, believe: Believe::Always });
    let (first, second) = (clock.now(), clock.now());
    assert!(first.up.since_boot() > Duration::ZERO && second.up >= first.up && second.wall >= first.wall);
    assert!(clock.ahead_of_kernel().abs() < SignedDuration::from_secs(1));
    assert_eq!(clock.take_jump(), None);
}

#[test]
fn a_real_clock_behind_the_last_time_on_disk_is_ahead_of_the_kernel() {
    let floor = SystemClock::start(ClockStart::default()).now().wall_after(Duration::from_hours(1));
    let clock = SystemClock::start(ClockStart { floor: Some(floor), believe: Believe::Always });
    let now = clock.now();
    assert!(now.wall >= floor && now.trust == ClockTrust::Doubtful);
    assert!(clock.ahead_of_kernel() > SignedDuration::from_secs(3590));
}
