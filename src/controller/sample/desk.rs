//! The SOP desk of the made-up regency: the SOPs that Gapura brings along in force from the first day; a revision that was drafted,
//! approved by a second person and goes out in waves; one that waits for a second person; and a look-up that waits for one.

use gapura_rules::sop::packs;
use gapura_store::{SopRow, SopState};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::people::ADMIN;
use super::site_id;

use crate::office::{Actor, LookupKind, LookupOrder, Office, OfficeError, RolloutOrder, SopFile};
use crate::rollout::RolloutRules;

const EDITOR: &str = "sop.penyusun";
const APPROVER: &str = "sop.penyetuju";
const INVESTIGATOR: &str = "penelusur.sinjai";
/// The regency's SOP and the telecenters', by their files among the packs.
const REGENCY: &str = "kabupaten.toml";
const TELECENTER: &str = "telecenter.toml";
/// Where the revision begins.
const PILOTS: [&str; 2] = ["galeri-sinjai-utara", "hotspot-alun-alun"];
/// How long each wave is watched, in minutes.
const SETTLE: u32 = 30;

fn who(name: &str, reason: &str) -> Actor {
    Actor { name: name.to_owned(), reason: reason.to_owned() }
}

/// The SOPs that Gapura brings along.
pub(super) async fn begin(office: &Office) -> Result<(), OfficeError> {
    office.import_packs(true, &who(ADMIN, "Pemasangan pertama")).await.map(drop)
}

/// What is done at the desk on a day that was so many days ago.
pub(super) async fn day(office: &Office, back: u32, date: Date) -> Result<(), OfficeError> {
    match back {
        2 => {
            // Ends by itself after the examinations.
            let until = date.checked_add(2.months()).unwrap_or(date);
            let exception = format!(
                "\n[[exception]]\nof = [11]\nnames = [\"ujian.example\"]\nreason = \"Dipakai untuk ujian berbasis komputer\"\n\
                 author = \"Dinas Pendidikan\"\nuntil = {until}\n"
            );
            draft(office, REGENCY, |text| text + &exception).await
        }
        1 => {
            if let Some(sop) = waiting(office, SopState::Draft).await? {
                office.approve_sop(sop.id, None, &who(APPROVER, "Sudah diperiksa bersama Dinas Pendidikan")).await?;
            }
            draft(office, TELECENTER, |text| text.replace("12.00", "14.00")).await
        }
        _ => Ok(()),
    }
}

/// How it stands now: the approved revision has begun at its pilots, and an authority has asked for a look-up.
pub(super) async fn end(office: &Office) -> Result<(), OfficeError> {
    if let Some(sop) = waiting(office, SopState::Approved).await? {
        let pilots = super::PLACES.iter().filter(|place| PILOTS.contains(&place.id));
        let pilots = pilots.map(site_id).collect::<Result<Vec<_>, _>>()?;
        let rules = RolloutRules { settle_minutes: SETTLE, ..RolloutRules::default() };
        let order = RolloutOrder { at: None, pilots, shares: vec![40], rules };
        office.roll_out(sop.id, &order, &who(APPROVER, "Dimulai di dua lokasi, lalu bertahap")).await?;
    }
    let until = office.now().checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    let order = LookupOrder {
        case_number: "CONTOH/07".to_owned(),
        basis: "Permintaan tertulis penyidik (contoh)".to_owned(),
        authority: "Kepolisian setempat (contoh)".to_owned(),
        reason: "Dugaan penipuan daring".to_owned(),
        asked: "10.7.0.41".to_owned(),
        port: String::new(),
        kind: LookupKind::Address,
        place: PILOTS.first().copied().unwrap_or_default().to_owned(),
        from: until.checked_sub(SignedDuration::from_hours(2)).ok(),
        until: Some(until),
    };
    office.ask_lookup(&order, &who(INVESTIGATOR, "")).await.map(drop)
}

/// A second revision of a SOP that Gapura brought along.
async fn draft(office: &Office, file: &str, changed: impl Fn(String) -> String) -> Result<(), OfficeError> {
    let Some(pack) = packs().iter().find(|pack| pack.file == file) else { return Ok(()) };
    let text = changed(pack.text.replacen("revision = 1", "revision = 2", 1));
    office.import_sops(&[SopFile { file: file.to_owned(), text }], &who(EDITOR, "")).await.map(drop)
}

/// The regency's second revision, where it stands so.
async fn waiting(office: &Office, state: SopState) -> Result<Option<SopRow>, OfficeError> {
    let rows = office.store.read().await?.sops_in(state).await?;
    Ok(rows.into_iter().find(|row| row.revision == 2 && row.layer == "regency"))
}
