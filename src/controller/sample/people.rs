//! The staff of the made-up regency, by their duty and never by a name. Nobody of them has a password: none can sign in until an
//! administrator gives one.

use gapura_model::SiteKind;
use gapura_store::{GrantRow, PersonRow, Tx};

use super::log::Log;
use super::regency::{AGENCIES, PLACES, Place, REGENCY};
use crate::office::OfficeError;
use crate::rights::{Role, Scope};

/// Somebody.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) role: Role,
    pub(super) scope: String,
}

/// Who works at the counter of a place.
pub(super) fn clerk(place: &Place) -> String {
    format!("loket.{}", place.id)
}

/// Who answers requests about a place.
pub(super) fn helper(place: &Place) -> String {
    match place.kind {
        SiteKind::Gallery => format!("petugas.{}", place.id),
        SiteKind::Hotspot | SiteKind::Telecenter | SiteKind::Plik | SiteKind::Mplik => "bantuan.sinjai".to_owned(),
    }
}

/// Who answers for an agency.
pub(super) fn officer(agency: usize) -> String {
    format!("instansi.{}", agency + 1)
}

/// Who runs the network.
pub(super) const ADMIN: &str = "jaringan.sinjai";

/// All of them.
pub(super) fn all() -> Vec<Member> {
    let member = |name: String, title: String, role, scope: String| Member { name, title, role, scope };
    let at = |place: &Place| format!("site:{}", place.id);
    let mut all = Vec::new();
    for place in PLACES.iter().filter(|place| place.kind != SiteKind::Hotspot) {
        all.push(member(clerk(place), format!("Petugas loket, {}", place.name), Role::Clerk, at(place)));
        if place.kind == SiteKind::Gallery {
            all.push(member(helper(place), format!("Petugas galeri, {}", place.name), Role::Helpdesk, at(place)));
        }
        if matches!(place.kind, SiteKind::Gallery | SiteKind::Plik) {
            let name = format!("kepala.{}", place.id);
            all.push(member(name, format!("Kepala, {}", place.name), Role::SiteHead, at(place)));
        }
    }
    for (number, agency) in AGENCIES.iter().enumerate() {
        let title = format!("Petugas pengaduan, {agency}");
        all.push(member(officer(number), title, Role::AgencyOfficer, format!("agency:{agency}")));
    }
    let regency = Scope::Regency(REGENCY.to_owned()).to_string();
    for (name, title, role) in [
        ("bantuan.sinjai", "Petugas bantuan, Kabupaten Sinjai", Role::Helpdesk),
        (ADMIN, "Pengelola jaringan, Kabupaten Sinjai", Role::NetworkAdmin),
        ("jaringan.cadangan", "Pengelola jaringan pengganti", Role::NetworkAdmin),
        ("sop.penyusun", "Penyusun SOP", Role::SopEditor),
        ("sop.penyetuju", "Penyetuju SOP", Role::SopApprover),
        ("penelusur.sinjai", "Petugas penelusuran", Role::Investigator),
        ("pemeriksa.inspektorat", "Pemeriksa, Inspektorat Daerah", Role::Auditor),
    ] {
        all.push(member(name.to_owned(), title.to_owned(), role, regency.clone()));
    }
    all
}

/// Takes them all in.
pub(super) async fn add(tx: &mut Tx, now: i64, log: &mut Log) -> Result<(), OfficeError> {
    for one in all() {
        tx.put_person(&PersonRow {
            name: one.name.clone(),
            title: one.title.clone(),
            lang: "id".to_owned(),
            verifier: String::new(),
            temporary_until: None,
            totp: None,
            totp_step: 0,
            subject: None,
            made: now,
            closed: None,
        })
        .await?;
        let role = one.role.to_string();
        let after = format!("{}, id, {role} {}", one.title, one.scope);
        log.note((now, ADMIN), "person-add", format!("person/{}", one.name), ("", &after));
        let (person, scope, given_by) = (one.name, one.scope, ADMIN.to_owned());
        tx.add_grant(&GrantRow { person, role, scope, given: now, given_by }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::staff::StaffName;

    #[test]
    fn everybody_is_somebody_an_administrator_could_have_added() {
        let all = all();
        let names: BTreeSet<&str> = all.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        for one in &all {
            assert!(one.name.parse::<StaffName>().is_ok(), "{}", one.name);
            assert!(one.scope.parse::<Scope>().is_ok(), "{}", one.scope);
            assert!((2..=80).contains(&one.title.chars().count()), "{}", one.title);
        }
        for place in &PLACES {
            assert!(names.contains(helper(place).as_str()), "{}", place.id);
        }
        let roles: BTreeSet<Role> = all.iter().map(|one| one.role).collect();
        assert_eq!(roles.len(), 9, "every role is there");
    }
}
