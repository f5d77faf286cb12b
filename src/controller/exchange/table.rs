//! Tables as CSV (RFC 4180): which columns go out, and how each is written. What is not named here stays in the database.

use std::borrow::Cow;

use gapura_store::{Cell, timestamp};

/// How a column is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// As it is.
    Plain,
    /// Milliseconds since 1970, as a time in UTC.
    Time,
    /// How to reach a visitor: only where it is asked for.
    Contact,
}
use Shown::{Contact, Plain, Time};

/// A table of an export.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    /// The file.
    pub(crate) path: &'static str,
    /// The table of the database.
    pub(crate) table: &'static str,
    /// Its columns, in the order of the file.
    pub(crate) columns: &'static [(&'static str, Shown)],
}

/// Every table that goes out as it is.
pub(crate) const TABLES: &[Written] = &[
    Written {
        path: "vouchers.csv",
        table: "voucher",
        columns: &[
            ("site", Plain),
            ("batch", Plain),
            ("number", Plain),
            ("plan", Plain),
            ("note", Plain),
            ("use_time", Plain),
            ("use_before", Time),
            ("devices", Plain),
            ("made", Time),
            ("revoked", Time),
            ("first_used", Time),
            ("used_up", Time),
        ],
    },
    Written {
        path: "accounts.csv",
        table: "account",
        columns: &[
            ("name", Plain),
            ("plan", Plain),
            ("site", Plain),
            ("devices", Plain),
            ("note", Plain),
            ("made", Time),
            ("closed", Time),
        ],
    },
    Written {
        path: "gateways.csv",
        table: "gateway",
        columns: &[
            ("id", Plain),
            ("site", Plain),
            ("hostname", Plain),
            ("hardware", Plain),
            ("made", Time),
            ("revoked", Time),
            ("reason", Plain),
        ],
    },
    Written {
        path: "places.csv",
        table: "site_place",
        columns: &[("site", Plain), ("since", Time), ("place", Plain), ("staff", Plain), ("reason", Plain)],
    },
    Written {
        path: "appeals.csv",
        table: "appeal",
        columns: &[
            ("site", Plain),
            ("reference", Plain),
            ("gateway", Plain),
            ("subject", Plain),
            ("why", Plain),
            ("contact", Contact),
            ("sop", Plain),
            ("sop_revision", Plain),
            ("clause", Plain),
            ("explanation", Plain),
            ("made", Time),
            ("received", Time),
            ("verdict", Plain),
            ("words", Plain),
            ("decided_by", Plain),
            ("decided", Time),
            ("until", Plain),
        ],
    },
    Written {
        path: "usage/visits.csv",
        table: "visit",
        columns: &[
            ("site", Plain),
            ("visit", Plain),
            ("gateway", Plain),
            ("device", Plain),
            ("device_local", Plain),
            ("holder", Plain),
            ("way", Plain),
            ("terms", Plain),
            ("terms_sha256", Plain),
            ("plan", Plain),
            ("generation", Plain),
            ("started", Time),
            ("clock", Plain),
            ("told", Time),
            ("bytes_up", Plain),
            ("bytes_down", Plain),
            ("seconds", Plain),
            ("ended", Time),
            ("cause", Plain),
        ],
    },
    Written {
        path: "usage/outages.csv",
        table: "outage",
        columns: &[
            ("site", Plain),
            ("id", Plain),
            ("gateway", Plain),
            ("kind", Plain),
            ("started", Time),
            ("ended", Time),
        ],
    },
    Written {
        path: "usage/tallies.csv",
        table: "tally",
        columns: &[
            ("site", Plain),
            ("id", Plain),
            ("gateway", Plain),
            ("name", Plain),
            ("started", Time),
            ("ended", Time),
            ("amount", Plain),
        ],
    },
];

impl Written {
    /// The columns that go out.
    pub(crate) fn columns(&self, contacts: bool) -> Vec<(&'static str, Shown)> {
        self.columns.iter().copied().filter(|(_, shown)| contacts || *shown != Contact).collect()
    }
}

impl Shown {
    /// A cell's text; nothing for null.
    pub(crate) fn text(self, cell: &Cell) -> String {
        match (cell, self) {
            (Cell::Null, _) => String::new(),
            (Cell::Number(ms), Time) => timestamp(*ms).to_string(),
            (Cell::Number(number), Plain | Contact) => number.to_string(),
            (Cell::Text(text), _) => text.clone(),
            (Cell::Octets { hex }, _) => hex.clone(),
        }
    }
}

/// A cell that no spreadsheet takes for a formula: what begins like one, and is no number, is led by an apostrophe.
pub fn inert(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err() {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Appends a line of CSV (RFC 4180), each cell [`inert`].
pub(crate) fn line<'a>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = &'a str>) {
    for (index, cell) in cells.into_iter().map(inert).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if cell.contains([',', '"', '\r', '\n']) {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_times_are_utc() {
        let mut out = Vec::new();
        line(&mut out, ["a", "b, c", "say \"ya\"", "", "two\r\nlines"]);
        assert_eq!(out, b"a,\"b, c\",\"say \"\"ya\"\"\",,\"two\r\nlines\"\r\n");
        out.clear();
        line(&mut out, ["=1+1", "-5", "-hapus", "@SUM(A1)"]);
        assert_eq!(out, b"'=1+1,-5,'-hapus,'@SUM(A1)\r\n");
        assert_eq!(Time.text(&Cell::Number(1_795_334_400_000)), "2026-11-22T08:00:00Z");
        assert_eq!((Time.text(&Cell::Null), Plain.text(&Cell::Number(-1))), (String::new(), "-1".to_owned()));
    }

    #[test]
    fn no_secret_is_named() {
        let secrets =
            ["tag", "token", "sealed", "verifier", "totp", "secret", "voucher_key", "hash", "share", "lending"];
        for table in TABLES {
            assert!(table.columns.iter().all(|(column, _)| !secrets.contains(column)), "{}", table.table);
            assert!(table.columns(false).iter().all(|(column, _)| *column != "contact"));
        }
        let appeals = TABLES.iter().find(|table| table.table == "appeal").unwrap();
        assert_eq!(appeals.columns(true).len(), appeals.columns(false).len() + 1);
    }
}
