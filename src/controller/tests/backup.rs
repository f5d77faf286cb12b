//! A backup made while the controller serves, restored elsewhere on the other kind of database; gateways go on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gapura_runtime::Tasks;
use gapura_wire::{EnrolAnswer, SignedBundle};
use serde_json::{Value, json};

use super::network::says;
use super::world::{World, cli_with, config_text, on_both, postgres};
use crate::{Actor, Serving, load_config, serve};

async fn backed_up(world: &World) -> (String, String) {
    let key = world.directory().join("backup.key").display().to_string();
    let file = world.directory().join("gapura.backup").display().to_string();
    world.cli(&["backup-key", &key]).await;
    let made = world.cli(&["backup", &file, "--key-file", &key]).await;
    assert_eq!((&made["by"], &made["file"]), (&json!("tester"), &json!(file)));
    assert!(made["octets"].as_u64().unwrap() > 1000, "{made}");
    (file, key)
}

async fn started(config: &Path, world: &World, tasks: &Tasks) -> Serving {
    serve(&load_config(config).unwrap(), world.clock.clone(), tasks).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_controller_takes_its_fleet_up_again_on_the_other_database() {
    on_both("restore", async |world| {
        world.furnish().await;
        world
            .cli(&["voucher", "make", "--site", "galeri", "--plan", "pelajar", "--count", "2", "--use-time", "2h"])
            .await;
        let (mut router, answer) = world.member(&[]).await;
        let EnrolAnswer::Approved { bundle_key, site, .. } = answer else { panic!() };
        says(&router, json!({ "generation": 2 })).await;
        let andi = Actor { name: "andi".to_owned(), reason: "bocor".to_owned() };
        let key = crate::FormKey::draw().unwrap();
        let (screen, secret) =
            world.serving.office.make_screen(&key, ("Lobi", &crate::Scope::Province), &andi).await.unwrap();
        let (file, key) = backed_up(&world).await;
        let before = world.cli(&["audit", "list"]).await;
        world.serving.office.end_screen(&screen.id, &andi).await.unwrap();
        // After the backup: the fleet goes on to a bundle that the backup does not know.
        world
            .cli(&["voucher", "make", "--site", "galeri", "--plan", "pelajar", "--count", "1", "--use-time", "2h"])
            .await;

        // The other kind of database, another machine.
        let database = postgres::database();
        let home = world.directory().join("second");
        std::fs::create_dir(&home).unwrap();
        let on_sqlite = world.serving.address.is_ipv4();
        let address =
            if on_sqlite { database.address.clone() } else { format!("sqlite:{}", home.join("c.db").display()) };
        let config = home.join("controller.toml");
        std::fs::write(&config, config_text("127.0.0.1:0", &home.join("keys"), &address)).unwrap();
        let restored = cli_with(&config, world.clock.clone(), &["restore", &file, "--key-file", &key]).await.unwrap();
        assert!(restored["files"].as_u64().unwrap() >= 4 && restored["rows"].as_u64().unwrap() > 10, "{restored}");
        assert_eq!(restored["made"], "2026-11-21T08:00:00Z");
        let again = cli_with(&config, world.clock.clone(), &["restore", &file, "--key-file", &key]).await.unwrap_err();
        assert!(again.1.contains("empty place"), "{}", again.1);

        let tasks = Tasks::new();
        let serving = started(&config, &world, &tasks).await;
        assert_eq!(serving.office.keys().pin(), world.serving.office.keys().pin(), "gateways know it by its key");
        let screens = serving.office.screens().await.unwrap();
        assert!(screens.len() == 1 && !screens[0].opens(&secret), "taken back before, and not live again");
        router.address = serving.address;
        // The gateway runs generation 3, the backup knows 2: it is overtaken, and what staff change reaches it.
        let newer = json!({ "generation": 3 });
        says(&router, newer).await;
        let signed: SignedBundle = router.get("/v1/bundle?after=3&wait=30").await.unwrap();
        let bundle = signed.verify(&bundle_key, &site, gapura_model::Generation::new(3)).unwrap();
        assert_eq!((bundle.generation.get(), bundle.vouchers.len()), (4, 2), "what was made after the backup is gone");
        let audit = cli_with(&config, world.clock.clone(), &["audit", "list"]).await.unwrap();
        let (old, new) = (before.as_array().unwrap(), audit.as_array().unwrap());
        // The backup's own note was written after its picture was taken.
        // Nothing is destroyed before somebody could ask again for what was held.
        assert!(new.iter().any(|line| line["action"] == "hold-ask" && line["actor"] == "gapura"), "{new:?}");
        assert_eq!(new.last().unwrap()["action"], "backup-restore");
        assert_eq!(
            old.iter().rev().skip(1).rev().collect::<Vec<_>>(),
            new.iter().take(old.len() - 1).collect::<Vec<_>>()
        );
        cli_with(&config, world.clock.clone(), &["audit", "verify"]).await.unwrap();
        let left = tasks.shutdown(Duration::from_secs(10), std::future::pending()).await;
        assert_eq!(left, gapura_runtime::Left::default());
        serving.office.store().close().await;
        std::fs::remove_dir_all(&home).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_not_whole_changes_nothing() {
    on_both("altered", async |world| {
        world.furnish().await;
        let (file, key) = backed_up(&world).await;
        let home = world.directory().join("second");
        std::fs::create_dir(&home).unwrap();
        let config = home.join("controller.toml");
        let database = home.join("c.db");
        let text = config_text("127.0.0.1:0", &home.join("keys"), &format!("sqlite:{}", database.display()));
        std::fs::write(&config, text).unwrap();
        let whole = std::fs::read(&file).unwrap();
        let mut altered = whole.clone();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        let bad = home.join("bad.backup");
        let tried = async |octets: &[u8], key: &str| {
            std::fs::write(&bad, octets).unwrap();
            let words = ["restore", &bad.display().to_string(), "--key-file", key];
            let refused = cli_with(&config, world.clock.clone(), &words).await.unwrap_err().1;
            assert!(!database.exists() && !home.join("keys/fleet.key").exists(), "{refused}");
            refused
        };
        for octets in [&whole[..whole.len() - 1], &altered[..]] {
            let refused = tried(octets, &key).await;
            assert!(refused.contains("altered or cut off"), "{refused}");
        }
        let refused = tried(b"PK", &key).await;
        assert!(refused.contains("no backup of Gapura"), "{refused}");
        let other = home.join("other.key").display().to_string();
        world.cli(&["backup-key", &other]).await;
        assert!(tried(&whole, &other).await.contains("not the key or passphrase"));
        assert!(
            world.try_cli(&["backup-key", &other]).await.unwrap_err().1.contains("already"),
            "no key is overwritten"
        );
        assert!(world.try_cli(&["backup", &file, "--key-file", &key]).await.unwrap_err().1.contains("already"));
        let none = world.try_cli(&["backup", &format!("{file}-2")]).await.unwrap_err().1;
        assert!(none.contains("--key-file"), "{none}");

        let phrase = world.file("passphrase", "pendek\n");
        let short = world.try_cli(&["backup", &format!("{file}-2"), "--passphrase-file", &phrase]).await.unwrap_err().1;
        assert!(short.contains("16 or more"), "{short}");
        let phrase = world.file("passphrase", "gerbang desa di tepi sawah\n");
        let second = format!("{file}-2");
        world.cli(&["backup", &second, "--passphrase-file", &phrase]).await;
        let words = ["restore", &second, "--passphrase-file", &phrase];
        cli_with(&config, world.clock.clone(), &words).await.unwrap();
        assert!(database.exists());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_are_made_when_they_are_due_and_old_ones_are_removed() {
    on_both("scheduled", async |world| {
        let home = world.directory().join("second");
        std::fs::create_dir(&home).unwrap();
        let key = home.join("backup.key").display().to_string();
        world.cli(&["backup-key", &key]).await;
        let (config, directory) = (home.join("controller.toml"), home.join("backups"));
        let database = format!("sqlite:{}", home.join("c.db").display());
        let text = config_text("127.0.0.1:0", &home.join("keys"), &database);
        let backup = format!("[backup]\ndirectory = \"{}\"\nkey_file = \"{key}\"\nkeep = 2\n", directory.display());
        std::fs::write(&config, text + &backup).unwrap();
        let tasks = Tasks::new();
        let office = started(&config, &world, &tasks).await.office;
        // The controller's own look may come first; then nothing is due.
        office.back_up_wanted_or_due().await.unwrap();
        for hours in [23, 1, 24, 24] {
            world.clock.advance(Duration::from_hours(hours));
            office.back_up_wanted_or_due().await.unwrap();
        }
        let made: Vec<_> = office.backups(10).await.unwrap().into_iter().map(|one| one.made.to_string()).collect();
        let expected = ["2026-11-24T08:00:00Z", "2026-11-23T08:00:00Z", "2026-11-22T08:00:00Z", "2026-11-21T08:00:00Z"];
        assert_eq!(made, expected);
        let mut left: Vec<_> = std::fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort_unstable();
        assert_eq!(left, ["gapura-20261123T080000Z.backup", "gapura-20261124T080000Z.backup"]);
        // One that a person asks for is made by the server's own task, at once, and under that name.
        world.clock.advance(Duration::from_mins(5));
        let ani = Actor { name: "ani".to_owned(), reason: "sebelum pindahan".to_owned() };
        office.ask_for_backup(&ani).unwrap();
        let asked = async {
            while office.backups(1).await.unwrap()[0].by != "ani" || office.backup_progress().is_some() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), asked).await.unwrap();
        // And where it cannot be, that is told until one can.
        std::fs::remove_dir_all(&directory).unwrap();
        std::fs::write(&directory, b"no directory").unwrap();
        office.ask_for_backup(&ani).unwrap();
        let failed = async {
            while office.backup_failed().is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), failed).await.unwrap();
        assert!(office.backup_progress().is_none());
        tasks.shutdown(Duration::from_secs(10), std::future::pending()).await;
        office.store().close().await;
        let kept: Value = cli_with(&config, Arc::clone(&world.clock) as _, &["audit", "list"]).await.unwrap();
        assert!(kept.as_array().unwrap().iter().all(|row| row["actor"] == "gapura" || row["actor"] == "ani"), "{kept}");
    })
    .await;
}
