//! The files that the lab's gateway and controller are started with. Their formats are settled by those two crates; this
//! is the only place in the lab that knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::path::Path;
use std::time::Duration;

use gapura_model::{BitRate, ByteCount, Generation, MacAddr, ParseNameError, SiteKind, VoucherCode};
use gapura_rules::hours::Hours;
use gapura_session::{Allowance, ByteLimit, Plan, Speed};
use gapura_wire::{
    Bundle, Device, DeviceRole, Epoch, EpochKey, InDoubt, Site, Terms, Text, Uplink, Voucher, VoucherKey, WaysIn,
};
use jiff::Timestamp;

use crate::clock::unix_seconds;
use crate::text::put;
use crate::{Ipv6Mode, LabError, LabSpec, addr};

/// Bytes of the plan `kuota` in the story: small enough to use up in a second.
pub const QUOTA: u64 = 2 * 1024 * 1024;
/// Downstream speed of the plan `pelan`, bit/s.
pub const SLOW_DOWN: u64 = 4_000_000;
/// The site's name.
pub const SITE: &str = "galeri-lab";
/// The gateway's name.
pub const GATEWAY: &str = "gw-lab-1";
/// The agency that runs the site.
pub const AGENCY: &str = "diskominfo";
/// The controller's port.
pub const CONTROLLER_PORT: u16 = 8443;
/// The console's port.
pub const CONSOLE_PORT: u16 = 8444;

/// What the site should be like.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent wishes about one site")]
pub struct SiteWish {
    /// No controller: the gateway reads the site from a file.
    pub alone: bool,
    /// The plan `kuota` has no limit (sabotage).
    pub quota_is_missing: bool,
    /// With a controller: the SOPs that come with Gapura are in force, with lists of names made up ([`crate::lists`]).
    pub packs: bool,
    /// With a controller: a made-up regency beside the lab's site, so that the console has something to show.
    pub regency: bool,
    /// Devices that are blocked from the start.
    pub blocked: Vec<MacAddr>,
    /// More keys for the gateway's `[gateway]` section, as TOML lines.
    pub gateway_lines: String,
    /// More keys for the first visitor bridge, `br-lan`, as TOML lines: who hands out addresses there.
    pub lan_lines: String,
    /// More sections for the gateway's file, such as `[portal]`.
    pub gateway_sections: String,
    /// More arguments for `gapura gateway`, such as `--without owner` or `--clock-shift "-86400 doubtful"`.
    pub gateway_arguments: Vec<String>,
    /// Where the gateway keeps its data and its control socket (`data` and `run` below it); else in the lab's directory.
    pub gateway_home: Option<std::path::PathBuf>,
    /// Changes the site before anybody hears of it: other plans, hours, speeds.
    pub change: Option<fn(&mut Bundle)>,
}

/// The plans of the lab's site that vouchers are for.
pub const VOUCHER_PLANS: [&str; 3] = ["kuota", "pelan", "umum"];

/// Vouchers of the lab for one plan.
#[derive(Clone, Debug)]
pub struct Codes {
    /// One of [`VOUCHER_PLANS`].
    pub plan: &'static str,
    /// Codes.
    pub codes: Vec<VoucherCode>,
}

/// The lab's vouchers: five codes for each plan, the same in every lab (they open nothing but a lab).
pub fn vouchers() -> Result<Vec<Codes>, LabError> {
    let draw = |plan: &'static str, letters: &str| {
        let codes = (2..7).map(|number| format!("{letters}{number}").parse());
        let codes: Result<Vec<VoucherCode>, _> = codes.collect();
        codes.map(|codes| Codes { plan, codes }).map_err(|error| LabError::answer("a lab voucher", error.to_string()))
    };
    Ok(vec![draw("kuota", "KUTAKUTA2")?, draw("pelan", "PEPANPEPA")?, draw("umum", "UMUMUMUM3")?])
}

/// `gateway.toml`, alone with `site.toml` or with a controller (`[controller]`'s lines).
pub fn gateway(spec: &LabSpec, dir: &Path, wish: &SiteWish, controller: Option<&str>) -> String {
    let data = dir.join("data");
    let run = dir.join("run");
    let (data, run, site) = (data.display(), run.display(), dir.join("site.toml"));
    let sized = wish.gateway_lines.lines().any(|line| line.starts_with("devices"));
    let devices = if sized { "" } else { "devices = 1000\n" };
    let mut text = format!(
        "[gateway]\nname = \"{GATEWAY}\"\ndata_dir = \"{data}\"\nrun_dir = \"{run}\"\n{devices}\
         usage_interval = 1\nmanagement = [\"{}/24\"]\n{}",
        addr::MGMT.0.to_bits().checked_sub(1).map_or(addr::MGMT.0, std::net::Ipv4Addr::from_bits),
        wish.gateway_lines,
    );
    if controller.is_none() {
        put(&mut text, format_args!("site_file = \"{}\"\n", site.display()));
    }
    put(
        &mut text,
        format_args!(
            "\n[[lan]]\ninterface = \"br-lan\"\naddress = \"{}/{}\"\n{}",
            addr::LAN.0,
            addr::LAN.1,
            wish.lan_lines
        ),
    );
    if spec.second_bridge > 0 {
        put(
            &mut text,
            format_args!("\n[[lan]]\ninterface = \"br-guest\"\naddress = \"{}/{}\"\n", addr::GUEST.0, addr::GUEST.1),
        );
    }
    let uplinks = if spec.second_uplink { "\"wan0\", \"wan1\"" } else { "\"wan0\"" };
    put(&mut text, format_args!("\n[uplink]\ninterfaces = [{uplinks}]\nprobes = [\"{}:80\"]\n", addr::server(3).0));
    if spec.ipv6 == Ipv6Mode::Delegated {
        put(&mut text, format_args!("prefix = \"{}/{}\"\n", addr::DELEGATED.0, addr::DELEGATED.1));
    }
    put(&mut text, format_args!("\n[dns]\nupstreams = [\"{}\"]\n", addr::DNS.0));
    if let Some(lines) = controller {
        put(&mut text, format_args!("\n[controller]\n{lines}"));
    }
    put(&mut text, format_args!("\n{}", wish.gateway_sections));
    text
}

/// `controller.toml`; its files go into `dir`, the catalogue of lists is `lists` if there is one.
pub fn controller(dir: &Path, lists: Option<&Path>) -> String {
    let dir = dir.display();
    let mut text = format!(
        "[controller]\nlisten = \"[::]:{CONTROLLER_PORT}\"\npublic_name = \"{}\"\ndata_dir = \"{dir}/data\"\n\
         database = \"sqlite:{dir}/controller.db\"\n",
        addr::CTL.far4
    );
    if let Some(lists) = lists {
        put(&mut text, format_args!("lists = \"{}\"\n", lists.display()));
    }
    put(
        &mut text,
        format_args!(
            "\n[console]\nlisten = \"[::]:{CONSOLE_PORT}\"\npublic_name = \"127.0.0.1\"\n\
             department = \"Diskominfo Kabupaten Sinjai\"\nzone = \"Asia/Makassar\"\n"
        ),
    );
    text
}

/// The site's document for the controller: the same site as [`bundle`]'s.
pub fn site_document(wish: &SiteWish) -> Result<String, LabError> {
    let Bundle { site, hours, in_doubt, ways, one_tap_plan, staff_plan, uplink, terms, devices, .. } = bundle(wish)?;
    let mut document = toml::Table::new();
    let wrong = |error: toml::ser::Error| LabError::answer("write the site's document", error.to_string());
    let mut put = |key: &str, value: Result<toml::Value, toml::ser::Error>| {
        value.map(|value| drop(document.insert(key.into(), value))).map_err(wrong)
    };
    put("name", toml::Value::try_from(site.name))?;
    put("kind", toml::Value::try_from(site.kind))?;
    put("agency", toml::Value::try_from(site.agency))?;
    put("regency", toml::Value::try_from(site.regency))?;
    put("contact", toml::Value::try_from(site.contact))?;
    put("hours", toml::Value::try_from(hours))?;
    put("in-doubt", toml::Value::try_from(in_doubt))?;
    put("ways", toml::Value::try_from(ways))?;
    if let (Some(one_tap), Some(staff)) = (one_tap_plan, staff_plan) {
        put("one-tap-plan", toml::Value::try_from(one_tap))?;
        put("staff-plan", toml::Value::try_from(staff))?;
    }
    put("uplink", toml::Value::try_from(uplink))?;
    if let Some(terms) = terms {
        let mut table = toml::Table::new();
        table.insert("version".into(), terms.version.into());
        table.insert("effective".into(), terms.effective.to_string().into());
        table.insert("text".into(), toml::Value::try_from(terms.text).map_err(wrong)?);
        put("terms", Ok(table.into()))?;
    }
    put("devices", toml::Value::try_from(devices))?;
    toml::to_string(&document).map_err(wrong)
}

/// The plans for the controller: `[[plan]]` tables.
pub fn plan_file(wish: &SiteWish) -> Result<String, LabError> {
    let tables = toml::Value::try_from(bundle(wish)?.plans)
        .map_err(|error| LabError::answer("write the plans", error.to_string()))?;
    let mut document = toml::Table::new();
    document.insert("plan".into(), tables);
    toml::to_string(&document).map_err(|error| LabError::answer("write the plans", error.to_string()))
}

/// The site as a bundle: what the controller would publish, for a gateway that runs alone.
pub fn bundle(wish: &SiteWish) -> Result<Bundle, LabError> {
    let named = |error: ParseNameError| LabError::answer("a name of the lab's site", error.to_string());
    let key = VoucherKey::new([0x67; 32]);
    let mut tickets = Vec::new();
    for Codes { plan, codes } in vouchers()? {
        for code in codes {
            tickets.push(Voucher {
                tag: key.tag(&code),
                token: None,
                plan: plan.parse().map_err(named)?,
                use_time: None,
                use_before: None,
                devices: None,
                share: None,
                revoked: false,
            });
        }
    }
    let now =
        Timestamp::from_second(unix_seconds()).map_err(|error| LabError::answer("the time", error.to_string()))?;
    let epoch = Epoch::of(now);
    let hours: Hours = serde_json::from_str(r#"{ "zone": "Asia/Makassar", "always-open": true }"#)
        .map_err(|error| LabError::answer("the lab's hours", error.to_string()))?;
    let terms =
        Text { id: "Gunakan Internet publik dengan tertib.".into(), en: "Use the public Internet with care.".into() };
    let pseudonym_keys =
        [epoch, epoch.next()].map(|epoch| EpochKey { epoch, key: gapura_model::Secret::new([0x70; 32]) });
    let mut bundle = Bundle {
        version: gapura_wire::VERSION,
        generation: Generation::new(1),
        published: now,
        site: Site {
            id: SITE.parse().map_err(named)?,
            name: "Galeri Internet Lab".into(),
            kind: SiteKind::Gallery,
            agency: AGENCY.into(),
            regency: "sinjai".into(),
            contact: "Loket 1".into(),
            place: None,
        },
        hours,
        in_doubt: InDoubt::Open,
        ways: WaysIn { one_tap: true, voucher: true, account: false, staff: true },
        one_tap_plan: Some("umum".parse().map_err(named)?),
        staff_plan: Some("umum".parse().map_err(named)?),
        plans: plans(wish).map_err(named)?,
        uplink: Uplink { up: BitRate::new(1_000_000_000), down: BitRate::new(1_000_000_000) },
        shares: BTreeMap::new(),
        garden: Vec::new(),
        terms: Some(Terms::new("2026-1".into(), jiff::civil::date(2026, 1, 1), terms)),
        look: gapura_wire::Look::default(),
        voucher_key: key,
        vouchers: tickets,
        account_changes: Vec::new(),
        devices: wish
            .blocked
            .iter()
            .map(|mac| Device { mac: *mac, role: DeviceRole::Blocked, label: "lab".into(), idle: None })
            .collect(),
        notices: Vec::new(),
        pseudonym_keys: pseudonym_keys.into(),
        filter: None,
        request_answers: Vec::new(),
        faq: Vec::new(),
        nat_attribution: false,
    };
    if let Some(change) = wish.change {
        change(&mut bundle);
    }
    Ok(bundle)
}

/// The same as TOML text.
pub fn site(wish: &SiteWish) -> Result<String, LabError> {
    toml::to_string(&bundle(wish)?).map_err(|error| LabError::answer("write site.toml", error.to_string()))
}

fn plans(wish: &SiteWish) -> Result<Vec<Plan>, ParseNameError> {
    let mut general = Plan::unlimited("umum".parse()?, "Umum");
    general.visit.time = Some(Duration::from_hours(2));
    general.devices = NonZeroU16::MIN;
    let mut quota = Plan::unlimited("kuota".parse()?, "Kuota 2 MiB");
    if !wish.quota_is_missing {
        quota.visit = Allowance { time: None, bytes: ByteLimit::Total(ByteCount::new(QUOTA)) };
    }
    let mut slow = Plan::unlimited("pelan".parse()?, "Pelan");
    slow.speed = Speed { up: BitRate::new(SLOW_DOWN / 2), down: BitRate::new(SLOW_DOWN) };
    let known: BTreeSet<_> = [&general, &quota, &slow].iter().map(|plan| plan.id.clone()).collect();
    debug_assert_eq!(known.len(), 3, "plans have names of their own");
    Ok(vec![general, quota, slow])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_does_not_contradict_itself() {
        let bundle = bundle(&SiteWish::default()).unwrap();
        assert_eq!(bundle.check(), Ok(()));
        let text = site(&SiteWish::default()).unwrap();
        let read: Bundle = toml::from_str(&text).unwrap();
        assert_eq!(read.plans, bundle.plans);
    }
}
