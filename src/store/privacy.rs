//! Which columns can hold an address or a name.

/// A column that can hold personal data, or what identifies a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivacyColumn {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What it can hold.
    pub holds: &'static str,
    /// How long a row stays.
    pub until: &'static str,
}

/// Every column of the controller's database that can hold an address or a name, for `gapura doctor privacy`. Visits name
/// devices and holders by pseudonyms alone.
#[expect(clippy::too_many_lines, reason = "one table")]
pub const fn privacy_columns() -> &'static [PrivacyColumn] {
    const fn column(
        table: &'static str,
        column: &'static str,
        holds: &'static str,
        until: &'static str,
    ) -> PrivacyColumn {
        PrivacyColumn { table, column, holds, until }
    }
    const ACCOUNT: &str = "a name a visitor signs in with";
    const CONTACT: &str = "what a citizen writes with an appeal, which may be a telephone number or a name";
    const ASKED: &str = "a site that a citizen asked for, without who asked";
    const HELP: &str = "what a visitor writes when asking for help, which may be a telephone number or a name";
    const VISIT: &str = "a short number of a visit, which names it by its pseudonyms";
    const STAFF: &str = "a name of staff";
    const SIGNED_IN: &str = "the address and browser staff signed in from";
    const NOTE: &str = "what staff write, which may be a name";
    const DEVICES: &str = "addresses and labels of a site's own devices, whom to ask";
    const LOOKED: &str = "the device or address of a lawful look-up and what was found, sealed";
    const ROUTER: &str = "name or address of a router";
    const COLUMNS: &[PrivacyColumn] = &[
        column("account", "name", ACCOUNT, "it is removed by hand"),
        column("account", "note", NOTE, "the account is changed"),
        column("voucher", "note", NOTE, "it is removed by hand"),
        column("voucher_batch", "maker", STAFF, "it is removed by hand"),
        column("voucher_group", "note", NOTE, "the group is deleted"),
        column("site", "document", DEVICES, "the site's document is changed"),
        column("bundle", "signed", DEVICES, "it is removed by hand"),
        column("gateway", "hostname", ROUTER, "it is removed by hand"),
        column("gateway", "hardware", ROUTER, "it is removed by hand"),
        column("gateway", "reason", NOTE, "it is removed by hand"),
        column("enrolment", "hostname", ROUTER, "it is removed by hand"),
        column("enrolment", "hardware", ROUTER, "it is removed by hand"),
        column("enrolment", "reason", NOTE, "it is removed by hand"),
        column("appeal", "contact", CONTACT, "7 days after the decision, or a year without one"),
        column("appeal", "why", CONTACT, "90 days after the decision, or a year without one"),
        column("appeal", "subject", ASKED, "90 days after the decision, or a year without one"),
        column("appeal", "explanation", ASKED, "90 days after the decision, or a year without one"),
        column("appeal", "words", NOTE, "it is removed by hand"),
        column("appeal", "decided_by", STAFF, "it is removed by hand"),
        column("request", "contact", HELP, "7 days after the answer, or a year without one"),
        column("request", "words", HELP, "90 days after the answer, or a year without one"),
        column("request", "about", ASKED, "90 days after the answer, or a year without one"),
        column("request", "explanation", ASKED, "90 days after the answer, or a year without one"),
        column("request", "visit", VISIT, "90 days after the answer, or a year without one"),
        column("request", "holder", STAFF, "it is removed by hand"),
        column("request_step", "actor", STAFF, "it is removed by hand"),
        column("request_step", "words", NOTE, "90 days after the answer, or a year without one"),
        column("desk_order", "who", STAFF, "90 days"),
        column("desk_order", "reason", NOTE, "90 days"),
        column("desk_order", "document", NOTE, "90 days; a code for moving, minutes"),
        column("desk_ticket", "caller", STAFF, "90 days"),
        column("desk_view", "document", ACCOUNT, "a day after the site last told it"),
        column("desk_class", "who", STAFF, "90 days after the class"),
        column("desk_class", "title", NOTE, "90 days after the class"),
        column("desk_class", "document", NOTE, "90 days after the class"),
        column("sop", "author", STAFF, "it is removed by hand"),
        column("sop", "approver", STAFF, "it is removed by hand"),
        column("sop", "document", STAFF, "it is removed by hand"),
        column("sop_ending", "staff", STAFF, "it is agreed to or taken back"),
        column("sop_ending", "reason", NOTE, "it is agreed to or taken back"),
        column("decree", "pdf", STAFF, "it is removed by hand"),
        column("sop_rollout", "staff", STAFF, "it is removed by hand"),
        column("sop_rollout", "reason", NOTE, "it is removed by hand"),
        column("sop_rollout", "changed_by", STAFF, "it is removed by hand"),
        column("sop_rollout", "words", NOTE, "it is removed by hand"),
        column("filter_list", "document", STAFF, "the list is updated again"),
        column("balance", "holder", ACCOUNT, "it was not told for a year"),
        column("balance", "document", ACCOUNT, "it was not told for a year"),
        column("person", "name", STAFF, "never: the audit log names it"),
        column("person", "title", STAFF, "2 years after it was closed"),
        column("person", "subject", STAFF, "it is closed"),
        column("person_grant", "person", STAFF, "it is taken back"),
        column("person_grant", "given_by", STAFF, "it is taken back"),
        column("recovery_code", "person", STAFF, "it is used, or new ones are made"),
        column("staff_session", "person", STAFF, "it ends: after 12 hours at the latest"),
        column("staff_session", "address", SIGNED_IN, "it ends: after 12 hours at the latest"),
        column("staff_session", "agent", SIGNED_IN, "it ends: after 12 hours at the latest"),
        column("site", "own", DEVICES, "the site's document is changed"),
        column("site_place", "staff", STAFF, "it is removed by hand"),
        column("site_place", "reason", NOTE, "it is removed by hand"),
        column("alert", "taken_by", STAFF, "a year after the alert ended"),
        column("alert", "words", NOTE, "a year after the alert ended"),
        column("backup", "staff", STAFF, "it is removed by hand"),
        column("wall_screen", "made_by", STAFF, "a year after the screen was taken back"),
        column("wall_screen", "ended_by", STAFF, "a year after the screen was taken back"),
        column("wall_screen", "name", NOTE, "a year after the screen was taken back"),
        column("destruction", "staff", STAFF, "it is removed by hand"),
        column("record_hold", "case_number", NOTE, "it is removed by hand"),
        column("record_hold", "reason", NOTE, "it is removed by hand"),
        column("record_hold", "asked_by", STAFF, "it is removed by hand"),
        column("record_hold", "agreed_by", STAFF, "it is removed by hand"),
        column("record_hold", "lift_by", STAFF, "it is removed by hand"),
        column("record_hold", "lift_reason", NOTE, "it is removed by hand"),
        column("record_hold", "lifted_by", STAFF, "it is removed by hand"),
        column("lookup", "case_number", NOTE, "it is removed by hand"),
        column("lookup", "basis", NOTE, "it is removed by hand"),
        column("lookup", "authority", NOTE, "it is removed by hand"),
        column("lookup", "reason", NOTE, "it is removed by hand"),
        column("lookup", "words", NOTE, "it is removed by hand"),
        column(
            "lookup",
            "question",
            LOOKED,
            "the look-up is closed, at the latest 7 days after it was asked for or 72 hours after it was agreed to",
        ),
        column("lookup", "answer", LOOKED, "the look-up is closed, at the latest 72 hours after it was agreed to"),
        column("lookup", "asked_by", STAFF, "it is removed by hand"),
        column("lookup", "decided_by", STAFF, "it is removed by hand"),
        column("lookup", "closed_by", STAFF, "it is removed by hand"),
        column("audit", "actor", STAFF, "never: the log is chained"),
        column("audit", "object", ACCOUNT, "never: the log is chained"),
        column("audit", "before", DEVICES, "never: the log is chained"),
        column("audit", "after", DEVICES, "never: the log is chained"),
        column("audit", "reason", NOTE, "never: the log is chained"),
    ];
    COLUMNS
}
