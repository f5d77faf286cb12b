//! What the router says of its surroundings with each heartbeat: a battery that runs down, a disk that fills. When it falls
//! silent, staff read these as its last words.

use std::fs;
use std::path::Path;

use gapura_wire::Words;
use rustix::fs::statvfs;

/// Where the kernel shows batteries and chargers.
pub(super) const POWER: &str = "/sys/class/power_supply";

/// A disk is spoken of from so many percent on.
const FULL_FROM: u64 = 80;

/// What there is to say of the batteries under `power` and the disk that `data` is on; `None`: nothing. Blocks.
pub(super) fn words(power: &Path, data: &Path) -> Option<Words> {
    let words = Words { battery: battery(power), storage: storage(data) };
    (words != Words::default()).then_some(words)
}

/// The weakest battery that is being emptied, in percent.
fn battery(power: &Path) -> Option<u8> {
    let supplies = fs::read_dir(power).ok()?.flatten().map(|entry| entry.path());
    let emptied = supplies.filter_map(|supply| {
        let said = |name: &str| fs::read_to_string(supply.join(name)).ok().map(|text| text.trim().to_owned());
        let empties = said("type")? == "Battery" && said("status")? == "Discharging";
        empties.then(|| said("capacity")?.parse::<u8>().ok()).flatten()
    });
    emptied.min().map(|percent| percent.min(100))
}

fn storage(data: &Path) -> Option<u8> {
    let space = statvfs(data).ok()?;
    let free = space.f_bavail.saturating_mul(100).checked_div(space.f_blocks)?;
    let filled = 100_u64.saturating_sub(free);
    (filled >= FULL_FROM).then(|| u8::try_from(filled).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_battery_is_spoken_of_while_it_is_emptied() {
        let directory = std::env::temp_dir().join(format!("gapura-words-{}", std::process::id()));
        let supply = |name: &str, kind: &str, status: &str, capacity: &str| {
            let path = directory.join(name);
            fs::create_dir_all(&path).unwrap();
            for (file, text) in [("type", kind), ("status", status), ("capacity", capacity)] {
                fs::write(path.join(file), format!("{text}\n")).unwrap();
            }
        };
        assert_eq!(battery(&directory), None, "no such directory");
        supply("AC", "Mains", "Discharging", "3");
        supply("BAT0", "Battery", "Charging", "40");
        assert_eq!(battery(&directory), None);
        supply("BAT1", "Battery", "Discharging", "87");
        supply("BAT2", "Battery", "Discharging", "11");
        supply("BAT3", "Battery", "Discharging", "soon");
        assert_eq!(battery(&directory), Some(11));
        let filled = storage(&directory);
        assert!(filled.is_none_or(|percent| (80..=100).contains(&percent)), "{filled:?}");
        assert_eq!(storage(Path::new("/nowhere/at/all")), None);
        fs::remove_dir_all(&directory).unwrap();
    }
}
