//! A plan as a form has it. Pure: what the form does not show stays as it was.

use std::time::Duration;

use gapura_model::{BitRate, ByteCount};
use gapura_session::{Allowance, AtEnd, ByteLimit, Extend, Plan, PlanProblem, Speed};

use crate::form::Fields;

const MINUTE: u64 = 60;
const MB: u64 = 1_000_000;
const KBIT: u64 = 1_000;

/// The fields of the form.
pub(super) const FIELDS: [&str; 19] = [
    "id",
    "nama",
    "kelompok",
    "kunjungan-menit",
    "kunjungan-mb",
    "hari-menit",
    "hari-mb",
    "bulan-menit",
    "bulan-mb",
    "naik",
    "turun",
    "perangkat",
    "diam",
    "tambah-menit",
    "tambah-mb",
    "tambah-kali",
    "akhir",
    "lambat-naik",
    "lambat-turun",
];

/// What stands in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed(Vec<(&'static str, String)>);

/// A field and the key of what is wrong with it.
pub(super) type Wrong = (&'static str, &'static str);

impl Typed {
    pub(super) fn of(fields: &Fields) -> Self {
        Self(FIELDS.map(|name| (name, fields.get(name).to_owned())).to_vec())
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    /// A new plan: one device, ended at its limit.
    pub(super) fn new() -> Self {
        Self(vec![("perangkat", "1".to_owned()), ("akhir", "putus".to_owned())])
    }

    /// A plan as it stands.
    pub(super) fn written(plan: &Plan) -> Self {
        let mut all = Vec::new();
        let mut put = |name: &'static str, text: String| all.push((name, text));
        let shown = |value: Option<u64>, unit: u64| value.map(|value| (value / unit).to_string()).unwrap_or_default();
        put("id", plan.id.to_string());
        put("nama", plan.name.clone());
        put("kelompok", plan.policy_group.as_ref().map(ToString::to_string).unwrap_or_default());
        for ((allowance, minutes), mb) in [plan.visit, plan.day, plan.month]
            .into_iter()
            .zip(["kunjungan-menit", "hari-menit", "bulan-menit"])
            .zip(["kunjungan-mb", "hari-mb", "bulan-mb"])
        {
            put(minutes, shown(allowance.time.map(|time| time.as_secs()), MINUTE));
            put(mb, shown(total(allowance.bytes), MB));
        }
        let bits = |rate: Option<BitRate>| shown(rate.map(BitRate::bits_per_second), KBIT);
        put("naik", bits(plan.speed.up));
        put("turun", bits(plan.speed.down));
        put("perangkat", plan.devices.to_string());
        put("diam", shown(plan.idle.map(|idle| idle.as_secs()), MINUTE));
        if let Some(extend) = plan.extend {
            put("tambah-menit", shown(Some(extend.time.as_secs()).filter(|seconds| *seconds > 0), MINUTE));
            put("tambah-mb", shown(Some(extend.bytes.get()).filter(|bytes| *bytes > 0), MB));
            put("tambah-kali", extend.times.to_string());
        }
        let slow = plan.slow();
        put("akhir", if slow.is_some() { "lambat" } else { "putus" }.to_owned());
        put("lambat-naik", bits(slow.and_then(|slow| slow.up)));
        put("lambat-turun", bits(slow.and_then(|slow| slow.down)));
        Self(all)
    }

    /// The plan that is meant; all mistakes at once. `old` is the plan that is changed.
    pub(super) fn read(&self, old: Option<&Plan>) -> Result<Plan, Vec<Wrong>> {
        let before = old.map(Self::written).unwrap_or_default();
        let mut wrong: Vec<Wrong> = Vec::new();
        let id = match old {
            Some(old) => Some(old.id.clone()),
            None => self.get("id").parse().map_err(|_| wrong.push(("id", "plans-wrong-id"))).ok(),
        };
        let name = self.get("nama").to_owned();
        if name.is_empty() || name.chars().count() > 60 {
            wrong.push(("nama", "plans-wrong-name"));
        }
        let group = match self.get("kelompok") {
            "" => None,
            text => text.parse().map_err(|_| wrong.push(("kelompok", "plans-wrong-group"))).ok(),
        };
        // What was left as it stood keeps what the form rounds away.
        let mut number = |name: &'static str, was: Option<u64>, unit: u64| match self.get(name) {
            "" => None,
            text if was.is_some() && text == before.get(name) => was,
            text => {
                let value =
                    text.parse::<u64>().ok().and_then(|value| value.checked_mul(unit)).filter(|value| *value > 0);
                if value.is_none() {
                    wrong.push((name, "plans-wrong-number"));
                }
                value
            }
        };
        let mut allowance = |minutes: &'static str, mb: &'static str, was: Option<Allowance>| {
            let was = was.unwrap_or_default();
            let time = number(minutes, was.time.map(|time| time.as_secs()), MINUTE).map(Duration::from_secs);
            let bytes = number(mb, total(was.bytes), MB).map(|bytes| ByteLimit::Total(ByteCount::new(bytes)));
            let each_way = matches!(was.bytes, ByteLimit::EachWay { .. });
            Allowance { time, bytes: if each_way { was.bytes } else { bytes.unwrap_or_default() } }
        };
        let visit = allowance("kunjungan-menit", "kunjungan-mb", old.map(|old| old.visit));
        let day = allowance("hari-menit", "hari-mb", old.map(|old| old.day));
        let month = allowance("bulan-menit", "bulan-mb", old.map(|old| old.month));
        let mut rate = |name: &'static str, was: Option<BitRate>| {
            number(name, was.map(BitRate::bits_per_second), KBIT).and_then(BitRate::new)
        };
        let speed = Speed {
            up: rate("naik", old.and_then(|old| old.speed.up)),
            down: rate("turun", old.and_then(|old| old.speed.down)),
        };
        let slow = old.and_then(Plan::slow).unwrap_or_default();
        let slow = Speed { up: rate("lambat-naik", slow.up), down: rate("lambat-turun", slow.down) };
        let at_end = if self.get("akhir") == "lambat" { AtEnd::Slow(slow) } else { AtEnd::Cut };
        let idle = number("diam", old.and_then(|old| old.idle).map(|idle| idle.as_secs()), MINUTE);
        let extend = old.and_then(|old| old.extend);
        let more_time = number("tambah-menit", extend.map(|extend| extend.time.as_secs()), MINUTE);
        let more_bytes = number("tambah-mb", extend.map(|extend| extend.bytes.get()), MB);
        let times = number("tambah-kali", extend.map(|extend| u64::from(extend.times)), 1);
        let times =
            times.map(|times| u8::try_from(times).map_err(|_| wrong.push(("tambah-kali", "plans-wrong-number"))));
        let extended = ["tambah-menit", "tambah-mb", "tambah-kali"].iter().any(|name| !self.get(name).is_empty());
        let extend = extended.then(|| Extend {
            time: Duration::from_secs(more_time.unwrap_or_default()),
            bytes: ByteCount::new(more_bytes.unwrap_or_default()),
            times: times.and_then(Result::ok).unwrap_or_default(),
        });
        let devices = self.get("perangkat").parse();
        let devices = devices.map_err(|_| wrong.push(("perangkat", "plans-wrong-devices"))).ok();
        let (Some(id), Some(devices)) = (id, devices) else { return Err(wrong) };
        let base = old.cloned().unwrap_or_else(|| Plan::unlimited(id, ""));
        let idle = idle.map(Duration::from_secs);
        let plan = Plan { name, policy_group: group, visit, day, month, speed, devices, idle, at_end, extend, ..base };
        if wrong.is_empty() {
            wrong.extend(plan.problems().iter().map(place));
        }
        if wrong.is_empty() { Ok(plan) } else { Err(wrong) }
    }
}

/// A limit of bytes in both directions together.
fn total(bytes: ByteLimit) -> Option<u64> {
    match bytes {
        ByteLimit::Total(bytes) => Some(bytes.get()),
        ByteLimit::None | ByteLimit::EachWay { .. } => None,
    }
}

/// Where a contradiction is mended.
fn place(problem: &PlanProblem) -> Wrong {
    match problem {
        PlanProblem::MixedShapes(_) => ("hari-mb", "plans-wrong-shapes"),
        PlanProblem::Zero(..) => ("kunjungan-menit", "plans-wrong-number"),
        PlanProblem::IdleExtension(_) => ("tambah-menit", "plans-wrong-extend"),
        PlanProblem::IdleSlow(_) => ("lambat-turun", "plans-wrong-slow"),
        PlanProblem::CappedShare(_) => ("naik", "plans-wrong-share"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        let text = |name: &str| pairs.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
        Typed(FIELDS.map(|name| (name, text(name).to_owned())).to_vec())
    }

    const WHOLE: &[(&str, &str)] = &[
        ("id", "pelajar"),
        ("nama", "Pelajar"),
        ("kunjungan-menit", "120"),
        ("hari-mb", "1000"),
        ("turun", "4000"),
        ("perangkat", "2"),
        ("tambah-menit", "30"),
        ("tambah-kali", "2"),
        ("akhir", "lambat"),
        ("lambat-turun", "512"),
    ];

    #[test]
    fn a_plan_survives_its_form() {
        let plan = typed(WHOLE).read(None).unwrap();
        assert_eq!((plan.id.as_str(), plan.visit.time), ("pelajar", Some(Duration::from_hours(2))));
        assert_eq!(plan.day.bytes, ByteLimit::Total(ByteCount::new(1_000_000_000)));
        assert_eq!((plan.speed.down, plan.slow().unwrap().down), (BitRate::new(4_000_000), BitRate::new(512_000)));
        assert_eq!(Typed::written(&plan).read(Some(&plan)), Ok(plan.clone()));
        // What the form cannot show or rounds away stays.
        let fine = Plan {
            visit: Allowance {
                time: Some(Duration::from_secs(95)),
                bytes: ByteLimit::EachWay { up: None, down: Some(ByteCount::new(7)) },
            },
            pause: Some(Duration::from_secs(5)),
            ..plan
        };
        assert_eq!(Typed::written(&fine).read(Some(&fine)), Ok(fine));
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let bad = [("id", "Pelajar Baru"), ("kunjungan-menit", "dua jam"), ("hari-mb", "0"), ("perangkat", "0")];
        let wrong: Vec<&str> = typed(&bad).read(None).unwrap_err().into_iter().map(|(field, _)| field).collect();
        assert_eq!(wrong, ["id", "nama", "kunjungan-menit", "hari-mb", "perangkat"]);
        let idle = [("id", "x"), ("nama", "X"), ("perangkat", "1"), ("tambah-menit", "30"), ("akhir", "lambat")];
        let wrong = typed(&idle).read(None).unwrap_err();
        assert_eq!(wrong, [("tambah-menit", "plans-wrong-extend"), ("lambat-turun", "plans-wrong-slow")]);
        let many = [("id", "x"), ("nama", "X"), ("perangkat", "1"), ("tambah-kali", "300")];
        assert_eq!(typed(&many).read(None).unwrap_err(), [("tambah-kali", "plans-wrong-number")]);
    }
}
