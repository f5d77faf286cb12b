//! Everything goes out in open formats and comes into a controller on the other kind of database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gapura_runtime::Exit;
use serde_json::{Value, json};

use super::sop::{put_in_force, sop};
use super::world::{PLANS, SITE, World, cli_with, config_text, on_both, postgres};
use crate::Actor;

const OWN: &str =
    "name = \"Hotspot Alun-alun\"\nkind = \"hotspot\"\nagency = \"Diskominfo Sinjai\"\nregency = \"sinjai\"\n";
const DEPARTMENT: &str = "contact = \"Layanan, 0482-21000\"\nhours = { zone = \"Asia/Makassar\", weekly = { mon = [\"08.00-16.00\"] }, holidays = { calendars = [\"contoh\"] } }\n";
const CALENDAR: &str = include_str!("../../../deploy/calendar/contoh.toml");
const FAQ: &str = r#"[{ "question": { "id": "Apakah \"gratis\", benar?", "en": "Is it free?" }, "answer": { "id": "Ya.\n\nSelalu.", "en": "Yes." } }]"#;

/// Another controller, on the other kind of database.
struct Other {
    config: PathBuf,
    home: PathBuf,
    database: Option<postgres::Database>,
}

impl Other {
    fn new(world: &World, name: &str) -> Self {
        let home = world.directory().join(name);
        std::fs::create_dir(&home).unwrap();
        let on_sqlite = world.serving.address.is_ipv4();
        let database = on_sqlite.then(postgres::database);
        let sqlite = format!("sqlite:{}", home.join("c.db").display());
        let address = database.as_ref().map_or(sqlite, |database| database.address.clone());
        let config = home.join("controller.toml");
        std::fs::write(&config, config_text("127.0.0.1:0", &home.join("keys"), &address)).unwrap();
        Self { config, home, database }
    }

    async fn cli(&self, world: &World, words: &[&str]) -> Result<Value, (Exit, String)> {
        let clock = world.clock.clone();
        cli_with(&self.config, clock, words).await
    }
}

async fn furnish(world: &World) {
    let (calendar, department) = (world.file("contoh.toml", CALENDAR), world.file("department.toml", DEPARTMENT));
    let (own, brand) =
        (world.file("own.toml", OWN), world.file("g.toml", "look = { colours = { brand = \"#112233\" } }\n"));
    world.cli(&["calendar", "set", "contoh", "--file", &calendar]).await;
    world.furnish().await;
    world.cli(&["settings", "set", "department", "--file", &department]).await;
    world.cli(&["settings", "set", "group", "pulau", "--file", &brand]).await;
    world.cli(&["site", "set", "alun-alun", "--file", &own]).await;
    world.cli(&["settings", "join", "alun-alun", "--group", "pulau"]).await;
    world.cli(&["voucher", "group", "create", "sinjai", "--site", "galeri", "--site", "alun-alun"]).await;
    world.cli(&["voucher", "make", "--site", "galeri", "--plan", "pelajar", "--count", "3", "--use-time", "2h"]).await;
    let faq = world.file("faq.json", FAQ);
    world.cli(&["request", "faq", "--file", &faq]).await;
    let tile = json!({ "name": { "id": "Dua jam", "en": "Two hours" }, "plan": "pelajar", "use-minutes": 120,
        "use-before": { "days": 3 }, "colour": 1, "order": 1, "place": { "site": "galeri" } });
    let who = Actor { name: "ani".to_owned(), reason: String::new() };
    world.serving.office.set_preset(None, &serde_json::from_value(tile).unwrap(), &who).await.unwrap();
    put_in_force(world, &sop(1, "")).await;
}

/// The files of an export by their paths.
fn files(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().display().to_string();
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// Those that an import takes in.
fn documents(directory: &Path) -> BTreeMap<String, String> {
    let mut files = files(directory);
    files.retain(|name, _| Path::new(name).extension().is_some_and(|end| end == "toml"));
    files
}

fn part<'a>(taken: &'a Value, name: &str) -> &'a Value {
    taken["parts"].as_array().unwrap().iter().find(|part| part["part"] == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_goes_into_the_other_kind_of_database_and_comes_out_as_it_was() {
    on_both("exchange", async |world| {
        furnish(&world).await;
        let first = world.directory().join("ekspor");
        let archive = world.directory().join("ekspor.tar").display().to_string();
        let manifest = world.cli(&["export", &first.display().to_string(), "--reason", "pindah"]).await;
        assert_eq!((&manifest["format"], &manifest["contacts"]), (&json!(1), &json!(false)));
        let entries = |path: &str| {
            let files = manifest["files"].as_array().unwrap();
            files.iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("no {path}"))["entries"].clone()
        };
        assert_eq!(
            (entries("vouchers.csv"), entries("plans.toml"), entries("sops.json")),
            (json!(3), json!(2), json!(1))
        );
        let written = files(&first);
        assert!(
            written["audit.jsonl"].lines().last().unwrap().contains("\"action\":\"export\""),
            "noted before it is made"
        );
        assert!(!first.with_extension("part").exists());
        assert!(world.try_cli(&["export", &first.display().to_string()]).await.unwrap_err().1.contains("already"));
        world.cli(&["export", &archive]).await;

        let other = Other::new(&world, "second");
        let dry = other.cli(&world, &["import", &archive, "--dry-run"]).await.unwrap();
        assert_eq!((&dry["dry_run"], &part(&dry, "sites")["added"]), (&json!(true), &json!(["alun-alun", "galeri"])));
        assert_eq!(other.cli(&world, &["site", "list"]).await.unwrap(), json!([]), "nothing was changed");
        let taken = other.cli(&world, &["import", &archive, "--by", "sari"]).await.unwrap();
        assert_eq!(taken["published"].as_array().unwrap().len(), 2);
        assert_eq!(part(&taken, "sops")["added"], json!(["SOP/73.07/KOMINFO/01 revision 1"]));
        let told = taken["not_taken"].to_string();
        assert!(told.contains("3 vouchers not taken in"), "{told}");

        let second = other.home.join("ekspor");
        other.cli(&world, &["export", &second.display().to_string()]).await.unwrap();
        let (mut before, mut after) = (documents(&first), documents(&second));
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        assert!(before.len() >= 9 && before.contains_key("sites/alun-alun.toml"), "{:?}", before.keys());
        for (name, text) in std::mem::take(&mut before) {
            assert_eq!(Some(text), after.remove(&name), "{name}");
        }
        let shown = other.cli(&world, &["site", "show", "alun-alun"]).await.unwrap();
        assert_eq!(shown, world.cli(&["site", "show", "alun-alun"]).await, "settled from the same levels");
        let sops = other.cli(&world, &["sop", "list"]).await.unwrap();
        assert_eq!((&sops[0]["state"], &sops[0]["author"]), (&json!("draft"), &json!("sari")), "{sops}");
        other.cli(&world, &["audit", "verify"]).await.unwrap();

        // Once more: everything is there.
        let again = other.cli(&world, &["import", &archive]).await.unwrap();
        assert_eq!(again["published"], json!([]));
        for part in again["parts"].as_array().unwrap() {
            assert_eq!((&part["added"], &part["replaced"]), (&json!([]), &json!([])), "{part}");
        }
        drop(other.database);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_in_other_words_is_refused_with_everything_else_that_is_wrong() {
    on_both("exchange-differs", async |world| {
        furnish(&world).await;
        let export = world.directory().join("ekspor").display().to_string();
        world.cli(&["export", &export]).await;
        let plans = world.file("plans.toml", &PLANS.replace("2h", "3h"));
        let site = world.file("site.toml", &SITE.replace("Galeri Internet Sinjai", "Galeri Baru"));
        world.cli(&["plan", "set", "--file", &plans]).await;
        world.cli(&["site", "set", "galeri", "--file", &site]).await;
        let before = world.cli(&["audit", "list"]).await;
        let (exit, refused) = world.try_cli(&["import", &export]).await.unwrap_err();
        assert_eq!(exit, Exit::Config);
        assert!(refused.contains("plans: umum is there") && refused.contains("sites: galeri is there"), "{refused}");
        assert_eq!(before, world.cli(&["audit", "list"]).await, "all stays as it was");

        let taken = world.cli(&["import", &export, "--only", "plans", "--replace"]).await;
        assert_eq!((&part(&taken, "plans")["replaced"], &part(&taken, "plans")["same"]), (&json!(["umum"]), &json!(1)));
        assert_eq!(taken["parts"].as_array().unwrap().len(), 1);
        assert_eq!(world.cli(&["site", "show", "galeri"]).await["name"], "Galeri Baru");
        world.cli(&["import", &export, "--replace"]).await;
        assert_eq!(world.cli(&["site", "show", "galeri"]).await["name"], "Galeri Internet Sinjai");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_stay_and_contacts_go_out_only_where_that_is_asked_for() {
    on_both("exchange-secrets", async |world| {
        world.furnish().await;
        let made = ["voucher", "make", "--site", "galeri", "--plan", "pelajar", "--count", "1", "--use-time", "2h"];
        let made = world.cli(&made).await;
        let code = made["codes"][0].as_str().unwrap().to_owned();
        let asked = ["--contact", "0812-555-0101", "Tidak bisa masuk"];
        world.cli(&[&["request", "add", "--site", "galeri", "--topic", "connect"], &asked[..]].concat()).await;
        for (name, more, contacts) in [("tanpa", &[][..], false), ("dengan", &["--with-contacts"], true)] {
            let export = world.directory().join(name);
            world.cli(&[&["export", &export.display().to_string()], more].concat()).await;
            let files = files(&export);
            let requests: Value = serde_json::from_str(&files["requests.json"]).unwrap();
            assert_eq!(requests[0]["words"], "Tidak bisa masuk");
            assert!(!requests[0]["steps"].as_array().unwrap().is_empty(), "{requests}");
            assert_eq!(requests[0].get("contact").is_some(), contacts, "{requests}");
            let holding = |text: &str| files.iter().filter(|(_, file)| file.contains(text)).count();
            assert_eq!(holding("555-0101"), usize::from(contacts));
            assert_eq!((holding(&code), holding(&code.replace('-', ""))), (0, 0));
            assert!(files["vouchers.csv"].lines().nth(1).unwrap().starts_with("galeri,"), "{}", files["vouchers.csv"]);
            let last = files["audit.jsonl"].lines().last().unwrap();
            assert!(last.contains(if contacts { "with contacts" } else { "without contacts" }), "{last}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_was_altered_is_not_taken_in() {
    on_both("exchange-altered", async |world| {
        world.furnish().await;
        let export = world.directory().join("ekspor");
        let words = ["import", &export.display().to_string()];
        world.cli(&["export", words[1]]).await;
        let plans = std::fs::read_to_string(export.join("plans.toml")).unwrap();
        std::fs::write(export.join("plans.toml"), plans.replace("Umum", "Semua")).unwrap();
        std::fs::remove_file(export.join("terms.toml")).unwrap();
        std::fs::write(export.join("sites/baru.toml"), OWN).unwrap();
        let (exit, refused) = world.try_cli(&words).await.unwrap_err();
        assert_eq!(exit, Exit::Config);
        for wrong in ["plans.toml: was altered", "terms.toml: is missing", "sites/baru.toml: was not exported"] {
            assert!(refused.contains(wrong), "{wrong} in {refused}");
        }
        let empty = world.directory().join("empty.tar").display().to_string();
        std::fs::write(&empty, [0; 1024]).unwrap();
        assert!(world.try_cli(&["import", &empty]).await.unwrap_err().1.contains("no export of Gapura"));
        assert!(world.try_cli(&["import", &format!("{empty}.gz")]).await.unwrap_err().1.contains(".tar file"));
    })
    .await;
}
