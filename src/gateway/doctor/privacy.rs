//! Which columns of this machine's databases can hold an address or a name.

use std::io::Write;

use gapura_ledger::{Holds, privacy_columns};
use serde::Serialize;
use serde_json::json;

use super::DoctorError;

/// A column that can hold an address or a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Of which database: a router's `ledger.sqlite`, or the `controller`.
    pub database: &'static str,
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// What it can hold.
    pub holds: &'static str,
    /// How long a row stays.
    pub until: &'static str,
}

/// Prints every such column, what it holds and how long; `beside`: those of the controller.
pub(super) fn print(json: bool, beside: &[Column], out: &mut dyn Write) -> Result<(), DoctorError> {
    let own = privacy_columns().iter().map(|column| Column {
        database: "ledger.sqlite",
        table: column.table,
        column: column.column,
        holds: words(column.holds),
        until: column.until,
    });
    let columns: Vec<Column> = own.chain(beside.iter().copied()).collect();
    if json {
        let text = serde_json::to_string_pretty(&json!({ "columns": columns }))?;
        writeln!(out, "{text}")?;
        return Ok(());
    }
    let mut database = "";
    for column in columns {
        if database != column.database {
            database = column.database;
            let of = if database == "controller" { "the controller's database" } else { "a router's database" };
            writeln!(out, "Columns of {of} that can hold an address or a name:")?;
        }
        let name = format!("{}.{}", column.table, column.column);
        writeln!(out, "  {name:<18} {:<58} until {}", column.holds, column.until)?;
    }
    writeln!(
        out,
        "No other column does. Beside them, the lease file of dnsmasq (\"leases\" in a router's data directory) holds addresses until a lease ends."
    )?;
    writeln!(
        out,
        "Where a site notes public ports (nat-attribution, off unless the department switches it on), \"visit_nat\" of a router \
         and \"visit.nat\" of the controller say which ports a visit has: a day after its end, and as long as the visit is kept."
    )?;
    Ok(())
}

fn words(holds: Holds) -> &'static str {
    match holds {
        Holds::Address => "the hardware address of a device",
        Holds::Name => "a name a person goes by",
        Holds::AddressOrName => "a hardware address or a person's name",
    }
}
