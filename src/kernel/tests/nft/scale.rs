//! Many ranges: what they cost, and who waits for them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gapura_kernel::{AddressFilter, Changed};

use crate::gate::{access, config, open, slot};
use crate::lab::Lab;

/// So many ranges of each family, none touching the next, of eight classes; group 7 is refused half of them.
fn many(four: u32, six: u32, from: u32) -> AddressFilter {
    let v4 = (0..four).map(|n| {
        let first = 0x0b00_0000 + n * 512 + from;
        let address = |bits| IpAddr::V4(Ipv4Addr::from_bits(bits));
        (address(first), address(first + 255), n % 8)
    });
    let v6 = (0..six).map(|n| {
        let first = 0x2a00_u128 << 112 | u128::from(n * 2 + from) << 64;
        let address = |bits| IpAddr::V6(Ipv6Addr::from_bits(bits));
        (address(first), address(first + (1 << 64) - 1), n % 8)
    });
    AddressFilter {
        ranges: v4.chain(v6).collect(),
        refused: (0..4).map(|class| (class, 7)).collect(),
        ..AddressFilter::default()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test that measures needs a clock")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// Figures to read; the bounds are generous, for busy machines.
#[test]
fn a_hundred_thousand_ranges_come_in_beside_everybody_else() {
    let lab = Lab::new("many");
    let mut kernel = open(&lab, config(), &[]);
    let mut events = lab.gateway(|| kernel.events().unwrap());
    for (four, six) in [(100_000, 0), (0, 100_000)] {
        let filter = many(four, six, 0);
        let (changed, took) = timed(|| kernel.set_filter(&filter).unwrap());
        println!("{four} + {six} ranges: {took:?}");
        assert!(took < Duration::from_secs(30), "{took:?}");
        assert_eq!(changed.tightened, [7].into());
        let again = AddressFilter { refused: [(0, 7), (5, 8)].into(), ..filter.clone() };
        let load = kernel.prepare_filter(&again).unwrap();
        assert!(!load.is_large(), "an hour that begins");
        drop(load);
        let (changed, took) = timed(|| kernel.set_filter(&again).unwrap());
        println!("other pairs: {took:?}");
        assert_eq!(changed.tightened, [8].into());
        assert_eq!(changed.groups, [7, 8].into());

        // Others in its place, while visitors come and go.
        let mut load = kernel.prepare_filter(&many(four, six, 1)).unwrap();
        assert!(load.is_large());
        let done = AtomicBool::new(false);
        let (mut waits, took) = std::thread::scope(|scope| {
            let loader = scope.spawn(|| {
                let filled = timed(|| load.fill());
                done.store(true, Ordering::Release);
                filled
            });
            let mut waits = Vec::new();
            while !done.load(Ordering::Acquire) {
                waits.push(timed(|| kernel.grant(&[access(1)]).unwrap()).1);
                waits.push(timed(|| kernel.revoke(&[slot(0x11)]).unwrap()).1);
                std::thread::sleep(Duration::from_millis(2));
            }
            let (filled, took) = loader.join().unwrap();
            filled.unwrap();
            (waits, took)
        });
        waits.sort_unstable();
        let longest = waits.pop().unwrap();
        println!("filled beside in {took:?}; {} changes waited {longest:?} at most", waits.len() + 1);
        assert!(waits.len() > 2 && longest < took, "{longest:?} of {took:?}");
        let (changed, took) = timed(|| kernel.finish_filter(&mut load).unwrap());
        let ((), tidy) = timed(|| load.tidy().unwrap());
        println!("put into force in {took:?}, tidied in {tidy:?}");
        assert!(changed.tightened.contains(&7));
        assert_eq!(events.next(Duration::from_millis(50)).unwrap(), None, "our own changes are no news");

        drop(kernel);
        kernel = open(&lab, config(), &[]);
        events = lab.gateway(|| kernel.events().unwrap());
        assert!(!kernel.prepare_filter(&many(four, six, 1)).unwrap().is_large(), "adopted");
        assert_eq!(kernel.set_filter(&many(four, six, 1)).unwrap(), Changed::default());
    }
}
