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
    const STAFF: &str = "a name of staff";
    const NOTE: &str = "what staff write, which may be a name";
    const DEVICES: &str = "addresses and labels of a site's own devices, whom to ask";
    const ROUTER: &str = "name or address of a router";
    const COLUMNS: &[PrivacyColumn] = &[
        column("account", "name", ACCOUNT, "it is removed by hand"),
        column("account", "note", NOTE, "the account is changed"),
        column("voucher", "note", NOTE, "it is removed by hand"),
        column("voucher_group", "note", NOTE, "the group is deleted"),
        column("site", "document", DEVICES, "the site's document is changed"),
        column("bundle", "signed", DEVICES, "it is removed by hand"),
        column("gateway", "hostname", ROUTER, "it is removed by hand"),
        column("gateway", "hardware", ROUTER, "it is removed by hand"),
        column("gateway", "reason", NOTE, "it is removed by hand"),
        column("enrolment", "hostname", ROUTER, "it is removed by hand"),
        column("enrolment", "hardware", ROUTER, "it is removed by hand"),
        column("enrolment", "reason", NOTE, "it is removed by hand"),
        column("balance", "holder", ACCOUNT, "it is removed by hand"),
        column("balance", "document", ACCOUNT, "it is removed by hand"),
        column("audit", "actor", STAFF, "never: the log is chained"),
        column("audit", "object", ACCOUNT, "never: the log is chained"),
        column("audit", "before", DEVICES, "never: the log is chained"),
        column("audit", "after", DEVICES, "never: the log is chained"),
        column("audit", "reason", NOTE, "never: the log is chained"),
    ];
    COLUMNS
}
