//! Settings above the sites: inherited, traced, published; calendars, exceptions, terms.

use serde_json::{Value, json};

use super::world::{PLANS, SITE, World, on_both};

const DEPARTMENT: &str = r##"
contact = "Layanan Diskominfo, 0482-21000"
one-tap-plan = "umum"
ways = { one-tap = true }
hours = { zone = "Asia/Makassar", weekly = { mon = ["08.00-16.00"] }, holidays = { calendars = ["contoh"] } }
look = { colours = { brand = "#0b4a50" } }

[terms]
version = "2026-1"
effective = "2026-01-01"
text = { id = "Gunakan dengan sopan.", en = "Be kind." }
"##;

const OWN: &str =
    "name = \"Hotspot Alun-alun\"\nkind = \"hotspot\"\nagency = \"Diskominfo Sinjai\"\nregency = \"sinjai\"\n";

const CALENDAR: &str = include_str!("../../../deploy/calendar/contoh.toml");

async fn furnish(world: &World) {
    let plans = world.file("plans.toml", PLANS);
    world.cli(&["plan", "set", "--file", &plans]).await;
    let (calendar, department) = (world.file("contoh.toml", CALENDAR), world.file("department.toml", DEPARTMENT));
    world.cli(&["calendar", "set", "contoh", "--file", &calendar]).await;
    world.cli(&["settings", "set", "department", "--file", &department]).await;
    let own = world.file("own.toml", OWN);
    for site in ["alun-alun", "taman"] {
        world.cli(&["site", "set", site, "--file", &own]).await;
    }
}

async fn site(world: &World, id: &str) -> Value {
    world.cli(&["site", "show", id]).await
}

fn from(of: &Value, field: &str) -> Value {
    let fields = of["fields"].as_array().unwrap();
    fields.iter().find(|one| one["field"] == field).unwrap_or_else(|| panic!("no {field} in {of}"))["from"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_set_above_reaches_the_sites_below_and_says_where_it_came_from() {
    on_both("settings", async |world| {
        furnish(&world).await;
        let shown = site(&world, "taman").await;
        assert_eq!(
            (&shown["contact"], &shown["look"]["colours"]["brand"]),
            (&json!("Layanan Diskominfo, 0482-21000"), &json!("#0b4a50"))
        );
        assert_eq!(shown["hours"]["exceptions"][0]["reason"], "Hari Kemerdekaan RI");

        let always = world.file("kind.toml", "hours = { always-open = true }\n");
        let published = world.cli(&["settings", "set", "kind", "hotspot", "--file", &always]).await;
        assert_eq!(published["published"].as_array().unwrap().len(), 2, "both sites below are published");
        let brand = world.file("group.toml", "look = { colours = { brand = \"#112233\" } }\n");
        assert!(world.try_cli(&["settings", "join", "taman", "--group", "pulau"]).await.is_err(), "no such group");
        world.cli(&["settings", "set", "group", "pulau", "--file", &brand]).await;
        let joined = world.cli(&["settings", "join", "taman", "--group", "pulau"]).await;
        assert_eq!(joined["published"][0]["site"], "taman");
        let of = world.cli(&["settings", "of", "taman"]).await;
        assert_eq!(from(&of, "hours.weekly"), json!({ "level": "kind", "name": "hotspot" }));
        assert_eq!(from(&of, "look.colours.brand"), json!({ "level": "group", "name": "pulau" }));
        assert_eq!(from(&of, "contact")["level"], "department");
        assert_eq!(from(&of, "name")["level"], "site");
        assert_eq!(site(&world, "alun-alun").await["look"]["colours"]["brand"], "#0b4a50", "only in the group");

        // A document of a whole site keeps to itself.
        let whole = world.file("site.toml", SITE);
        world.cli(&["site", "set", "galeri", "--file", &whole]).await;
        assert_eq!(site(&world, "galeri").await["contact"], "Petugas di loket, 0482-21000");

        // What is needed cannot be taken away from sites below: all stays as it was.
        let refused = world.try_cli(&["settings", "remove", "department"]).await.unwrap_err().1;
        assert!(
            refused.contains("site alun-alun: contact: is set nowhere") && refused.contains("site taman"),
            "{refused}"
        );
        assert_eq!(site(&world, "taman").await["contact"], "Layanan Diskominfo, 0482-21000");
        let refused = world.try_cli(&["calendar", "remove", "contoh"]).await.unwrap_err().1;
        assert!(refused.contains("no calendar \"contoh\""), "{refused}");
        let named = world.file("wrong.toml", "name = \"x\"\n");
        let refused = world.try_cli(&["settings", "set", "department", "--file", &named]).await.unwrap_err().1;
        assert!(refused.contains("written at the site"), "{refused}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_head_sets_other_hours_for_a_day_with_a_reason() {
    on_both("exceptions", async |world| {
        furnish(&world).await;
        let day = ["site", "exception", "taman", "--from", "2026-11-27", "--open", "08.00-12.00"];
        let refused = world.try_cli(&day).await.unwrap_err().1;
        assert!(refused.contains("reason"), "{refused}");
        let because = [&day[..], &["--reason", "Pilkada"]].concat();
        world.cli(&because).await;
        let dated = async || {
            let shown = site(&world, "taman").await;
            let all = shown["hours"]["exceptions"].as_array().unwrap().clone();
            all.into_iter().filter(|one| one["from"] == "2026-11-27").collect::<Vec<_>>()
        };
        assert_eq!(dated().await[0]["open"], json!(["08.00-12.00"]));
        world.cli(&["site", "exception", "taman", "--from", "2026-11-27", "--reason", "Listrik padam"]).await;
        let now = dated().await;
        assert_eq!((now.len(), &now[0]["reason"], now[0].get("open")), (1, &json!("Listrik padam"), None));
        let wrong = world
            .try_cli(&["site", "exception", "taman", "--from", "27-11-2026", "--reason", "x"])
            .await
            .unwrap_err()
            .1;
        assert!(wrong.contains("is not a date"), "{wrong}");
        world.cli(&["site", "exception", "taman", "--from", "2026-11-27", "--remove"]).await;
        assert!(dated().await.is_empty());
        assert!(world.try_cli(&["site", "exception", "taman", "--from", "2026-11-27", "--remove"]).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_words_of_a_version_of_terms_never_change() {
    on_both("terms", async |world| {
        furnish(&world).await;
        let other = world.file("department.toml", &DEPARTMENT.replace("sopan", "santun"));
        let refused = world.try_cli(&["settings", "set", "department", "--file", &other]).await.unwrap_err().1;
        assert!(refused.contains("give the new ones a new version"), "{refused}");
        assert_eq!(site(&world, "taman").await["terms"]["text"]["id"], "Gunakan dengan sopan.");
        let next = DEPARTMENT.replace("sopan", "santun").replace("2026-1", "2026-2");
        let next = world.file("department.toml", &next);
        world.cli(&["settings", "set", "department", "--file", &next]).await;
        assert_eq!(site(&world, "taman").await["terms"]["text"]["id"], "Gunakan dengan santun.");
        let versions: Vec<String> =
            world.serving.office.terms().await.unwrap().into_iter().map(|one| one.version).collect();
        assert_eq!(versions, ["2026-1", "2026-2"]);
    })
    .await;
}
