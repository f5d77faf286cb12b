//! SOPs from a file to the bundles of their sites: two people, one text, one day to look again.

use gapura_model::{Generation, SiteId};
use gapura_rules::sop::Layer;
use gapura_runtime::Exit;
use gapura_wire::{Bundle, FilterAction, Sha256, ShadowName, ShadowReport, ShadowTotal, WithoutIndex};
use serde_json::{Value, json};

use super::world::{SITE, World, on_both};

pub(super) const NUMBER: &str = "SOP/73.07/KOMINFO/01";

/// A regency's SOP.
pub(super) fn sop(revision: u32, more: &str) -> String {
    format!(
        r#"# Ditandatangani Kepala Dinas.
number = "{NUMBER}"
title = "SOP Filter Konten"
layer = "regency"
revision = {revision} # naik setiap perubahan
owner = "Diskominfo Sinjai"
legal-basis = ["Keputusan Bupati Sinjai Nomor 1 Tahun 2026"]
effective-from = 2026-01-01
review-by = 2026-12-01
scope = {{ regencies = ["sinjai"] }}

[[clause]]
number = 1
words = "Situs judi daring diblokir."
citizen = {{ id = "Situs judi daring diblokir.", en = "Online gambling is blocked." }}
action = "block"
names = ["judi.example.com", "sekolah.example.sch.id"]
{more}"#
    )
}

pub(super) async fn bundle(world: &World, site: &str) -> Bundle {
    let site: SiteId = site.parse().unwrap();
    let signed = world.serving.office.last_bundle(&site).await.unwrap().unwrap();
    signed.verify(&world.serving.office.keys().bundle_key(), &site, Generation::new(0)).unwrap()
}

/// Imports, approves and publishes; the SOP's number in the list.
pub(super) async fn put_in_force(world: &World, text: &str) -> String {
    let file = world.file("sop.toml", text);
    let made = world.cli(&["sop", "import", &file, "--by", "ani"]).await;
    let id = made["sops"][0]["id"].to_string();
    world.cli(&["sop", "approve", &id, "--by", "budi"]).await;
    world.cli(&["sop", "publish", &id, "--by", "budi"]).await;
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sop_needs_two_people_and_reaches_the_sites_it_is_for() {
    on_both("sop-two", async |world| {
        world.furnish().await;
        let elsewhere = world.file("bone.toml", &SITE.replace("regency = \"sinjai\"", "regency = \"bone\""));
        world.cli(&["site", "set", "bone", "--file", &elsewhere]).await;
        assert_eq!(bundle(&world, "galeri").await.filter, None, "nothing is set up: the site stays as it was");

        let file = world.file("sop.toml", &sop(1, ""));
        let made = world.cli(&["sop", "import", &file, "--by", "Ani"]).await;
        assert_eq!((&made["sops"][0]["state"], &made["sops"][0]["for"]), (&json!("draft"), &json!("sinjai")));
        let (exit, why) = world.try_cli(&["sop", "publish", "1"]).await.unwrap_err();
        assert!(exit == Exit::Failed && why.contains("SOP 1 is draft"), "{why}");
        let (_, why) = world.try_cli(&["sop", "approve", "1", "--by", " ani "]).await.unwrap_err();
        assert!(why.contains("a second person"), "{why}");
        let pdf = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n";
        let decree = world.directory().join("sk.pdf");
        std::fs::write(&decree, pdf).unwrap();
        let decree_file = decree.display().to_string();
        world.cli(&["sop", "decree", "1", &decree_file]).await;
        assert!(world.try_cli(&["sop", "approve", "1", "--by", "tester"]).await.is_err(), "who brought the decree");
        world.cli(&["sop", "approve", "1", "--by", "budi"]).await;
        // Another decree than the one that was approved: nothing is approved any more.
        let changed = world.cli(&["sop", "decree", "1", &decree_file, "--by", "budi"]).await;
        assert_eq!((&changed["state"], &changed["approver"]), (&json!("draft"), &Value::Null));
        assert!(world.try_cli(&["sop", "publish", "1", "--by", "budi"]).await.unwrap_err().1.contains("is draft"));
        assert!(world.try_cli(&["sop", "approve", "1", "--by", "budi"]).await.unwrap_err().1.contains("second person"));
        world.cli(&["sop", "approve", "1", "--by", "citra"]).await;
        let published = world.cli(&["sop", "publish", "1", "--by", "budi"]).await;
        assert_eq!(published["published"], json!([{ "site": "galeri", "generation": 2 }]), "and not the one in Bone");

        let filter = bundle(&world, "galeri").await.filter.unwrap();
        let [kept] = filter.sops.as_slice() else { panic!("{:?}", filter.sops) };
        assert_eq!((kept.layer, kept.number.as_str(), kept.revision), (Layer::Regency, NUMBER, 1));
        assert_eq!((kept.text.as_str(), kept.decree), (sop(1, "").as_str(), Some(Sha256::of(pdf))), "byte for byte");
        assert_eq!((filter.index, filter.without_index), (None, WithoutIndex::Closed));
        assert_eq!(bundle(&world, "bone").await.filter, None);

        let copy = world.directory().join("copy.pdf").display().to_string();
        world.cli(&["sop", "decree", "1", "--to", &copy]).await;
        assert_eq!(std::fs::read(&copy).unwrap(), pdf);
        let text = std::fs::write(&decree, b"<html>").map(|()| decree.display().to_string()).unwrap();
        assert!(world.try_cli(&["sop", "decree", "1", &text]).await.unwrap_err().1.contains("not a whole PDF"));

        // Retired: gone from the bundle, with a reason in the log.
        assert!(world.try_cli(&["sop", "retire", "1"]).await.unwrap_err().1.contains("--reason"));
        world.cli(&["sop", "retire", "1", "--by", "budi", "--reason", "dicabut"]).await;
        assert_eq!(bundle(&world, "galeri").await.filter, None);
        let log = world.cli(&["audit", "list"]).await;
        let actions: Vec<_> = log.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
        let expected =
            ["sop-import", "sop-decree", "sop-approve", "sop-decree", "sop-approve", "sop-publish", "sop-retire"];
        let approved = log[actions.len() - 3]["after"].as_str().unwrap();
        assert!(approved.ends_with(&format!(" decree {}", Sha256::of(pdf))), "the decree is approved too: {approved}");
        assert!(actions.ends_with(&expected), "{actions:?}");
        assert_eq!(log[actions.len() - 1]["reason"], "dicabut");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_binds_others_is_taken_out_of_force_by_two() {
    on_both("sop-retire", async |world| {
        world.furnish().await;
        let id = put_in_force(&world, &sop(1, "mandatory = true\n")).await;
        let retire = ["sop", "retire", &id, "--by", "budi", "--reason", "dicabut"];
        for second in [&[][..], &["--with", " Budi "], &["--with", ""]] {
            let (_, why) = world.try_cli(&[&retire[..], second].concat()).await.unwrap_err();
            assert!(why.contains("--with NAME"), "{why}");
        }
        assert_eq!(bundle(&world, "galeri").await.filter.unwrap().sops.len(), 1, "still in force");
        world.cli(&[&retire[..], &["--with", "citra"]].concat()).await;
        assert_eq!(bundle(&world, "galeri").await.filter, None);
        let log = world.cli(&["audit", "list"]).await;
        assert_eq!(log.as_array().unwrap().last().unwrap()["actor"], "budi + citra");
        // A draft is discarded by one.
        let made = world.cli(&["sop", "import", &world.file("sop.toml", &sop(2, "mandatory = true\n"))]).await;
        world.cli(&["sop", "retire", &made["sops"][0]["id"].to_string(), "--reason", "keliru"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_problem_of_a_sop_is_reported_and_nothing_of_it_is_kept() {
    on_both("sop-problems", async |world| {
        world.furnish().await;
        let text = sop(1, "").replace("action = \"block\"", "action = \"blok\"").replace("title =", "titel =");
        let file = world.file("sop.toml", &text);
        let (exit, why) = world.try_cli(&["sop", "import", &file]).await.unwrap_err();
        assert_eq!(exit, Exit::Config);
        for part in ["\"blok\" is not", "sop.toml:16:10", "`titel` is not a key", "sop.toml:3:1"] {
            assert!(why.contains(part), "{part}: {why}");
        }
        assert_eq!(world.cli(&["sop", "list"]).await, json!([]));

        put_in_force(&world, &sop(1, "")).await;
        // Against what is in force: another SOP of the layer that says the opposite of the same name.
        let other = sop(1, "").replace("KOMINFO/01", "DISDIK/02").replace("\"block\"", "\"open\"");
        let file = world.file("other.toml", &other);
        let (_, why) = world.try_cli(&["sop", "import", &file]).await.unwrap_err();
        assert!(why.contains("judi.example.com") && why.contains("(SOP 1)") && why.contains("other.toml"), "{why}");
        // The same revision again, and one that goes on.
        let file = world.file("again.toml", &sop(1, "\n# lain\n"));
        let (_, why) = world.try_cli(&["sop", "import", &file]).await.unwrap_err();
        assert!(why.contains("there twice") || why.contains("revision = 2"), "{why}");
    })
    .await;
}

/// A SOP of a regency with so many clauses.
fn long(regency: &str, number: &str, clauses: u32) -> String {
    let clause = |n: u32| {
        format!(
            "\n[[clause]]\nnumber = {n}\nwords = \"Situs {n}.\"\ncitizen = {{ id = \"Ditutup.\", en = \"Closed.\" }}\naction = \
             \"block\"\nnames = [\"s{n}.{number}.example\"]\n"
        )
    };
    let more: String = (2..=clauses).map(clause).collect();
    sop(1, &more).replace("KOMINFO/01", number).replace("\"sinjai\"", &format!("\"{regency}\""))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clauses_are_counted_at_each_site_not_in_the_whole_fleet() {
    on_both("sop-many", async |world| {
        world.furnish().await;
        let site = |regency: &str| {
            world.file("more.toml", &SITE.replace("regency = \"sinjai\"", &format!("regency = \"{regency}\"")))
        };
        world.cli(&["site", "set", "bone", "--file", &site("bone")]).await;
        for regency in ["sinjai", "bone"] {
            put_in_force(&world, &long(regency, &format!("R-{regency}"), 300)).await;
        }
        // At each site there are 300 so far; 200 more fit, 300 do not.
        let (_, why) = world
            .try_cli(&["sop", "import", &world.file("over.toml", &long("sinjai", "OVER", 300)), "--by", "ani"])
            .await
            .unwrap_err();
        assert!(why.contains("at site galeri") && why.contains("more than 512 clauses"), "{why}");
        put_in_force(&world, &long("sinjai", "FITS", 200)).await;
        // What holds at no site yet is taken in; a site that comes to meet too much is refused, and says why.
        put_in_force(&world, &long("wajo", "WAJO", 10)).await;
        let both = sop(1, "").replace("KOMINFO/01", "BOTH").replace("\"sinjai\"", "\"sinjai\", \"wajo\"");
        put_in_force(&world, &both).await;
        let site_sop = long("sinjai", "GEDUNG", 200)
            .replace("scope = { regencies = [\"sinjai\"] }", "scope = { agencies = [\"Lain\"] }");
        put_in_force(&world, &site_sop).await;
        let moved = SITE.replace("agency = \"Diskominfo Sinjai\"", "agency = \"Lain\"");
        let (_, why) =
            world.try_cli(&["site", "set", "galeri", "--file", &world.file("moved.toml", &moved)]).await.unwrap_err();
        assert!(why.contains("site galeri: its SOPs have 701 clauses together, more than 512"), "{why}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_imports_or_approves_is_told_what_is_foolish() {
    on_both("sop-foolish", async |world| {
        world.furnish().await;
        let text = sop(1, "").replace("\"judi.example.com\"", "\"c.example\", \"go.id\", \"captive.apple.com\"");
        let made = world.cli(&["sop", "import", &world.file("sop.toml", &text), "--by", "ani"]).await;
        let told = |warnings: &Value| -> Vec<String> {
            let all = warnings.as_array().unwrap().iter();
            all.map(|warning| warning["what"].as_str().unwrap().to_owned()).collect()
        };
        let approved = world.cli(&["sop", "approve", "1", "--by", "budi"]).await;
        for warnings in [told(&made["warnings"]), told(&approved["warnings"])] {
            for part in ["their own controller", "every name under go.id", "whether they are online"] {
                assert!(warnings.iter().any(|what| what.contains(part)), "{part}: {warnings:?}");
            }
        }
        // What is in force already is not told of again with another SOP.
        world.cli(&["sop", "publish", "1", "--by", "budi"]).await;
        let other = sop(1, "").replace("KOMINFO/01", "DISDIK/02");
        let made = world.cli(&["sop", "import", &world.file("other.toml", &other), "--by", "ani"]).await;
        assert_eq!(made["warnings"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_revision_takes_over_on_its_day_and_a_review_that_is_due_is_shown() {
    on_both("sop-later", async |world| {
        world.furnish().await;
        put_in_force(&world, &sop(1, "")).await;
        let later = sop(2, "").replace("effective-from = 2026-01-01", "effective-from = 2026-11-25");
        put_in_force(&world, &later).await;
        let revisions = async || {
            let sops = bundle(&world, "galeri").await.filter.unwrap().sops;
            sops.iter().map(|sop| sop.revision).collect::<Vec<_>>()
        };
        assert_eq!(revisions().await, [1, 2], "both: the router turns over at its own midnight");
        world.clock.set_wall("2026-11-25T13:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        world.cli(&["publish"]).await;
        assert_eq!(revisions().await, [2]);
        let list = world.cli(&["sop", "list"]).await;
        assert_eq!((&list[0]["state"], &list[1]["state"]), (&json!("replaced"), &json!("published")));
        assert_eq!(list[1]["review_overdue"], json!(false));
        world.clock.set_wall("2026-12-02T13:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        let list = world.cli(&["sop", "list"]).await;
        assert_eq!((&list[0]["review_overdue"], &list[1]["review_overdue"]), (&json!(false), &json!(true)));
        assert_eq!(world.serving.office.overdue_sops().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_forwards_and_the_choice_without_lists_reach_the_bundle() {
    on_both("sop-groups", async |world| {
        world.furnish().await;
        put_in_force(&world, &sop(1, "")).await;
        let site = SITE.replace("label = \"mengganggu\" }", "label = \"PC 1\", policy-group = \"anak\" }").replace(
            "[terms]",
            "[filter]\nwithout-index = \"plain\"\n[[filter.forward]]\nzone = \"SinjaiKab.go.id\"\nservers = [\"192.0.2.53\", \"2001:db8::53\"]\n\n[terms]",
        );
        world.cli(&["site", "set", "galeri", "--file", &world.file("site.toml", &site)]).await;
        let plans = "[[plan]]\nid = \"pelajar\"\nname = \"Pelajar\"\npolicy-group = \"anak\"\n";
        world.cli(&["plan", "set", "--file", &world.file("plans.toml", plans)]).await;
        let bundle = bundle(&world, "galeri").await;
        assert!(bundle.plans.iter().all(|plan| plan.policy_group.is_none()), "older routers know no such key");
        let filter = bundle.filter.unwrap();
        let text = serde_json::to_value(&filter).unwrap();
        assert_eq!(text["plan_groups"], json!({ "pelajar": "anak" }));
        assert_eq!(text["device_groups"], json!({ "02:00:5e:10:00:09": "anak" }));
        assert_eq!(text["without_index"], "plain");
        let servers = ["192.0.2.53:53", "[2001:db8::53]:53"];
        assert_eq!(text["forwards"], json!([{ "zone": "sinjaikab.go.id", "servers": servers }]));
        let shown = world.cli(&["site", "show", "galeri"]).await;
        assert_eq!(shown["devices"][0]["policy-group"], "anak");
        let wrong = site.replace("SinjaiKab.go.id", "a..b").replace("[\"192.0.2.53\", \"2001:db8::53\"]", "[]");
        let (_, why) =
            world.try_cli(&["site", "set", "galeri", "--file", &world.file("site.toml", &wrong)]).await.unwrap_err();
        assert!(why.contains("\"a..b\" is not a domain name") && why.contains("needs the address"), "{why}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_tried_by_gateways_and_names_only_what_they_name() {
    on_both("sop-shadow", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let id = put_in_force(&world, &sop(1, "")).await;
        assert!(world.try_cli(&["sop", "shadow", &id]).await.is_err(), "it is in force");
        let file = world.file("draft.toml", &sop(2, "\n# game\n"));
        let draft = world.cli(&["sop", "import", &file]).await["sops"][0]["id"].to_string();
        assert!(world.try_cli(&["sop", "shadow-report", &draft]).await.is_err(), "not tried yet");
        world.cli(&["sop", "shadow", &draft, "--days", "3"]).await;
        let filter = bundle(&world, "galeri").await.filter.unwrap();
        let trial = &filter.drafts[0];
        assert_eq!((trial.sop.revision, filter.sops.len()), (2, 1));
        assert_eq!(trial.until, "2026-11-24T08:00:00Z".parse().unwrap());
        let report = |draft: uuid::Uuid, questions| ShadowReport {
            draft,
            sha256: trial.sop.sha256,
            from: "2026-11-15".parse().unwrap(),
            until: "2026-11-21".parse().unwrap(),
            same: ShadowTotal { names: 900, questions: 9000 },
            blocked: ShadowTotal { names: 1, questions },
            opened: ShadowTotal::default(),
            names: vec![ShadowName {
                name: "game.example.com".to_owned(),
                questions,
                groups: vec!["umum".parse().unwrap()],
                then: FilterAction::Block,
                clause: None,
                list: None,
            }],
        };
        for questions in [50, 70] {
            router.post::<_, Value>("/v1/shadow", &report(trial.id, questions)).await.unwrap();
        }
        router.post::<_, Value>("/v1/shadow", &report(uuid::Uuid::from_u128(7), 1)).await.unwrap();
        let result = world.cli(&["sop", "shadow-report", &draft]).await;
        assert_eq!((&result["gateways"], &result["blocked"]["questions"]), (&json!(1), &json!(70)), "{result}");
        assert_eq!(result["names"][0]["name"], "game.example.com");

        // Over after three days.
        world.clock.set_wall("2026-11-24T08:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        world.cli(&["publish"]).await;
        assert!(bundle(&world, "galeri").await.filter.unwrap().drafts.is_empty());
    })
    .await;
}
