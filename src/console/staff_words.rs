//! What is said of people: roles, scopes, and what keeps a change from being made.

use gapura_controller::{Grant, Role, Scope, StaffProblem};
use gapura_speech::Words;

/// A role's name.
pub(crate) fn role(w: Words, role: Role) -> String {
    let key = match role {
        Role::Clerk => "staff-role-clerk",
        Role::Helpdesk => "staff-role-helpdesk",
        Role::AgencyOfficer => "staff-role-agency-officer",
        Role::SiteHead => "staff-role-site-head",
        Role::SopEditor => "staff-role-sop-editor",
        Role::SopApprover => "staff-role-sop-approver",
        Role::NetworkAdmin => "staff-role-network-admin",
        Role::Investigator => "staff-role-investigator",
        Role::Auditor => "staff-role-auditor",
    };
    w.t(key)
}

/// Where a role holds.
pub(crate) fn scope(w: Words, scope: &Scope) -> String {
    match scope {
        Scope::Province => w.t("staff-scope-province"),
        Scope::Regency(name) => w.t1("staff-scope-regency", "name", name.clone()),
        Scope::Agency(name) => w.t1("staff-scope-agency", "name", name.clone()),
        Scope::Site(site) => w.t1("staff-scope-site", "name", site.to_string()),
    }
}

/// A role and where it holds.
pub(crate) fn grant(w: Words, grant: &Grant) -> String {
    format!("{}, {}", role(w, grant.role), scope(w, &grant.scope))
}

/// Each problem in words, with what to do.
pub(crate) fn problems(w: Words, problems: &[StaffProblem]) -> Vec<String> {
    problems.iter().map(|one| problem(w, one)).collect()
}

fn problem(w: Words, problem: &StaffProblem) -> String {
    let key = match problem {
        StaffProblem::Name => "staff-wrong-name",
        StaffProblem::NameTaken => "staff-name-taken",
        StaffProblem::Title => "staff-wrong-title",
        StaffProblem::Language => "staff-wrong-language",
        StaffProblem::PasswordShort => "staff-password-short",
        StaffProblem::PasswordLong => "staff-password-long",
        StaffProblem::PasswordDigits => "staff-password-digits",
        StaffProblem::PasswordKnown => "staff-password-known",
        StaffProblem::PasswordHasName => "staff-password-has-name",
        StaffProblem::PasswordSame => "staff-password-same",
        StaffProblem::PasswordsDiffer => "staff-passwords-differ",
        StaffProblem::NoSite(site) => return w.t1("staff-no-site", "site", site.clone()),
        StaffProblem::NoGrant => "staff-no-grant",
        StaffProblem::Clash { one, other } => {
            return w.t2("staff-clash", "one", grant(w, one), "other", grant(w, other));
        }
        StaffProblem::LastAdministrator => "staff-last-administrator",
        StaffProblem::Oneself => "staff-oneself",
        StaffProblem::Closed => "staff-closed",
        StaffProblem::Code => "staff-code",
        StaffProblem::NoSecondFactor => "staff-no-second-factor",
        StaffProblem::NeedsSecondFactor => "staff-needs-second-factor",
        StaffProblem::SubjectTaken => "staff-subject-taken",
    };
    w.t(key)
}
