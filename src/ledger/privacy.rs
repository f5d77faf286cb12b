//! Which columns can hold an address or a name.

/// A column that can hold personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivacyColumn {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What it can hold.
    pub holds: Holds,
    /// How long a row stays.
    pub until: &'static str,
}

/// What a column can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The hardware address of a visitor's device.
    Address,
    /// A name a person goes by.
    Name,
    /// Either.
    AddressOrName,
}

/// Every column of the ledger that can hold an address or a name, for `gapura doctor privacy`.
pub const fn privacy_columns() -> &'static [PrivacyColumn] {
    use Holds::{Address, AddressOrName, Name};
    const fn column(table: &'static str, column: &'static str, holds: Holds, until: &'static str) -> PrivacyColumn {
        PrivacyColumn { table, column, holds, until }
    }
    const COLUMNS: &[PrivacyColumn] = &[
        column("visit", "mac", Address, "the end of the visit"),
        column("visit", "holder", AddressOrName, "the end of the visit"),
        column("balance", "holder", AddressOrName, "two months after a device's last use"),
        column("audit", "actor", Name, "the audit log's retention"),
        column("audit", "detail", AddressOrName, "the audit log's retention"),
        column("verifier", "account", Name, "30 days after the last confirmed sign-in"),
        column("desk_order", "document", Name, "a month after it was carried out"),
        column("setting", "value", AddressOrName, "the end of a block or an emergency opening, or the next notice"),
    ];
    COLUMNS
}

/// Columns of text or blobs that never hold an address or a name; the test sorts every column into one of the two lists.
#[cfg(test)]
pub(crate) const HARMLESS: &[(&str, &str)] = &[
    ("visit", "id"),
    ("visit", "lan"),
    ("visit", "holder_kind"),
    ("visit", "way"),
    ("visit", "plan"),
    ("visit", "voucher"),
    ("visit", "terms_version"),
    ("visit", "terms_hash"),
    ("visit", "boot"),
    ("balance", "holder_kind"),
    ("balance", "day"),
    ("balance", "boot"),
    ("balance", "lent"),
    ("redemption", "voucher"),
    ("outbox", "subject"),
    ("outbox", "body"),
    ("audit", "action"),
    ("terms", "visit"),
    ("terms", "version"),
    ("terms", "hash"),
    ("voucher_token", "token"),
    ("verifier", "verifier"),
    ("verifier", "plan"),
    ("setting", "name"),
    ("desk_order", "id"),
    ("desk_order", "outcome"),
    ("visit_sort", "visit"),
    ("visit_sort", "sort"),
    ("visit_nat", "visit"),
    // The router's own addresses, and ports.
    ("visit_nat", "document"),
];
