//! Lists from their sources to the index that routers fetch: in parts, by deltas, and never without a person where it matters.

use std::path::PathBuf;

use gapura_lists::{Index, delta};
use gapura_wire::IndexRef;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::Router;
use super::sop::{bundle, put_in_force, sop};
use super::world::{World, on_both, on_both_with};

const CATALOGUE: &str = r#"
[[list]]
id = "judi"
category = "judi"
title = "Judi daring"
holds = "names"
sources = ["judi.txt", "more"]
format = "domains"
licence = "CC0-1.0"
guard = "10%"

[[list]]
id = "alamat"
category = "jahat"
title = "Alamat penyerang"
holds = "addresses"
sources = ["alamat.txt"]
licence = "CC0-1.0"
"#;

fn names(range: std::ops::Range<u32>) -> String {
    range.map(|n| format!("situs{n}.judi.example")).collect::<Vec<_>>().join("\n") + "\n"
}

fn files(judi: &str) -> [(&'static str, &str); 3] {
    [
        ("lists.toml", CATALOGUE),
        ("judi.txt", judi),
        ("alamat.txt", "192.0.2.0/24 # dok\n2001:db8:1::/48\nbukan alamat\n"),
    ]
}

/// Waits until the server's own first look has built an index.
pub(super) async fn first_index(world: &World) -> Value {
    for _ in 0..600 {
        let status = world.cli(&["lists", "status"]).await;
        if status["index"] != Value::Null {
            return status;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("no index was built");
}

async fn fetch(router: &Router, path: &str) -> (StatusCode, Vec<u8>) {
    let (status, bytes) = router.send(Method::GET, path, Vec::new()).await.unwrap();
    (status, bytes.to_vec())
}

async fn offered(world: &World) -> IndexRef {
    bundle(world, "galeri").await.filter.unwrap().index.unwrap()
}

/// Opens what a router was sent, as a router does: by the department's key, and as the bundle announced it.
fn opened(world: &World, name: &str, octets: &[u8], offered: IndexRef) -> (Index, PathBuf) {
    let path = world.directory().join(name);
    std::fs::write(&path, octets).unwrap();
    let key = world.serving.office.keys().bundle_key();
    let index = Index::open(&path, &|root, signature| key.verifies_index(root, signature)).unwrap();
    assert_eq!((index.root(), index.version()), (*offered.root.as_bytes(), offered.version));
    assert_eq!(u64::try_from(octets.len()).unwrap(), offered.octets);
    (index, path)
}

fn holds(index: &Index, name: &str) -> bool {
    !index.lookup(&name.parse().unwrap()).unwrap().is_empty()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_become_an_index_that_routers_fetch_whole_in_parts_and_by_what_changed() {
    let first = names(0..1200);
    on_both_with("lists", &files(&first), async |world| {
        std::fs::create_dir(world.directory().join("more")).unwrap();
        std::fs::write(world.directory().join("more/b.txt"), "*.lain.example\n").unwrap();
        world.furnish().await;
        put_in_force(&world, &sop(1, "lists = [\"judi\"]\n")).await;
        let (router, _) = world.member(&[]).await;
        first_index(&world).await;
        world.cli(&["lists", "refresh"]).await;
        let status = world.cli(&["lists", "status"]).await;
        let list = |id: &str| {
            let lists = status["lists"].as_array().unwrap().iter();
            lists.clone().find(|list| list["id"] == id).unwrap()["in_force"].clone()
        };
        assert_eq!(status["unheld"], json!([]), "every clause has what it names");
        assert_eq!(
            (&list("judi")["names"], &list("alamat")["addresses"], &list("alamat")["bad"]),
            (&json!(1201), &json!(2), &json!(1))
        );

        let one = offered(&world).await;
        let path = format!("/v1/index/{}", one.version);
        let (code, whole) = fetch(&router, &path).await;
        assert_eq!(code, StatusCode::OK);
        let (index, old_path) = opened(&world, "whole", &whole, one);
        assert!(holds(&index, "www.situs7.judi.example") && holds(&index, "a.lain.example"));
        assert!(!holds(&index, "lain.example") && !holds(&index, "situs2000.judi.example"));
        assert!(
            !index.address("192.0.2.9".parse().unwrap()).is_empty()
                && !index.address("2001:db8:1::9".parse().unwrap()).is_empty()
        );
        drop(index);

        // In parts, as after a broken line.
        let half = whole.len() / 2;
        let (code, part) = router.part(&path, &format!("bytes={half}-")).await;
        assert_eq!((code, [&whole[..half], part.as_slice()].concat() == whole), (StatusCode::PARTIAL_CONTENT, true));
        assert_eq!(router.part(&path, &format!("bytes={}-", whole.len())).await.0, StatusCode::RANGE_NOT_SATISFIABLE);

        // A little changes: a new version, a small delta that leads to it.
        std::fs::write(world.directory().join("judi.txt"), names(20..1240)).unwrap();
        let done = world.cli(&["lists", "refresh", "judi"]).await;
        let two = offered(&world).await;
        assert_eq!((&done["index"], &done["published"][0]["site"]), (&json!(two.version), &json!("galeri")));
        assert!(two.version > one.version);
        // What changed is sent also while lists are being fetched, which may take half an hour.
        let fetching = world.serving.office.lists.turn.lock().await;
        let asked = format!("/v1/index/{}/from/{}", two.version, one.version);
        let sent = tokio::time::timeout(std::time::Duration::from_mins(1), fetch(&router, &asked)).await;
        let (code, changes) = sent.expect("routers do not wait for lists");
        drop(fetching);
        assert_eq!(code, StatusCode::OK);
        assert!(changes.len() * 4 < whole.len(), "{} of {}", changes.len(), whole.len());
        let key = world.serving.office.keys().bundle_key();
        let verify = |root: &[u8; 32], signature: &[u8]| key.verifies_index(root, signature);
        let (old, new_path) = (Index::open(&old_path, &verify).unwrap(), world.directory().join("new"));
        delta::apply(&old, &changes, two.root.as_bytes(), &verify, &new_path).unwrap();
        let (index, _) = opened(&world, "new", &std::fs::read(&new_path).unwrap(), two);
        assert!(holds(&index, "situs1239.judi.example") && !holds(&index, "situs7.judi.example"));
        let again = fetch(&router, &format!("/v1/index/{}/from/{}", two.version, one.version)).await;
        assert_eq!(again, (StatusCode::OK, changes), "kept");

        // A list that is taken out of the catalogue leaves nothing behind.
        let shorter = CATALOGUE.split_once("[[list]]\nid = \"alamat\"").unwrap().0;
        let kept = world.directory().join("keys/lists/alamat");
        assert!(kept.is_dir());
        world.file("lists.toml", shorter);
        world.cli(&["lists", "refresh"]).await;
        assert!(!kept.exists());
        let states = world.serving.office.store().read().await.unwrap().lists().await.unwrap();
        assert_eq!(states.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["judi"]);
        world.file("lists.toml", CATALOGUE);
        world.cli(&["lists", "refresh"]).await;

        // Nothing new, nothing built; what is not there is not sent, nor anything to strangers.
        assert_eq!(world.cli(&["lists", "refresh"]).await["index"], Value::Null);
        let nowhere =
            ["/v1/index/999", "/v1/index/-1", "/v1/index/..%2f..%2flock", "/v1/index/1/from/999", "/v1/index/1/from/2"];
        for path in nowhere {
            assert_eq!(fetch(&router, path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(fetch(&world.stranger(), &path).await.0, StatusCode::UNAUTHORIZED);

        // Only the last ones are kept.
        for _ in 0..5 {
            world.cli(&["lists", "build"]).await;
        }
        assert_eq!(fetch(&router, &path).await.0, StatusCode::NOT_FOUND);
        let three = offered(&world).await;
        let (code, whole) = fetch(&router, &format!("/v1/index/{}", three.version)).await;
        assert_eq!(code, StatusCode::OK);
        opened(&world, "three", &whole, three);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_that_changes_too_much_waits_for_a_person() {
    let first = names(0..1000);
    on_both_with("lists-guard", &files(&first), async |world| {
        std::fs::create_dir(world.directory().join("more")).unwrap();
        world.furnish().await;
        put_in_force(&world, &sop(1, "lists = [\"judi\"]\n")).await;
        first_index(&world).await;
        world.cli(&["lists", "refresh"]).await;
        let before = offered(&world).await;
        let judi = world.directory().join("judi.txt");

        std::fs::write(&judi, names(0..800)).unwrap();
        world.cli(&["lists", "refresh"]).await;
        let held = world.cli(&["lists", "held"]).await;
        assert_eq!((held.as_array().unwrap().len(), &held[0]["id"]), (1, &json!("judi")));
        let why = held[0]["held"]["why"][0].as_str().unwrap();
        assert!(why.contains("shrank from 1000 to 800"), "{why}");
        assert_eq!(offered(&world).await, before, "the one in force stays");
        assert!(world.try_cli(&["lists", "accept", "judi"]).await.unwrap_err().1.contains("--reason"));
        assert!(world.try_cli(&["lists", "accept", "alamat", "--reason", "x"]).await.is_err(), "nothing waits there");
        world.cli(&["lists", "reject", "judi", "--reason", "berkas rusak"]).await;
        world.cli(&["lists", "refresh"]).await;
        assert_eq!(world.cli(&["lists", "held"]).await, json!([]), "turned down: it does not wait again");
        assert_eq!(offered(&world).await, before);

        // Another one that takes a protected name away, and is let through all the same.
        std::fs::write(&judi, names(0..1000) + "bmkg.go.id\n").unwrap();
        world.cli(&["lists", "refresh"]).await;
        let held = world.cli(&["lists", "held"]).await;
        assert!(held[0]["held"]["why"][0].as_str().unwrap().contains("bmkg.go.id"), "{held}");
        world.cli(&["lists", "accept", "judi", "--by", "ani", "--reason", "diperiksa"]).await;
        let after = offered(&world).await;
        assert!(after.version > before.version);
        assert_eq!(world.cli(&["lists", "held"]).await, json!([]));
        let log = world.cli(&["audit", "list"]).await;
        let last = log.as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["action"], &last["actor"], &last["reason"]),
            (&json!("list-accept"), &json!("ani"), &json!("diperiksa"))
        );

        // So do names of the government, and what gateways reach their own controller by.
        let more = names(0..1000) + "bmkg.go.id\n";
        std::fs::write(&judi, format!("{more}sekda.sinjaikab.go.id\nc.example\n")).unwrap();
        world.cli(&["lists", "refresh", "judi"]).await;
        let held = world.cli(&["lists", "held"]).await;
        let why: Vec<_> = held[0]["held"]["why"].as_array().unwrap().iter().map(|why| why.as_str().unwrap()).collect();
        assert!(
            why.len() == 2 && why[0].contains(" c.example,") && why[1].contains(" sekda.sinjaikab.go.id,"),
            "{why:?}"
        );
        world.cli(&["lists", "reject", "judi", "--reason", "uji"]).await;

        // A source that is gone is noted, and what is in force stays.
        std::fs::remove_file(&judi).unwrap();
        let done = world.cli(&["lists", "refresh", "judi"]).await;
        assert!(done["lists"][0]["trouble"].as_str().unwrap().contains("judi.txt"), "{done}");
        assert_eq!(offered(&world).await, after);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_a_power_cut_took_are_fetched_again_before_an_index_is_built() {
    let first = names(0..1000);
    on_both_with("lists-damaged", &files(&first), async |world| {
        std::fs::create_dir(world.directory().join("more")).unwrap();
        world.furnish().await;
        put_in_force(&world, &sop(1, "lists = [\"judi\"]\n")).await;
        first_index(&world).await;
        world.cli(&["lists", "refresh"]).await;
        let before = offered(&world).await;
        let judi = world.directory().join("judi.txt");
        let kept = |status: &Value| {
            let list = status["lists"].as_array().unwrap().iter().find(|list| list["id"] == "judi").unwrap();
            let sha256 = list["in_force"]["sha256"].as_str().unwrap();
            world.directory().join("keys/lists/judi").join(sha256).join("0")
        };
        let file = kept(&world.cli(&["lists", "status"]).await);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), first);

        // As a file system leaves it where the length was written and the octets were not.
        let damage = || std::fs::write(&file, vec![0; first.len()]).unwrap();
        damage();
        let source = std::fs::read(&judi).unwrap();
        std::fs::remove_file(&judi).unwrap();
        let (_, why) = world.try_cli(&["lists", "build"]).await.unwrap_err();
        assert!(why.contains("judi") && why.contains("not as they were kept"), "{why}");
        assert_eq!(offered(&world).await, before, "the index stays");
        let status = world.cli(&["lists", "status"]).await;
        let list = status["lists"].as_array().unwrap().iter().find(|list| list["id"] == "judi").unwrap();
        assert_eq!(list["damaged"], json!(true));

        // The source is back: what it gives is what was in force, and counts as that.
        std::fs::write(&judi, source).unwrap();
        world.cli(&["lists", "refresh", "judi"]).await;
        assert_eq!(std::fs::read_to_string(&file).unwrap(), first);
        assert!(world.cli(&["lists", "build"]).await["index"].as_u64().unwrap() > before.version);

        // Found by the way while another list is updated: fetched again at once, and the index is built.
        damage();
        std::fs::write(world.directory().join("alamat.txt"), "192.0.2.0/24\n2001:db8:1::/48\n198.51.100.7\n").unwrap();
        let done = world.cli(&["lists", "refresh", "alamat"]).await;
        assert_eq!(done["index"], json!(offered(&world).await.version), "{done}");
        let path = format!("/v1/index/{}", done["index"]);
        let (router, _) = world.member(&[]).await;
        let (code, whole) = fetch(&router, &path).await;
        assert_eq!(code, StatusCode::OK);
        let (index, _) = opened(&world, "restored", &whole, offered(&world).await);
        assert!(holds(&index, "situs7.judi.example"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_installation_starts_with_the_packs_and_an_old_one_asks_a_second_person() {
    on_both("packs", async |world| {
        world.furnish().await;
        assert!(world.try_cli(&["lists", "refresh"]).await.unwrap_err().1.contains("controller.lists"));
        let made = world.cli(&["sop", "packs", "--publish", "--by", "ani"]).await;
        assert_eq!(made["sops"].as_array().unwrap().len(), 4);
        // No list was ever fetched: that the national clause holds nothing is not kept from anyone.
        let sops = world.cli(&["sop", "list"]).await;
        let national = sops.as_array().unwrap().iter().find(|row| row["number"] == "NASIONAL-TRUSTPOSITIF").unwrap();
        let expected = json!({
            "id": national["id"], "sop": "NASIONAL-TRUSTPOSITIF", "clause": "1", "mandatory": true,
            "lists": ["trustpositif", "trustpositif-alamat"], "nothing": true,
        });
        assert_eq!(national["unheld"], json!([expected]));
        assert!(world.cli(&["lists", "status"]).await["unheld"].as_array().unwrap().contains(&expected));
        let filter = bundle(&world, "galeri").await.filter.unwrap();
        assert!(filter.sops.len() >= 2 && filter.sops[0].layer == gapura_rules::sop::Layer::National);
        let (_, why) = world.try_cli(&["sop", "packs", "--publish"]).await.unwrap_err();
        assert!(why.contains("second person"), "{why}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_by_hand_stands_in_the_audit_log_with_who() {
    let first = names(0..100);
    on_both_with("lists-audit", &files(&first), async |world| {
        std::fs::create_dir(world.directory().join("more")).unwrap();
        first_index(&world).await;
        let looks = async || {
            let log = world.cli(&["audit", "list"]).await;
            let entries = log.as_array().unwrap().iter();
            entries.filter(|entry| entry["action"] == "list-refresh").cloned().collect::<Vec<_>>()
        };
        assert!(looks().await.is_empty(), "the server's own looks are nobody's");
        std::fs::write(world.directory().join("judi.txt"), names(0..105)).unwrap();
        let done = world.cli(&["lists", "refresh", "judi", "--by", "ani", "--reason", "pengaduan"]).await;
        world.cli(&["lists", "refresh", "--by", "budi"]).await;
        let told = looks().await;
        let of =
            |at: usize| ["actor", "object", "reason", "after"].map(|key| told[at][key].as_str().unwrap().to_owned());
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(of(0), ["ani", "list/judi", "pengaduan", &format!("index {}", done["index"])]);
        assert_eq!(of(1), ["budi", "lists", "", "no new index"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_catalogue_is_read_again_and_a_wrong_one_is_not_taken() {
    let first = names(0..100);
    on_both_with("lists-again", &files(&first), async |world| {
        std::fs::create_dir(world.directory().join("more")).unwrap();
        first_index(&world).await;
        let office = &world.serving.office;
        let known = async || {
            let all = office.list_status().await.unwrap();
            all.into_iter().map(|list| (list.id.to_string(), list.state.in_force.is_some())).collect::<Vec<_>>()
        };
        let before = [("judi".to_owned(), true), ("alamat".to_owned(), true)];
        assert_eq!(known().await, before);
        let wrong = CATALOGUE.replacen("holds = \"names\"", "holds = \"nama\"", 1).replace("licence", "lisensi");
        world.file("lists.toml", &wrong);
        let told = office.reread_catalogue().await.unwrap_err().to_string();
        assert!(told.contains("lists.toml") && told.contains("nama") && told.contains("lisensi"), "{told}");
        assert_eq!(known().await, before, "the one before stays");
        std::fs::remove_file(world.directory().join("lists.toml")).unwrap();
        assert!(office.reread_catalogue().await.is_err());
        assert_eq!(known().await, before);
        // One list more: its source is looked at without waiting for the hour.
        world.file("baru.txt", "baru.example\n");
        let more = CATALOGUE.replace("\"alamat\"", "\"baru\"").replace("addresses", "names");
        let more = format!(
            "{CATALOGUE}{}",
            more.replace("alamat.txt", "baru.txt").split_at(more.rfind("[[list]]").unwrap()).1
        );
        world.file("lists.toml", &more);
        assert!(office.reread_catalogue().await.unwrap());
        for _ in 0..600 {
            if known().await.contains(&("baru".to_owned(), true)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{:?}", known().await);
    })
    .await;
}
