//! A site made in one go, and what staff set of sites and levels part by part: inherited, refused, noted.

use gapura_runtime::Clock as _;
use gapura_wire::{Device, DeviceRole, Notice, Severity, Text, Uplink, WaysIn};
use serde_json::json;

use super::world::on_both;
use crate::{Actor, Level, OfficeError, SetAt, SetPart, SettingsDocument, SiteDevice, usual_hours};

fn who() -> Actor {
    Actor { name: "jaringan".to_owned(), reason: String::new() }
}

fn fields(error: &OfficeError) -> Vec<String> {
    let OfficeError::Mistakes(all) = error else { panic!("{error}") };
    all.iter().map(|why| why.field().unwrap_or_default().to_owned()).collect()
}

fn mplik() -> SettingsDocument {
    let kind = gapura_model::SiteKind::Mplik;
    let hours = crate::HoursSettings { zone: Some("Asia/Makassar".to_owned()), ..usual_hours(kind) };
    SettingsDocument {
        name: Some("MPLIK Sinjai 3".to_owned()),
        kind: Some(kind),
        agency: Some("Diskominfo Sinjai".to_owned()),
        regency: Some("sinjai".to_owned()),
        contact: Some("Petugas di mobil".to_owned()),
        hours,
        ways: Some(WaysIn { voucher: true, ..WaysIn::default() }),
        ..SettingsDocument::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_is_made_once_with_where_it_stands() {
    on_both("part-make", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let site = "mplik-3".parse().unwrap();
        let bare = SettingsDocument { contact: None, agency: None, ..mplik() };
        let refused = office.make_site(&site, &bare, None, &who()).await.unwrap_err();
        assert_eq!(fields(&refused), ["agency", "contact"], "all at once");
        let long = "x".repeat(81);
        let refused = office.make_site(&site, &mplik(), Some(&long), &who()).await.unwrap_err();
        assert_eq!(fields(&refused), ["place"]);
        assert!(office.site(&site).await.unwrap().is_none(), "nothing of it was kept");

        let published = office.make_site(&site, &mplik(), Some(" Desa Arabika "), &who()).await.unwrap();
        assert_eq!(published.iter().map(|one| &one.site).collect::<Vec<_>>(), [&site]);
        assert_eq!(office.places(&site).await.unwrap()[0].place, "Desa Arabika");
        let twice = SettingsDocument { name: Some("Lain".to_owned()), ..mplik() };
        let refused = office.make_site(&site, &twice, None, &who()).await.unwrap_err();
        assert!(fields(&refused) == ["id"] && refused.to_string().contains("mplik-3"), "{refused}");
        assert_eq!(office.site(&site).await.unwrap().unwrap().name, "MPLIK Sinjai 3", "the first one stays");
        let audit = world.cli(&["audit", "list"]).await.to_string();
        assert!(audit.contains("site-make") && audit.contains("site-move"), "{audit}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_part_is_set_alone_and_left_to_what_is_farther_away() {
    on_both("part-set", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let id = "galeri".parse().unwrap();
        let (site, department) = (SetAt::Site(id), SetAt::Above(Level::Department));
        let SetAt::Site(id) = &site else { unreachable!() };
        let before = office.site(id).await.unwrap().unwrap();
        let rate = gapura_model::BitRate::new(50_000_000);
        let uplink = Uplink { up: rate, down: rate };
        let set = async |at: &SetAt, part: SetPart| office.set_part(at, &part, &who()).await;
        // Of the department's speed the site takes nothing until it says none itself.
        assert!(set(&department, SetPart::Uplink(Some(uplink))).await.unwrap().is_empty());
        assert_eq!(set(&site, SetPart::Uplink(None)).await.unwrap().len(), 1);
        let now = office.site(id).await.unwrap().unwrap();
        assert_eq!((now.uplink, &now.garden, &now.devices), (uplink, &before.garden, &before.devices));
        let settings = office.site_settings(id).await.unwrap();
        let from = settings.settled.origins.iter().find(|origin| origin.field == "uplink").unwrap();
        assert_eq!(from.holds.from, Level::Department);

        let contact = SetPart::Contact {
            contact: Some("Loket baru".to_owned()),
            counter: Some(Text { id: "Lantai 2".to_owned(), en: String::new() }),
            wifi: Some("galeri".to_owned()),
        };
        set(&site, contact).await.unwrap();
        let now = office.site(id).await.unwrap().unwrap();
        assert_eq!((now.contact.as_str(), now.wifi.as_deref()), ("Loket baru", Some("galeri")));
        assert_eq!(now.look.texts["help-counter"].id, "Lantai 2");
        // What nobody says any more is refused, and nothing changes.
        let nobody = SetPart::Contact { contact: None, counter: None, wifi: None };
        assert_eq!(fields(&set(&site, nobody).await.unwrap_err()), ["contact"]);
        assert_eq!(office.site(id).await.unwrap().unwrap(), now);
        let identity = SetPart::Identity {
            name: "Galeri Baru".to_owned(),
            kind: now.kind,
            agency: now.agency.clone(),
            regency: now.regency.clone(),
        };
        assert_eq!(
            fields(&set(&department, identity.clone()).await.unwrap_err()),
            ["name", "kind", "agency", "regency"]
        );
        set(&site, identity).await.unwrap();
        assert_eq!(office.site(id).await.unwrap().unwrap().name, "Galeri Baru");
        let ways = WaysIn { one_tap: true, ..WaysIn::default() };
        let none = SetPart::Ways { ways: Some(ways), one_tap: None, staff: None };
        assert_eq!(fields(&set(&site, none).await.unwrap_err()), ["one-tap-plan"]);
        let garden = |text: &str| serde_json::from_value(json!([{ "to": text }])).unwrap();
        set(&department, SetPart::Garden(Some(garden("go.id")))).await.unwrap();
        set(&site, SetPart::Garden(None)).await.unwrap();
        assert_eq!(office.site(id).await.unwrap().unwrap().garden, garden("go.id"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notices_are_added_beside_those_of_other_levels_and_end() {
    on_both("part-notices", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let id = "galeri".parse().unwrap();
        let (site, department) = (SetAt::Site(id), SetAt::Above(Level::Department));
        let SetAt::Site(id) = &site else { unreachable!() };
        let notice = |text: &str, until: &str| Notice {
            severity: Severity::Warning,
            text: Text { id: text.to_owned(), en: String::new() },
            until: until.parse().unwrap(),
        };
        let past = notice(" ", "2026-11-21T07:00:00Z");
        assert_eq!(fields(&office.add_notice(&site, &past, &who()).await.unwrap_err()), ["text", "until"]);
        let (soon, later) = (notice("Listrik padam", "2026-11-21T12:00:00Z"), notice("Ujian", "2026-12-01T00:00:00Z"));
        office.add_notice(&site, &soon, &who()).await.unwrap();
        office.add_notice(&department, &later, &who()).await.unwrap();
        let texts = async || {
            let all = office.site(id).await.unwrap().unwrap().notices;
            all.into_iter().map(|one| one.text.id).collect::<Vec<_>>()
        };
        assert_eq!(texts().await, ["Ujian", "Listrik padam"]);
        world.clock.advance(std::time::Duration::from_hours(5));
        assert!(world.clock.now().wall > soon.until);
        let third = notice("Kelas pindah", "2026-11-30T00:00:00Z");
        office.add_notice(&site, &third, &who()).await.unwrap();
        assert_eq!(texts().await, ["Ujian", "Kelas pindah"], "what is over was taken away");
        office.remove_notice(&site, &third, &who()).await.unwrap();
        let refused = office.remove_notice(&site, &later, &who()).await.unwrap_err();
        assert!(matches!(refused, OfficeError::NotFound { .. }), "it is the department's: {refused}");
        assert_eq!(texts().await, ["Ujian"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_is_added_renamed_with_its_state_and_removed() {
    on_both("part-devices", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let site = "galeri".parse().unwrap();
        let seat = |mac: &str, label: &str| SiteDevice {
            device: Device { mac: mac.parse().unwrap(), role: DeviceRole::Seat, label: label.to_owned(), idle: None },
            policy_group: Some("anak".parse().unwrap()),
        };
        let one = seat("02:00:5e:10:00:11", "PC 01");
        let published = office.put_device(&site, None, &one, &who()).await.unwrap();
        assert_eq!(published.len(), 1, "the gateway is told");
        office.set_seat_broken(&site, "PC 01", true, &who()).await.unwrap();
        for (wrong, at) in [
            (seat("02:00:5e:10:00:12", "PC 01"), vec!["label"]),
            (seat("02:00:5e:10:00:11", "PC 02"), vec!["mac"]),
            (seat("03:00:5e:10:00:12", ""), vec!["label", "mac"]),
        ] {
            assert_eq!(fields(&office.put_device(&site, None, &wrong, &who()).await.unwrap_err()), at);
        }
        let renamed = seat("02:00:5e:10:00:12", "PC Anak");
        office.put_device(&site, Some(one.device.mac), &renamed, &who()).await.unwrap();
        let seats = office.seats(&site).await.unwrap();
        assert_eq!(seats.len(), 1);
        assert_eq!((seats[0].label.as_str(), &seats[0].state), ("PC Anak", &crate::SeatState::Broken));
        let gone = office.put_device(&site, Some(one.device.mac), &renamed, &who()).await.unwrap_err();
        assert!(matches!(gone, OfficeError::NotFound { .. }), "{gone}");
        office.remove_device(&site, renamed.device.mac, &who()).await.unwrap();
        assert!(office.seats(&site).await.unwrap().is_empty());
        assert_eq!(office.site(&site).await.unwrap().unwrap().devices.len(), 1, "the others stay");
        let again = seat("02:00:5e:10:00:11", "PC 01");
        office.put_device(&site, None, &again, &who()).await.unwrap();
        assert_eq!(office.seats(&site).await.unwrap()[0].state, crate::SeatState::Free);
    })
    .await;
}
