//! Who may do what, and where: pure, deny by default.
//!
//! A person holds [`Grant`]s: a [`Role`] and the [`Scope`] it holds in. A role is a fixed list of [`Right`]s; scopes are a tree by
//! what the site's document says: province, regency, agency, site. What no grant gives is not allowed.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use gapura_model::SiteId;
use serde::{Deserialize, Serialize};

/// A duty; separate from the others by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Prints vouchers, runs the PC seats at a counter and writes down what people ask.
    Clerk,
    /// A clerk who also extends, ends and blocks, and answers requests.
    Helpdesk,
    /// Answers requests forwarded to the agency.
    AgencyOfficer,
    /// The head of a site: the helpdesk's duties, exceptions to its hours, and today's village of a mobile centre.
    SiteHead,
    /// Writes SOPs.
    SopEditor,
    /// Approves and publishes SOPs that somebody else wrote.
    SopApprover,
    /// Runs sites, plans, gateways, backups and people.
    NetworkAdmin,
    /// Carries out lawful look-ups.
    Investigator,
    /// Reads everything, changes nothing.
    Auditor,
}

/// Where a grant holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// Everywhere.
    Province,
    /// At the sites of a regency, by its name in their documents.
    Regency(String),
    /// At the sites of an agency, by its name in their documents.
    Agency(String),
    /// At one site.
    Site(SiteId),
}

/// A role and where it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// Which role.
    pub role: Role,
    /// Where.
    pub scope: Scope,
}

/// Where a site stands in the tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SitePlace {
    /// The site.
    pub site: SiteId,
    /// The agency that runs it.
    pub agency: String,
    /// Its regency.
    pub regency: String,
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What can be allowed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Right {
            $($(#[$doc])* $name,)*
        }

        impl Right {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

rights! {
    /// See who is online, seats and queue.
    SeeCounter,
    /// Extend, end and move visits.
    EndVisits,
    /// Block devices and let them in again.
    BlockDevices,
    /// Seats, queue and classes.
    RunSeats,
    /// See vouchers; their codes only where they are printed.
    SeeVouchers,
    /// Make and reprint vouchers.
    MakeVouchers,
    /// Withdraw vouchers.
    RevokeVouchers,
    /// See requests.
    SeeRequests,
    /// Write down what somebody asks at the counter or on the telephone.
    WriteRequests,
    /// Answer and close requests.
    AnswerRequests,
    /// Forward requests to an agency's desk.
    ForwardRequests,
    /// See and answer what was forwarded to one's own agency.
    AnswerForAgency,
    /// Edit the answers to frequent questions.
    EditFaq,
    /// See sites, plans and gateways.
    SeeNetwork,
    /// Dated exceptions to a site's hours.
    SetHours,
    /// Say where a mobile centre stands today.
    MoveSite,
    /// Sites, plans, terms, look, garden, groups.
    SetNetwork,
    /// Enrol, approve and replace gateways.
    RunGateways,
    /// See alerts.
    SeeAlerts,
    /// Say that one takes care of an alert.
    TakeAlerts,
    /// Ask why a site is open or blocked.
    ExplainSites,
    /// See SOPs and the lists they name.
    SeeSops,
    /// Write SOPs.
    WriteSops,
    /// Approve and publish SOPs; let through or turn down updates of lists that the guard held.
    ApproveSops,
    /// Have the sources of lists looked at now.
    LookAtLists,
    /// Decide appeals against the filter.
    DecideAppeals,
    /// See the audit log.
    SeeAudit,
    /// See people and their grants.
    SeePeople,
    /// Add people and change their grants.
    SetPeople,
    /// See the monthly reports.
    SeeReports,
    /// Take data out.
    Export,
    /// Backups.
    BackUp,
    /// Lawful look-ups.
    Investigate,
}

impl Right {
    /// Whether it changes nothing.
    pub const fn only_looks(self) -> bool {
        matches!(
            self,
            Self::SeeCounter
                | Self::SeeVouchers
                | Self::SeeRequests
                | Self::SeeNetwork
                | Self::SeeAlerts
                | Self::ExplainSites
                | Self::SeeSops
                | Self::SeeAudit
                | Self::SeePeople
                | Self::SeeReports
        )
    }

    /// Whether who uses it has to have proved who they are within the last minutes.
    pub const fn needs_fresh_proof(self) -> bool {
        matches!(self, Self::Export | Self::ApproveSops | Self::Investigate | Self::SetPeople | Self::RunGateways)
    }
}

impl Role {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Clerk,
        Self::Helpdesk,
        Self::AgencyOfficer,
        Self::SiteHead,
        Self::SopEditor,
        Self::SopApprover,
        Self::NetworkAdmin,
        Self::Investigator,
        Self::Auditor,
    ];

    /// Its stable name, as in files and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Helpdesk => "helpdesk",
            Self::AgencyOfficer => "agency-officer",
            Self::SiteHead => "site-head",
            Self::SopEditor => "sop-editor",
            Self::SopApprover => "sop-approver",
            Self::NetworkAdmin => "network-admin",
            Self::Investigator => "investigator",
            Self::Auditor => "auditor",
        }
    }

    /// What it allows.
    pub const fn rights(self) -> &'static [Right] {
        use Right as R;
        match self {
            Self::Clerk => &[
                R::SeeCounter,
                R::RunSeats,
                R::SeeVouchers,
                R::MakeVouchers,
                R::SeeRequests,
                R::WriteRequests,
                R::ExplainSites,
            ],
            Self::Helpdesk => &[
                R::SeeCounter,
                R::EndVisits,
                R::BlockDevices,
                R::RunSeats,
                R::SeeVouchers,
                R::MakeVouchers,
                R::RevokeVouchers,
                R::SeeRequests,
                R::WriteRequests,
                R::AnswerRequests,
                R::ForwardRequests,
                R::EditFaq,
                R::ExplainSites,
                R::DecideAppeals,
                R::SeeSops,
            ],
            Self::AgencyOfficer => &[R::AnswerForAgency],
            Self::SiteHead => &[
                R::SeeCounter,
                R::EndVisits,
                R::BlockDevices,
                R::RunSeats,
                R::SeeVouchers,
                R::MakeVouchers,
                R::RevokeVouchers,
                R::SeeRequests,
                R::WriteRequests,
                R::AnswerRequests,
                R::ForwardRequests,
                R::EditFaq,
                R::ExplainSites,
                R::DecideAppeals,
                R::SeeSops,
                R::SeeNetwork,
                R::SetHours,
                R::MoveSite,
                R::SeeReports,
            ],
            Self::SopEditor => &[R::ExplainSites, R::SeeSops, R::WriteSops, R::LookAtLists],
            Self::SopApprover => {
                &[R::ExplainSites, R::SeeSops, R::ApproveSops, R::LookAtLists, R::DecideAppeals, R::SeeReports]
            }
            Self::NetworkAdmin => &[
                R::SeeNetwork,
                R::SetHours,
                R::MoveSite,
                R::SetNetwork,
                R::RunGateways,
                R::SeeAlerts,
                R::TakeAlerts,
                R::ExplainSites,
                R::SeeSops,
                R::LookAtLists,
                R::SeePeople,
                R::SetPeople,
                R::SeeReports,
                R::Export,
                R::BackUp,
            ],
            Self::Investigator => &[R::Investigate, R::SeeAudit],
            Self::Auditor => &[
                R::SeeCounter,
                R::SeeVouchers,
                R::SeeRequests,
                R::SeeNetwork,
                R::SeeAlerts,
                R::ExplainSites,
                R::SeeSops,
                R::SeeAudit,
                R::SeePeople,
                R::SeeReports,
            ],
        }
    }

    /// Whether its holder has to sign in with a second factor.
    pub const fn needs_second_factor(self) -> bool {
        matches!(self, Self::NetworkAdmin | Self::SopApprover | Self::Investigator)
    }
}

impl Scope {
    /// Whether it holds at `place`; `None` is the department as a whole.
    pub fn covers(&self, place: Option<&SitePlace>) -> bool {
        match (self, place) {
            (Self::Province, _) => true,
            (Self::Regency(regency), Some(place)) => place.regency == *regency,
            (Self::Agency(agency), Some(place)) => place.agency == *agency,
            (Self::Site(site), Some(place)) => place.site == *site,
            (Self::Regency(_) | Self::Agency(_) | Self::Site(_), None) => false,
        }
    }
}

impl Grant {
    /// Whether it gives `right` at `place`.
    pub fn gives(&self, right: Right, place: Option<&SitePlace>) -> bool {
        self.role.rights().contains(&right) && self.scope.covers(place)
    }
}

/// Whether these grants allow `right` at `place`; `None` is the department as a whole.
pub fn may(grants: &[Grant], right: Right, place: Option<&SitePlace>) -> bool {
    grants.iter().any(|grant| grant.gives(right, place))
}

/// Whether they allow it anywhere at all: what a menu asks.
pub fn may_anywhere(grants: &[Grant], right: Right) -> bool {
    grants.iter().any(|grant| grant.role.rights().contains(&right))
}

/// Whether these grants allow `right` at all that `scope` covers; `places` are all sites.
pub fn may_over(grants: &[Grant], right: Right, scope: &Scope, places: &[SitePlace]) -> bool {
    let within = |grant: &Grant| match scope {
        _ if grant.scope == Scope::Province || grant.scope == *scope => true,
        Scope::Site(site) => places.iter().any(|place| place.site == *site && grant.scope.covers(Some(place))),
        Scope::Province | Scope::Regency(_) | Scope::Agency(_) => false,
    };
    grants.iter().any(|grant| grant.role.rights().contains(&right) && within(grant))
}

/// Agencies whose desk these grants open.
pub fn desks(grants: &[Grant]) -> BTreeSet<&str> {
    let of = |grant: &Grant| grant.role == Role::AgencyOfficer;
    grants
        .iter()
        .filter(|grant| of(grant))
        .filter_map(|grant| match &grant.scope {
            Scope::Agency(agency) => Some(agency.as_str()),
            Scope::Province | Scope::Regency(_) | Scope::Site(_) => None,
        })
        .collect()
}

/// A text is not a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a role: write one of clerk, helpdesk, agency-officer, site-head, sop-editor, sop-approver, network-admin, investigator, auditor"
)]
pub struct ParseRoleError(String);

impl FromStr for Role {
    type Err = ParseRoleError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|role| role.as_str() == text);
        found.copied().ok_or_else(|| ParseRoleError(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text is not a scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a scope: write province, regency:NAME, agency:NAME or site:ID")]
pub struct ParseScopeError(String);

/// The longest name of a regency or agency in a scope, in characters.
const NAME_CHARS: usize = 200;

impl FromStr for Scope {
    type Err = ParseScopeError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseScopeError(text.chars().take(40).collect());
        if text == "province" {
            return Ok(Self::Province);
        }
        let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
            return Err(wrong());
        }
        match kind {
            "regency" => Ok(Self::Regency(name.to_owned())),
            "agency" => Ok(Self::Agency(name.to_owned())),
            "site" => name.parse().map(Self::Site).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = ParseScopeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Province => f.write_str("province"),
            Self::Regency(name) => write!(f, "regency:{name}"),
            Self::Agency(name) => write!(f, "agency:{name}"),
            Self::Site(site) => write!(f, "site:{site}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(site: &str, agency: &str) -> SitePlace {
        SitePlace { site: site.parse().unwrap(), agency: agency.to_owned(), regency: "Sinjai".to_owned() }
    }

    fn grant(role: Role, scope: &str) -> Grant {
        Grant { role, scope: scope.parse().unwrap() }
    }

    #[test]
    fn nothing_is_allowed_that_no_grant_gives() {
        for right in Right::ALL {
            assert!(!may(&[], *right, None) && !may(&[], *right, Some(&place("a", "x"))), "{right:?}");
            assert!(Role::ALL.iter().any(|role| role.rights().contains(right)), "{right:?} is given to nobody");
        }
    }

    #[test]
    fn a_grant_holds_in_its_scope_and_nowhere_else() {
        let (here, there) = (place("a", "x"), place("b", "y"));
        for (scope, at_here, at_there, whole) in [
            ("province", true, true, true),
            ("regency:Sinjai", true, true, false),
            ("regency:Bone", false, false, false),
            ("agency:x", true, false, false),
            ("site:b", false, true, false),
        ] {
            let grants = [grant(Role::Helpdesk, scope)];
            let seen = |place| may(&grants, Right::EndVisits, place);
            assert_eq!((seen(Some(&here)), seen(Some(&there)), seen(None)), (at_here, at_there, whole), "{scope}");
            assert!(!may(&grants, Right::SetPeople, Some(&here)) && may_anywhere(&grants, Right::EndVisits));
        }
    }

    #[test]
    fn a_right_over_a_scope_is_one_over_all_of_it() {
        let places = [place("a", "x"), place("b", "y")];
        let over = |own: &str, scope: &str| {
            may_over(&[grant(Role::NetworkAdmin, own)], Right::SetNetwork, &scope.parse().unwrap(), &places)
        };
        assert!(over("province", "regency:Bone") && over("regency:Sinjai", "regency:Sinjai"));
        assert!(over("regency:Sinjai", "site:a") && over("agency:x", "site:a"));
        assert!(!over("regency:Sinjai", "province") && !over("agency:x", "site:b") && !over("site:a", "agency:x"));
        assert!(!may_over(&[grant(Role::Clerk, "province")], Right::SetNetwork, &Scope::Province, &places));
    }

    #[test]
    fn an_auditor_changes_nothing_and_an_editor_approves_nothing() {
        assert!(Role::Auditor.rights().iter().all(|right| right.only_looks()));
        assert!(
            Right::ALL.iter().filter(|right| right.only_looks()).all(|right| Role::Auditor.rights().contains(right))
        );
        assert!(!Role::SopEditor.rights().contains(&Right::ApproveSops));
        assert!(!Role::SopApprover.rights().contains(&Right::WriteSops));
    }

    #[test]
    fn texts_of_roles_and_scopes_come_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
        }
        for scope in ["province", "regency:Kabupaten Sinjai", "agency:Dinas Pendidikan", "site:galeri-utara"] {
            assert_eq!(scope.parse::<Scope>().unwrap().to_string(), scope);
        }
        for wrong in ["", "site:", "site:Not A Site!", "agency:", "village:x", "agency:a\u{7}"] {
            assert!(wrong.parse::<Scope>().is_err(), "{wrong}");
        }
        assert_eq!(desks(&[grant(Role::AgencyOfficer, "agency:x"), grant(Role::Clerk, "agency:y")]), ["x"].into());
    }
}
