//! The page that says why a site is blocked, and the appeal filed there.

use std::fs;

use gapura_lab::visit::Family;
use serde_json::Value;

use super::{addressed, clause, dig, filtered, head, own, until_status};
use crate::stand::{admit, log, submit, visitor_of};

/// Answered with the portal's address.
const WITH_PAGE: &str = "taruhan.example";
/// Why it should be open.
const WHY: &str = "Situs ini memuat materi pelajaran sekolah.";

fn sop() -> String {
    let text = head("regency", "SOP/UJI/01")
        + &clause(7, "Situs taruhan diblokir.", "action = \"block\"\nnames = [\"taruhan.example\"]\nanswer = \"page\"")
        + &clause(8, "Peladen ini diblokir.", "action = \"block\"\naddresses = [SERVER2]");
    addressed(&text)
}

#[test]
fn a_name_refused_for_its_address_is_explained_too() {
    let site = filtered("fwhy", 1, &[sop()], None);
    admit(&site, 1, &["--plan", "umum"]);
    until_status(&site, 1, WITH_PAGE, "NOERROR");
    let visitor = visitor_of(&site, 1);
    let portal = visitor.open(&format!("http://{WITH_PAGE}/"), Family::V4).unwrap();
    let why = |name: &str| {
        let page = visitor.open(&portal.resolve(&format!("/situs?alamat={name}")), Family::V4).unwrap();
        page.reply.text().replace("<wbr>", "")
    };
    let name = "u2.lain.example";
    for kind in ["A", "AAAA"] {
        let answer = dig(&site, 1, own(), &[name, kind]);
        assert!(answer.refused(15, "SOP/UJI/01 klausul 8"), "{answer:?}");
    }
    let text = why(name);
    assert!(text.contains("Peladen ini diblokir.") && text.contains("SOP/UJI/01"), "{text}");
    let text = why("sekolah.example");
    assert!(text.contains("tidak memblokir alamat itu"), "{text}");
}

#[test]
fn a_blocked_site_leads_to_its_clause_and_an_appeal_outlives_a_power_cut() {
    let mut site = filtered("fpage", 1, &[sop()], None);
    admit(&site, 1, &["--plan", "umum"]);
    until_status(&site, 1, WITH_PAGE, "NOERROR");
    for kind in ["A", "AAAA"] {
        let answer = dig(&site, 1, own(), &[WITH_PAGE, kind]);
        assert!(answer.refused(15, "SOP/UJI/01 klausul 7") && answer.records().len() == 1, "{answer:?}");
    }
    for family in Family::BOTH {
        let page = visitor_of(&site, 1).open(&format!("http://{WITH_PAGE}/promo?a=1"), family);
        let page = page.unwrap_or_else(|error| panic!("{family}: {error}\n{}", log(&site)));
        assert!(page.url.ends_with(&format!("/situs?alamat={WITH_PAGE}")), "{family}: {}", page.url);
        let text = page.reply.text().replace("<wbr>", "");
        for words in ["Situs taruhan diblokir.", "SOP/UJI/01", "Keputusan Bupati Nomor 1 Tahun 2026", WITH_PAGE] {
            assert!(text.contains(words), "{words} over {family}: {text}");
        }
    }
    let visitor = visitor_of(&site, 1);
    let page = visitor.open(&format!("http://{WITH_PAGE}/"), Family::V4).unwrap();
    let form = visitor.open(&page.resolve(&format!("/peninjauan?alamat={WITH_PAGE}")), Family::V4).unwrap();
    let filed = submit(visitor, &form, "/peninjauan", &[("mengapa", WHY), ("kontak", "warga@contoh.example")]);
    let number = filed.url.split_once("/lacak?nomor=").map(|(_, number)| number.to_owned());
    let number = number.unwrap_or_else(|| panic!("no number: {}\n{}", filed.url, filed.reply.text()));

    site.gateway_mut().kill();
    let kept = fs::read(site.gateway_dir().join("data/filter/appeals.json")).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    let appeal = kept.as_object().unwrap().values().next().unwrap()["appeal"].clone();
    assert_eq!((&appeal["subject"], &appeal["why"]), (&WITH_PAGE.into(), &WHY.into()), "{kept}");
    assert_eq!((&appeal["clause"]["sop"], &appeal["clause"]["clause"]), (&"SOP/UJI/01".into(), &"7".into()), "{kept}");
    assert!(appeal["explanation"].as_str().unwrap().contains("Situs taruhan diblokir."), "{kept}");

    site.restart_gateway().unwrap();
    let visitor = visitor_of(&site, 1);
    let followed = visitor.open(&page.resolve(&format!("/lacak?nomor={number}")), Family::V4).unwrap();
    assert!(followed.reply.text().replace("<wbr>", "").contains(WITH_PAGE), "{}", followed.reply.text());
}
