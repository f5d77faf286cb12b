//! What staff change reaches the router, and nothing else does.

use std::fs;
use std::time::Duration;

use gapura_lab::clock::Stopwatch;
use gapura_lab::visit::Family;
use gapura_model::{Generation, SiteId};
use gapura_wire::{Bundle, BundleSigner, Sha256, SignedBundle};
use serde_json::Value;

use crate::people::{is_in, is_online, log_out, one_tap, page, redeem, wait_until_online, words};
use crate::world::{OTHER, SITE, World, now_millis, site};

#[test]
fn a_change_is_in_force_soon_and_its_outcome_is_known() {
    let mut world = World::serving("publish", 1);
    world.visitor(1);
    let visitor = || world.lab.visitor(1).unwrap();
    let in_force_after = |what: &str, published: &Value| {
        let watch = Stopwatch::start();
        let generation = published.as_u64().unwrap_or_else(|| panic!("{published}"));
        world.wait_for_generation(generation);
        let took = watch.elapsed();
        println!("{what}: generation {generation} in force {} ms after it was published", took.as_millis());
        assert!(took < Duration::from_secs(8), "{what} took {took:?}");
    };
    let closed = site("Galeri Internet Sinjai").replace(
        "always-open = true",
        "weekly = { mon = [], tue = [], wed = [], thu = [], fri = [], sat = [], sun = [] }",
    );
    let published = world.staff_with_file(&["site", "set", SITE], &closed);
    in_force_after("hours", &generation_of(&published));
    assert!(words(&page(visitor(), "/")).contains("Sisa waktu dan kuota voucer Anda tidak hilang"));
    let published = world.staff_with_file(&["site", "set", SITE], &site("Galeri Baru"));
    in_force_after("opened again", &generation_of(&published));
    assert!(page(visitor(), "/").reply.text().contains("Galeri Baru"));
    let plan = "[[plan]]\nid = \"umum\"\nname = \"Umum\"\nvisit = { time = \"47m\" }\n";
    let published = world.staff_with_file(&["plan", "set"], plan);
    in_force_after("plan", &generation_of(&published));
    assert!(page(visitor(), "/").reply.text().contains("47 menit"), "{}", words(&page(visitor(), "/")));
    let made = world.staff(&["voucher", "make", "--site", SITE, "--plan", "warga"]);
    in_force_after("voucher", &made["published"][0]["generation"]);
    assert!(is_in(&redeem(visitor(), made["codes"][0].as_str().unwrap())));
    let last = made["published"][0]["generation"].as_u64();
    world.wait("the last outcome", Duration::from_secs(5), || {
        let known = world.known("gw-galeri-1");
        (known["applied"].as_u64() == last && known["verdict"] == "applied").then_some(())
    });
}

#[test]
fn a_box_of_paper_vouchers_is_usable_soon_after_it_was_printed() {
    let mut world = World::serving("paper", 1);
    world.visitor(1);
    let made = world.staff(&["voucher", "make", "--site", SITE, "--plan", "warga", "--count", "5000"]);
    let watch = Stopwatch::start();
    world.wait_for_generation(made["published"][0]["generation"].as_u64().unwrap());
    let took = watch.elapsed();
    println!("5000 vouchers: in force {} ms after they were published", took.as_millis());
    assert!(took < Duration::from_secs(20), "{took:?}");
    let codes = made["codes"].as_array().unwrap();
    assert!(is_in(&redeem(world.at(1), codes[4_321].as_str().unwrap())));
    wait_until_online(world.at(1), true);
    // Withdrawn all at once: the one visit ends.
    let batch = made["batch"].as_str().unwrap();
    let revoked = world.staff(&["voucher", "revoke", "--site", SITE, "--batch", batch]);
    assert_eq!(revoked["revoked"], 5000);
    let watch = Stopwatch::start();
    wait_until_online(world.at(1), false);
    println!("5000 vouchers withdrawn: access ended after {} ms", watch.elapsed().as_millis());
}

#[test]
fn a_bundle_that_is_damaged_foreign_old_or_contradictory_is_refused_and_the_last_good_one_stays() {
    let world = World::serving("refused", 1);
    let good = last(&world);
    let in_force = good.0;
    let forge = |generation: u64, text: &[u8]| {
        let database = world.database();
        let hash = [u8::try_from(generation).unwrap(); 32];
        let row = (SITE, generation.cast_signed(), now_millis(), hash, text);
        database
            .execute(
                "INSERT INTO bundle (site, generation, published, content_hash, signed, publication)
                 SELECT ?, ?, ?, ?, ?, number + 1 FROM publication",
                row,
            )
            .unwrap();
        database.execute("UPDATE publication SET number = number + 1", ()).unwrap();
    };
    let signer = signer(&world);
    let changed = |change: &dyn Fn(&mut Bundle), generation: u64| {
        let mut bundle = good.1.clone();
        bundle.generation = Generation::new(generation);
        change(&mut bundle);
        signer.sign(&bundle).unwrap()
    };
    let json = |signed: SignedBundle| signed.to_json().unwrap();
    let mut generation = in_force;
    let mut refused = |verdict: &str, make: &dyn Fn(u64) -> Vec<u8>| {
        generation += 1;
        forge(generation, &make(generation));
        let known = world.wait(&format!("the verdict {verdict}"), Duration::from_secs(5), || {
            let known = world.known("gw-galeri-1");
            (known["verdict"] == verdict && known["offered"].as_u64() == Some(generation)).then_some(known)
        });
        assert!(known["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        assert_eq!(known["applied"].as_u64(), Some(in_force));
        assert_eq!(world.ctl(&["status"])["generation"].as_u64(), Some(in_force), "{verdict}");
    };
    refused("bad-signature", &|generation| {
        let mut signed = changed(&|_| {}, generation);
        signed.signature[7] ^= 1;
        json(signed)
    });
    refused("bad-signature", &|generation| {
        let mut signed = changed(&|_| {}, generation);
        let at = signed.bundle.windows(4).position(|four| four == b"umum").unwrap();
        signed.bundle[at] = b'x';
        json(signed)
    });
    refused("unknown-key", &|generation| {
        let bundle = Bundle { generation: Generation::new(generation), ..good.1.clone() };
        json(BundleSigner::from_seed(&[7; 32]).sign(&bundle).unwrap())
    });
    let other: SiteId = OTHER.parse().unwrap();
    refused("wrong-site", &|generation| json(changed(&|bundle| bundle.site.id = other.clone(), generation)));
    refused("older", &|_| json(changed(&|_| {}, in_force - 1)));
    refused("version", &|generation| json(changed(&|bundle| bundle.version = 2, generation)));
    refused("contradiction", &|generation| json(changed(&|bundle| bundle.one_tap_plan = None, generation)));
    refused("unreadable", &|_| b"{\"key\": 3}".to_vec());
    // The last good one is also what stands on disk, and the next good one is taken.
    let kept = fs::read(world.router_dir.join("data/bundle.json")).unwrap();
    assert_eq!(SignedBundle::from_json(&kept).unwrap().to_json().unwrap(), signed_last_good(&world, in_force));
    let published = world.staff_with_file(&["site", "set", SITE], &site("Galeri Baru"));
    assert_eq!(generation_of(&published).as_u64(), Some(generation + 1));
    world.wait_for_generation(generation + 1);
}

#[test]
fn a_router_that_starts_without_its_controller_serves_from_the_stored_bundle() {
    let mut world = World::serving("alone", 2);
    let code = world.vouchers("warga", 1, &[]).remove(0);
    let generation = world.ctl(&["status"])["generation"].as_u64().unwrap();
    world.visitor(1);
    assert!(is_in(&one_tap(world.lab.visitor(1).unwrap())));
    world.stop_controller();
    world.stop_router();
    world.start_router();
    world.wait_until_serving();
    // The time that the controller told holds as long as the machine runs: the site stays open, and nobody was cut off.
    let status = world.ctl(&["status"]);
    assert_eq!((status["generation"].as_u64(), status["state"].as_str()), (Some(generation), Some("serving")));
    world.visitor(2);
    let [one, two] = [1, 2].map(|number| world.lab.visitor(number).unwrap());
    assert!(is_online(one, Family::V6) && is_in(&redeem(two, &code)));
    wait_until_online(two, true);
    log_out(one);
    // A stored bundle that was tampered with is not believed; the router waits for the controller and says so.
    world.stop_router();
    let file = world.router_dir.join("data/bundle.json");
    let text = fs::read_to_string(&file).unwrap();
    let at = text.find("\"signature\":\"").unwrap() + 20;
    let flipped = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    fs::write(&file, format!("{}{flipped}{}", &text[..at], &text[at + 1..])).unwrap();
    world.start_router();
    world.wait("the refusal", Duration::from_secs(10), || {
        world.router_log().contains("the stored bundle cannot be used; waiting for the controller").then_some(())
    });
    let status = world.wait("the control socket", Duration::from_secs(10), || world.try_ctl(&["status"]).ok());
    assert_eq!(status["generation"], 0);
    world.start_controller();
    world.wait_for_generation(generation);
}

#[test]
fn a_controller_restored_from_a_backup_is_obeyed_again() {
    let mut world = World::serving("backup", 1);
    world.visitor(1);
    let publish = |world: &World, name: &str| {
        let published = world.staff_with_file(&["site", "set", SITE], &site(name));
        let generation = generation_of(&published).as_u64().unwrap();
        world.wait_for_generation(generation);
        generation
    };
    let shown = |world: &World, name: &str| page(world.at(1), "/").reply.text().contains(name);
    publish(&world, "Galeri Dua");
    world.stop_controller();
    let (file, backup) = (world.controller_dir.join("controller.db"), world.controller_dir.join("backup.db"));
    fs::copy(&file, &backup).unwrap();
    world.start_controller();
    publish(&world, "Galeri Tiga");
    let last = publish(&world, "Galeri Empat");
    world.stop_controller();
    for more in ["controller.db-wal", "controller.db-shm"] {
        let _ = fs::remove_file(world.controller_dir.join(more));
    }
    fs::copy(&backup, &file).unwrap();
    world.start_controller();
    // At its next heartbeat the router says what it runs; a restart brings that forward.
    world.stop_router();
    world.start_router();
    world.wait_for_generation(last + 1);
    assert!(world.controller_log().contains("a router runs a newer bundle than this database knows"));
    assert!(shown(&world, "Galeri Dua"));
    assert_eq!(publish(&world, "Galeri Lima"), last + 2);
    assert!(shown(&world, "Galeri Lima"));
}

fn generation_of(published: &Value) -> Value {
    let list = published.get("published").unwrap_or(published);
    let rows = list.as_array().unwrap_or_else(|| panic!("{published}"));
    rows.iter().find(|row| row["site"] == SITE).map_or(Value::Null, |row| row["generation"].clone())
}

/// The newest bundle of the site: its generation and content.
fn last(world: &World) -> (u64, Bundle) {
    let generation = world.ctl(&["status"])["generation"].as_u64().unwrap();
    let signed = SignedBundle::from_json(&signed_last_good(world, generation)).unwrap();
    let key = signer(world).public();
    (generation, signed.verify(&key, &SITE.parse().unwrap(), Generation::new(0)).unwrap())
}

fn signed_last_good(world: &World, generation: u64) -> Vec<u8> {
    let sql = "SELECT signed FROM bundle WHERE site = ? AND generation = ?";
    world.database().query_row(sql, (SITE, generation.cast_signed()), |row| row.get(0)).unwrap()
}

/// The controller's own signing key: what a thief of the controller's database would not have.
pub fn signer(world: &World) -> BundleSigner {
    let seed = fs::read_to_string(world.controller_dir.join("data/bundle.seed")).unwrap();
    BundleSigner::from_seed(seed.trim().parse::<Sha256>().unwrap().as_bytes())
}
