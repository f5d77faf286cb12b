//! What is set where, piece by piece: groups by name, looks, terms and who accepted them, a site that closes early.

use gapura_runtime::Clock as _;
use gapura_wire::{Look, Record, UsageBatch};
use serde_json::json;

use super::world::on_both;
use crate::{Actor, Level, OfficeError, SetAt, TermsDocument};

fn who() -> Actor {
    Actor { name: "jaringan".to_owned(), reason: "Listrik padam".to_owned() }
}

fn look(brand: &str) -> Look {
    serde_json::from_value(json!({ "colours": { "brand": brand } })).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_keeps_its_sites_under_a_new_name_and_is_removed_once_empty() {
    on_both("levels-groups", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let (site, pulau, kepulauan) =
            ("galeri".parse().unwrap(), "pulau".parse().unwrap(), "kepulauan".parse().unwrap());
        let group = |name: &str| Level::Group(name.to_owned());
        let refused = office.set_look(&SetAt::Above(group("pulau")), &look("#112233"), &who()).await.unwrap_err();
        assert!(matches!(refused, OfficeError::NotFound { .. }), "{refused}");
        office.make_settings_group(&pulau, &who()).await.unwrap();
        let taken = office.make_settings_group(&pulau, &who()).await.unwrap_err();
        assert!(matches!(taken, OfficeError::Refused(_)), "{taken}");
        office.join_settings(&site, Some(&pulau), &who()).await.unwrap();
        let published = office.set_look(&SetAt::Above(group("pulau")), &look("#112233"), &who()).await.unwrap();
        assert_eq!(published.len(), 1);
        let refused = office.set_level(&group("pulau"), None, &who()).await.unwrap_err();
        assert!(refused.to_string().contains("1 site is in it"), "{refused}");
        let published = office.rename_settings_group(&pulau, &kepulauan, &who()).await.unwrap();
        assert!(published.is_empty(), "nothing changed for gateways: {published:?}");
        let tree = office.settings_tree().await.unwrap();
        assert_eq!(tree.levels().iter().map(|(level, _)| level.clone()).collect::<Vec<_>>(), [group("kepulauan")]);
        let at = SetAt::Above(group("kepulauan"));
        assert!(tree.below(&at).map(|one| &one.site).eq([&site]));
        let (value, from) = tree.inherited(&SetAt::Site(site.clone()), &site, "look.colours.brand").unwrap();
        assert_eq!((value, from), (json!("#112233"), group("kepulauan")));
        assert_eq!(tree.inherited(&at, &site, "look.colours.brand"), None, "nothing farther says it");

        // What would be is worked out without writing anything.
        let mut said = tree.said(&at);
        said.look = look("#445566");
        let would_be = tree.would_be(&at, &said);
        let settled = would_be[0].1.as_ref().unwrap();
        assert_eq!(settled.document.look, look("#445566"));
        assert_eq!(office.site(&site).await.unwrap().unwrap().look, look("#112233"));

        office.join_settings(&site, None, &who()).await.unwrap();
        office.set_level(&group("kepulauan"), None, &who()).await.unwrap();
        assert_eq!(office.site(&site).await.unwrap().unwrap().look, Look::default());
        let audit = world.cli(&["audit", "list"]).await.to_string();
        for action in ["settings-group-make", "settings-group-rename", "look-set"] {
            assert!(audit.contains(action), "{action}: {audit}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_of_terms_say_where_they_hold_and_how_many_accepted_them() {
    on_both("levels-terms", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let (router, _) = world.member(&[]).await;
        let visit = |number: u32, start: &str| -> Record {
            let text = json!({
                "record": "visit", "visit": format!("0d5c7f6e-0000-4000-8000-{number:012}"), "revision": 1,
                "device": "h1:2026-11:00112233445566778899aabbccddeeff", "device_local": true, "way": "one-tap",
                "terms": "2026-1", "sha256": "00".repeat(32), "plan": "umum", "generation": 1,
                "start": start, "clock": "trusted", "at": "2026-11-21T08:00:00Z",
                "traffic": { "up": 1, "down": 1 }, "seconds": 60,
            });
            serde_json::from_value(text).unwrap()
        };
        let records =
            vec![visit(1, "2026-11-21T07:00:00Z"), visit(2, "2026-11-20T09:00:00Z"), visit(3, "2026-11-20T07:00:00Z")];
        let boot = "5a4f0e3c-8f5e-4a0a-9d5a-000000000001".parse().unwrap();
        let batch = UsageBatch { gateway: "gw-galeri-1".parse().unwrap(), boot, seq: 1, records };
        let ack: gapura_wire::UsageAck = router.post("/v1/usage", &batch).await.unwrap();
        assert!(ack.refused.is_empty(), "{ack:?}");
        let versions = office.terms_versions().await.unwrap();
        assert_eq!(versions.len(), 1);
        assert_eq!((versions[0].accepted, versions[0].sites.len()), (2, 1), "those of the last 24 hours");

        let newer: TermsDocument = serde_json::from_value(
            json!({ "version": "2026-2", "effective": "2026-12-01", "text": { "id": "Tertib.", "en": "Orderly." } }),
        )
        .unwrap();
        let (site, department) = (SetAt::Site("galeri".parse().unwrap()), SetAt::Above(Level::Department));
        office.set_terms(&department, Some(&newer), &who()).await.unwrap();
        let of = async |version: &str| {
            let all = office.terms_versions().await.unwrap();
            let one = all.into_iter().find(|one| one.document.version == version).unwrap();
            (one.set, one.sites.len())
        };
        assert_eq!((of("2026-1").await, of("2026-2").await), ((vec![site.clone()], 1), (vec![department], 0)));
        office.set_terms(&site, None, &who()).await.unwrap();
        assert_eq!((of("2026-1").await.1, of("2026-2").await.1), (0, 1), "what is farther holds");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_closes_earlier_today_once_and_opens_again_by_itself() {
    on_both("levels-early", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let site = "galeri".parse().unwrap();
        // Monday, 10.00 there.
        world.clock.set_wall("2026-11-23T02:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        let now = world.clock.now().wall;
        let time = jiff::civil::time(12, 0, 0, 0);
        let nameless = Actor { reason: " ".to_owned(), ..who() };
        assert!(matches!(office.close_early(&site, time, &nameless).await, Err(OfficeError::Mistakes(_))));
        let late = jiff::civil::time(23, 0, 0, 0);
        assert!(matches!(office.close_early(&site, late, &who()).await, Err(OfficeError::Mistakes(_))));
        assert_eq!(office.close_early(&site, time, &who()).await.unwrap().len(), 1);
        let earlier = jiff::civil::time(11, 0, 0, 0);
        office.close_early(&site, earlier, &who()).await.unwrap();
        let hours = office.site(&site).await.unwrap().unwrap().hours;
        assert_eq!(hours.overrides().len(), 1, "the later press is meant");
        let held = crate::early_closing(&hours, now).unwrap();
        assert_eq!((held.by.as_str(), held.reason.as_str()), ("jaringan", "Listrik padam"));
        assert!(!hours.state("2026-11-23T03:00:00Z".parse().unwrap()).is_open());
        assert!(hours.state("2026-11-30T03:00:00Z".parse().unwrap()).is_open(), "next week as ever");
        office.reopen_today(&site, &who()).await.unwrap();
        assert!(office.site(&site).await.unwrap().unwrap().hours.overrides().is_empty());
        assert!(matches!(office.reopen_today(&site, &who()).await, Err(OfficeError::NotFound { .. })));
    })
    .await;
}
