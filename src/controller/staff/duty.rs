//! Duties that one person must not hold together.

use crate::rights::{Grant, Role, Scope, SitePlace};

/// Pairs of grants that one person must not hold together, each once: whoever writes a SOP does not approve it, and whoever
/// audits changes nothing.
pub(crate) fn clashes(grants: &[Grant], places: &[SitePlace]) -> Vec<(Grant, Grant)> {
    let mut found = Vec::new();
    for (index, one) in grants.iter().enumerate() {
        for other in grants.iter().skip(index + 1) {
            if exclude_each_other(one, other, places) {
                found.push((one.clone(), other.clone()));
            }
        }
    }
    found
}

fn exclude_each_other(one: &Grant, other: &Grant, places: &[SitePlace]) -> bool {
    let audits = |grant: &Grant| grant.role == Role::Auditor;
    let changes = |grant: &Grant| grant.role.rights().iter().any(|right| !right.only_looks());
    let pair = |a: Role, b: Role| (one.role, other.role) == (a, b) || (one.role, other.role) == (b, a);
    (audits(one) && changes(other))
        || (audits(other) && changes(one))
        || (pair(Role::SopEditor, Role::SopApprover) && overlap(&one.scope, &other.scope, places))
}

/// Whether two scopes may meet at a site. What no site tells apart yet may meet at the next one.
fn overlap(one: &Scope, other: &Scope, places: &[SitePlace]) -> bool {
    let same_kind = matches!(
        (one, other),
        (Scope::Regency(_), Scope::Regency(_))
            | (Scope::Agency(_), Scope::Agency(_))
            | (Scope::Site(_), Scope::Site(_))
    );
    if one == other || matches!((one, other), (Scope::Province, _) | (_, Scope::Province)) {
        return true;
    }
    if same_kind {
        return false;
    }
    let sites = |scope: &Scope| places.iter().filter(|place| scope.covers(Some(place))).count();
    let both = places.iter().any(|place| one.covers(Some(place)) && other.covers(Some(place)));
    both || sites(one) == 0 || sites(other) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(texts: &[(Role, &str)]) -> Vec<Grant> {
        texts.iter().map(|(role, scope)| Grant { role: *role, scope: scope.parse().unwrap() }).collect()
    }

    fn place(site: &str, agency: &str, regency: &str) -> SitePlace {
        SitePlace { site: site.parse().unwrap(), agency: agency.to_owned(), regency: regency.to_owned() }
    }

    #[test]
    fn who_writes_does_not_approve_where_the_two_meet() {
        let places = [place("a", "x", "Sinjai"), place("b", "y", "Bone")];
        for (editor, approver, clash) in [
            ("province", "site:a", true),
            ("regency:Sinjai", "regency:Sinjai", true),
            ("regency:Sinjai", "site:a", true),
            ("regency:Sinjai", "agency:x", true),
            ("regency:Sinjai", "agency:y", false),
            ("regency:Sinjai", "regency:Bone", false),
            ("site:a", "site:b", false),
            ("site:b", "regency:Sinjai", false),
            ("agency:z", "regency:Sinjai", true),
        ] {
            let both = grants(&[(Role::SopEditor, editor), (Role::SopApprover, approver)]);
            assert_eq!(!clashes(&both, &places).is_empty(), clash, "{editor} {approver}");
            let turned: Vec<Grant> = both.into_iter().rev().collect();
            assert_eq!(!clashes(&turned, &places).is_empty(), clash, "{approver} {editor}");
        }
    }

    #[test]
    fn who_audits_changes_nothing_anywhere() {
        for role in Role::ALL.iter().filter(|role| **role != Role::Auditor) {
            let both = grants(&[(Role::Auditor, "site:a"), (*role, "site:b")]);
            assert_eq!(clashes(&both, &[]).len(), 1, "{role}");
        }
        assert!(clashes(&grants(&[(Role::Auditor, "site:a"), (Role::Auditor, "site:b")]), &[]).is_empty());
        let counter =
            grants(&[(Role::Helpdesk, "site:a"), (Role::SiteHead, "site:a"), (Role::NetworkAdmin, "province")]);
        assert!(clashes(&counter, &[]).is_empty());
    }
}
