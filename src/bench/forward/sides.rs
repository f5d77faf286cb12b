//! The two sides: our gate as it is shipped, and what any router with NAT does.

use std::time::Duration;

use gapura_kernel::net::{ClassId, NetFeatures, Route, SECOND_LOCK_PREF, SecondLock, Shaper, Speed, shaper};
use gapura_kernel::{Access, ClassIds, Device, Features, GateConfig, Holder, Kernel, Quota, Slot, Window};
use gapura_lab::Ns;
use gapura_model::{BitRate, ByteCount, IfName};

use super::frames::mac;
use crate::BenchError;

/// Faster than the bench can send: what is measured is the cost of the queues, not their patience.
const SPEED: u64 = 10_000_000_000;
/// Classes made with one call.
const GROWTH: usize = 1024;
/// More bytes than a bench sends.
const PLENTY: u64 = 1 << 50;

/// What each device has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// One byte limit.
    One,
    /// Limits each way, of the visit and of its holder: two quota objects a direction, the most there is.
    Most,
}

/// Our gate; dropped, its sockets close.
pub(crate) struct Gate {
    _kernel: Kernel,
    _shaper: Option<Shaper>,
}

fn name(text: &str) -> Result<IfName, BenchError> {
    text.parse().map_err(|_| BenchError::void("forward", format!("{text} is no interface name")))
}

/// The whole policy: both tables, the second lock, bridge guards, `devices` visits; with `shaped`, a class each.
pub(crate) fn own(gw: &Ns, devices: u32, shaped: bool, plan: Plan) -> Result<Gate, BenchError> {
    gw.run(|| Ok(build(devices, shaped, plan)))?
}

fn build(devices: u32, shaped: bool, plan: Plan) -> Result<Gate, BenchError> {
    let (lan, wan) = (name("br-lan")?, name("wan0")?);
    let config = GateConfig {
        lans: vec![lan.clone()],
        ports: vec![name("lan0")?],
        uplinks: vec![wan.clone()],
        gateway_addresses: vec![std::net::Ipv4Addr::new(10, 64, 0, 1).into()],
        devices,
        ..GateConfig::default()
    };
    let mut kernel = Kernel::open(config, &Features::probe()?)?;
    kernel.set_windows(&[Window::ALWAYS])?;
    SecondLock { bridges: vec![lan.clone()], pref: SECOND_LOCK_PREF }.ensure(&mut Route::open()?)?;
    let mut shaper = None;
    let mut classes = Vec::new();
    if shaped {
        let (grown, taken) = pool(&lan, &wan, devices)?;
        shaper = Some(grown);
        classes = taken;
    }
    let limit = Some(ByteCount::new(PLENTY));
    let mut accesses = Vec::new();
    for (number, slot) in (0..devices).zip(Slot::FIRST.get()..=Slot::LAST.get()) {
        let slot = Slot::new(slot).ok_or_else(|| BenchError::void("forward", "no such slot"))?;
        let class = usize::try_from(number).ok().and_then(|number| classes.get(number));
        let both = Quota::EachWay { up: limit, down: limit };
        let (visit_quota, holder) = match plan {
            Plan::One => (Quota::Total(ByteCount::new(PLENTY)), None),
            Plan::Most => (both, Some(Holder { key: number + 1, quota: both })),
        };
        accesses.push(Access {
            slot,
            device: Device { lan: lan.clone(), mac: mac(number) },
            group: 0,
            expires_in: Some(Duration::from_hours(2)),
            trusted: false,
            visit_quota,
            holder,
            classes: class
                .map_or_else(ClassIds::default, |class: &ClassId| ClassIds { up: class.handle(), dn: class.handle() }),
            slow: None,
        });
    }
    kernel.grant(&accesses)?;
    Ok(Gate { _kernel: kernel, _shaper: shaper })
}

/// A class with a speed for each device.
fn pool(lan: &IfName, wan: &IfName, devices: u32) -> Result<(Shaper, Vec<ClassId>), BenchError> {
    let most = u16::try_from(devices).map_err(|_| BenchError::void("forward", "more devices than classes"))?;
    let mut shaper = Shaper::open(NetFeatures::probe()?.leaf(), most)?;
    let rate = BitRate::new(SPEED);
    shaper.set_device(lan, shaper::Side::Lan, rate)?;
    shaper.set_device(wan, shaper::Side::Uplink, rate)?;
    for _ in 0..usize::from(most) / GROWTH * 4 + 8 {
        if shaper.free() >= usize::from(most) {
            break;
        }
        shaper.grow(GROWTH, usize::from(most))?;
        gapura_lab::signal::check()?;
    }
    let mut classes = Vec::new();
    while let Some(class) = shaper.take(shaper::TierId::DEFAULT).filter(|_| classes.len() < usize::from(most)) {
        shaper.set_rate(class, Speed { up: rate, down: rate })?;
        classes.push(class);
    }
    if classes.len() < usize::from(most) {
        return Err(BenchError::void("forward", format!("only {} of {most} classes could be made", classes.len())));
    }
    Ok((shaper, classes))
}

/// Connection tracking, masquerade and one forward rule; with `shaped`, one HTB class each way for everybody.
pub(crate) fn plain(gw: &Ns, shaped: bool) -> Result<(), BenchError> {
    gw.nft(
        "table inet plain {
             chain forward { type filter hook forward priority filter; policy accept; ct state invalid drop; }
             chain masquerading { type nat hook postrouting priority srcnat; policy accept; oifname \"wan0\" masquerade; }
         }\n",
    )?;
    if shaped {
        for device in ["br-lan", "wan0"] {
            gw.output("tc", &["qdisc", "add", "dev", device, "root", "handle", "1:", "htb", "default", "10"])?;
            let class = ["class", "add", "dev", device, "parent", "1:", "classid", "1:10", "htb", "rate", "9500mbit"];
            gw.output("tc", &class)?;
        }
    }
    Ok(())
}
