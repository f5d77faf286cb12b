//! The content filter from the office to the visitor: SOPs, indexes of lists, totals, appeals and drafts.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gapura_lab::addr::{LAN, port, server};
use gapura_lab::clock::Stopwatch;
use gapura_lab::dns::{ask, kind};
use gapura_lab::traffic::{Knock, knock};
use serde_json::Value;

use crate::people::{is_in, one_tap, page, submit, words};
use crate::world::{SITE, SOON, World};

/// Forbidden by the first SOP.
const FORBIDDEN: &str = "situs-judi.example";
/// Never forbidden.
const SCHOOL: &str = "sekolah.example";
/// Slow machines included: an index is built, fetched and put in force.
const LATER: Duration = Duration::from_mins(1);

const CATALOGUE: &str = r#"
[[list]]
id = "judi"
category = "judi"
title = "Judi daring"
holds = "names"
sources = ["judi.txt"]
format = "domains"
licence = "CC0-1.0"
guard = "10%"
"#;

/// A regency's SOP that refuses what `rules` says.
pub fn sop(revision: u32, rules: &str) -> String {
    format!(
        r#"
number = "SOP/UJI/01"
title = "SOP Filter Konten"
layer = "regency"
revision = {revision}
owner = "Dinas Komunikasi dan Informatika"
legal-basis = ["Keputusan Bupati Nomor 1 Tahun 2026"]
effective-from = 2026-01-01
review-by = 2036-01-01

[[clause]]
number = 1
words = "Situs perjudian daring diblokir."
citizen = {{ id = "Situs perjudian diblokir.", en = "Gambling sites are blocked." }}
action = "block"
{rules}
"#
    )
}

/// Takes a SOP in as a draft; its number in the list.
pub fn import(world: &World, text: &str) -> String {
    let file = world.controller_dir.join("sop.toml");
    fs::write(&file, text).unwrap();
    let imported = world.staff(&["sop", "import", &file.display().to_string()]);
    imported["sops"][0]["id"].to_string()
}

/// A second person approves a draft and puts it in force; the generation of the site's bundle with it.
pub fn publish(world: &World, id: &str) -> u64 {
    world.staff(&["sop", "approve", id, "--by", "budi"]);
    generation(&world.staff(&["sop", "publish", id, "--by", "budi"]))
}

fn generation(published: &Value) -> u64 {
    let rows = published["published"].as_array().unwrap_or_else(|| panic!("{published}"));
    let ours = rows.iter().find(|row| row["site"] == SITE).unwrap_or_else(|| panic!("{published}"));
    ours["generation"].as_u64().unwrap()
}

/// The code of our resolver's answer to a visitor; none where nothing came.
fn answer(world: &World, visitor: u16, name: &str) -> Option<u8> {
    let to = SocketAddr::new(LAN.0.into(), 53);
    world.at(visitor).ns().run(|| ask(to, name, kind::A, Duration::from_secs(2))).ok().map(|answer| answer.rcode)
}

/// Until the name is refused, or is not.
fn wait_until_refused(world: &World, name: &str, refused: bool, limit: Duration) {
    let wanted = if refused { 3 } else { 0 };
    world
        .wait(&format!("{name} refused = {refused}"), limit, || (answer(world, 1, name) == Some(wanted)).then_some(()));
}

/// Until connections to the address are refused, or go through.
fn wait_until_reached(world: &World, address: IpAddr, wanted: Knock) {
    let to = SocketAddr::new(address, port::HTTPS);
    world.wait(&format!("{to} is {wanted:?}"), SOON, || {
        let (seen, _) = world.at(1).ns().run(|| Ok(knock(to, Duration::from_secs(2)))).unwrap();
        (seen == wanted).then_some(())
    });
}

/// A controller with a list of gambling sites on its own disk, and its first index.
fn with_lists(name: &str, visitors: u16, names: &str) -> World {
    let mut world = World::furnished(name, visitors);
    world.stop_controller();
    let dir = world.controller_dir.clone();
    fs::write(dir.join("lists.toml"), CATALOGUE).unwrap();
    fs::write(dir.join("judi.txt"), names).unwrap();
    let file = dir.join("controller.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}lists = \"{}\"\n", dir.join("lists.toml").display())).unwrap();
    world.start_controller();
    world.wait("the first index", LATER, || (!world.staff(&["lists", "status"])["index"].is_null()).then_some(()));
    world
}

fn names(range: std::ops::Range<u32>) -> String {
    range.map(|n| format!("situs{n}.judi.example")).collect::<Vec<_>>().join("\n") + "\n"
}

/// How often the router says that an index came this way.
fn came(world: &World, how: &str) -> usize {
    let log = world.router_log();
    log.lines().filter(|line| line.contains("an index of filter lists has come") && line.contains(how)).count()
}

#[test]
fn a_published_sop_is_enforced_and_a_later_revision_opens_again() {
    let mut world = World::serving("filter-sop", 1);
    world.visitor(1);
    assert!(is_in(&one_tap(world.at(1))));
    let (v4, v6) = server(2);
    let addresses: [IpAddr; 2] = [v4.into(), v6.into()];
    wait_until_refused(&world, FORBIDDEN, false, SOON);
    for address in addresses {
        wait_until_reached(&world, address, Knock::Open);
    }
    let rules = format!("names = [\"{FORBIDDEN}\"]\naddresses = [\"{v4}/32\", \"{v6}/128\"]");
    let draft = import(&world, &sop(1, &rules));
    // Who wrote it does not approve it, and nothing is in force before it is published.
    let refused = world.try_staff(&["sop", "approve", &draft], None).unwrap_err().to_string();
    assert!(refused.contains("a second person"), "{refused}");
    assert_eq!(answer(&world, 1, FORBIDDEN), Some(0));
    world.staff(&["sop", "approve", &draft, "--by", "budi"]);
    let published = world.staff(&["sop", "publish", &draft, "--by", "budi"]);
    let watch = Stopwatch::start();
    wait_until_refused(&world, &format!("www.{FORBIDDEN}"), true, SOON);
    println!("a SOP: enforced {} ms after the office's command ended", watch.elapsed().as_millis());
    wait_until_refused(&world, FORBIDDEN, true, SOON);
    for address in addresses {
        wait_until_reached(&world, address, Knock::Refused);
    }
    assert_eq!(answer(&world, 1, SCHOOL), Some(0));
    world.wait_for_generation(generation(&published));
    // A later revision refuses something else: what was refused opens, over both families.
    let draft = import(&world, &sop(2, "names = [\"lain.example\"]"));
    world.wait_for_generation(publish(&world, &draft));
    wait_until_refused(&world, FORBIDDEN, false, SOON);
    wait_until_refused(&world, "lain.example", true, SOON);
    for address in addresses {
        wait_until_reached(&world, address, Knock::Open);
    }
    // Out of force: nothing is refused any more.
    let retired = world.staff(&["sop", "retire", &draft, "--reason", "uji selesai", "--by", "budi"]);
    world.wait_for_generation(generation(&retired));
    wait_until_refused(&world, "lain.example", false, SOON);
}

#[test]
fn an_index_comes_whole_then_as_a_difference_also_to_a_router_that_was_off() {
    let mut world = with_lists("filter-index", 1, &names(0..2000)).with_router();
    world.visitor(1);
    assert!(is_in(&one_tap(world.at(1))));
    publish(&world, &import(&world, &sop(1, "lists = [\"judi\"]")));
    wait_until_refused(&world, "situs7.judi.example", true, LATER);
    assert_eq!(answer(&world, 1, "situs2005.judi.example"), Some(0));
    assert_eq!((came(&world, "whole"), came(&world, "as a difference")), (1, 0), "{}", world.router_log());
    let refresh = |world: &World, content: &str| {
        fs::write(world.controller_dir.join("judi.txt"), content).unwrap();
        let done = world.staff(&["lists", "refresh", "judi"]);
        assert!(done["index"].is_u64(), "{done}");
    };
    refresh(&world, &names(5..2010));
    wait_until_refused(&world, "situs2005.judi.example", true, LATER);
    wait_until_refused(&world, "situs3.judi.example", false, SOON);
    assert_eq!((came(&world, "whole"), came(&world, "as a difference")), (1, 1), "{}", world.router_log());
    // While the router is off the lists change twice; it comes back and has the last of them.
    world.stop_router();
    refresh(&world, &names(10..2020));
    refresh(&world, &names(10..2030));
    world.start_router();
    world.wait_until_serving();
    wait_until_refused(&world, "situs2025.judi.example", true, LATER);
    wait_until_refused(&world, "situs7.judi.example", false, SOON);
    assert_eq!((came(&world, "whole"), came(&world, "as a difference")), (1, 2), "{}", world.router_log());
}

#[test]
fn a_router_takes_the_whole_index_where_the_difference_does_not_come() {
    let mut world = with_lists("filter-whole", 1, &names(0..2000)).with_router();
    world.visitor(1);
    assert!(is_in(&one_tap(world.at(1))));
    publish(&world, &import(&world, &sop(1, "lists = [\"judi\"]")));
    wait_until_refused(&world, "situs7.judi.example", true, LATER);
    // The controller finds something that it cannot send where the difference should be.
    let version = world.staff(&["lists", "status"])["index"]["version"].as_u64().unwrap();
    let shelf = fs::read_dir(&world.controller_dir).unwrap().map(|entry| entry.unwrap().path().join("index"));
    let shelf = shelf.chain([world.controller_dir.join("index")]).find(|path| path.is_dir()).unwrap();
    fs::create_dir(shelf.join(format!("{}-from-{version}.delta", version + 1))).unwrap();
    fs::write(world.controller_dir.join("judi.txt"), names(5..2010)).unwrap();
    assert_eq!(world.staff(&["lists", "refresh", "judi"])["index"], version + 1);
    wait_until_refused(&world, "situs2005.judi.example", true, LATER);
    assert_eq!((came(&world, "whole"), came(&world, "as a difference")), (2, 0), "{}", world.router_log());
}

#[test]
fn an_appeal_reaches_the_office_and_its_answer_the_citizen() {
    let mut world = World::serving("filter-appeal", 1);
    world.visitor(1);
    assert!(is_in(&one_tap(world.at(1))));
    publish(&world, &import(&world, &sop(1, &format!("names = [\"{FORBIDDEN}\"]"))));
    wait_until_refused(&world, FORBIDDEN, true, SOON);
    let why = "Situs ini milik sekolah kami.";
    let form = page(world.at(1), &format!("/peninjauan?alamat={FORBIDDEN}"));
    let filed = submit(world.at(1), &form, "/peninjauan", &[("mengapa", why), ("kontak", "0812000111")]);
    let appeal = world.wait("the appeal", LATER, || world.staff(&["appeal", "list"]).as_array()?.first().cloned());
    let reference = appeal["reference"].as_str().unwrap();
    assert!(filed.reply.text().contains(reference), "{reference}: {}", words(&filed));
    let told = ["site", "subject", "why", "sop", "clause"].map(|field| appeal[field].as_str().unwrap_or_default());
    assert_eq!(told, [SITE, FORBIDDEN, why, "SOP/UJI/01", "1"], "{appeal}");
    assert!(appeal["explanation"].to_string().contains(FORBIDDEN), "{appeal}");
    let decided = ["appeal", "decide", reference, "--reject", "--words", "Situs itu tempat taruhan.", "--by", "budi"];
    world.staff(&decided);
    world.wait("the answer at the portal", SOON, || {
        page(world.at(1), &format!("/lacak?nomor={reference}")).reply.text().contains("tempat taruhan").then_some(())
    });
    assert!(world.staff(&["appeal", "list"]).as_array().unwrap().is_empty());
    // Refused twice is an error, and says so.
    assert!(world.try_staff(&decided, None).is_err());
}

#[test]
fn totals_and_trials_of_drafts_reach_the_office_without_rare_names() {
    let mut world = World::serving("filter-shadow", 3);
    for number in 1..=3 {
        world.visitor(number);
        assert!(is_in(&one_tap(world.at(number))));
    }
    publish(&world, &import(&world, &sop(1, &format!("names = [\"{FORBIDDEN}\"]"))));
    wait_until_refused(&world, FORBIDDEN, true, SOON);
    for number in 1..=3 {
        world.wait("an answer", SOON, || (answer(&world, number, "ramai.example") == Some(0)).then_some(()));
    }
    world.wait("an answer", SOON, || (answer(&world, 1, "sepi.example") == Some(0)).then_some(()));
    let draft = import(&world, &sop(2, "names = [\"ramai.example\", \"sepi.example\"]"));
    world.wait_for_generation(generation(&world.staff(&["sop", "shadow", &draft])));
    let report = world.wait("the trial of the draft", LATER, || {
        let report = world.try_staff(&["sop", "shadow-report", &draft], None).ok()?;
        (report["gateways"].as_u64() == Some(1)).then_some(report)
    });
    assert_eq!(report["blocked"]["names"], 2, "{report}");
    let named = report["names"].to_string();
    assert!(named.contains("ramai.example") && !named.contains("sepi.example"), "{report}");
    // Nothing is refused by a trial.
    assert_eq!(answer(&world, 1, "ramai.example"), Some(0));
    // Totals go every few minutes; a restart brings that forward, and loses none.
    world.stop_router();
    world.start_router();
    let counts = world.wait("the totals", LATER, || {
        let counts = world.staff(&["filter", "counts", "--site", SITE]);
        (!counts.as_array()?.is_empty()).then_some(counts)
    });
    let row = &counts[0];
    assert_eq!((&row["sop"], &row["clause"], &row["list"]), (&"SOP/UJI/01".into(), &"1".into(), &Value::Null));
    assert!(row["total"].as_u64() >= Some(1), "{counts}");
}
