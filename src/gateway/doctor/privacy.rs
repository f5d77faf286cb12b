//! Which columns of this router's database can hold an address or a name.

use std::io::Write;

use gapura_ledger::{Holds, privacy_columns};
use serde_json::json;

use super::DoctorError;

/// Prints every such column, what it holds and how long.
pub(super) fn print(json: bool, out: &mut dyn Write) -> Result<(), DoctorError> {
    if json {
        let rows = privacy_columns().iter().map(|column| {
            json!({
                "database": "ledger.sqlite",
                "table": column.table,
                "column": column.column,
                "holds": words(column.holds),
                "until": column.until,
            })
        });
        let text = serde_json::to_string_pretty(&json!({ "columns": rows.collect::<Vec<_>>() }))?;
        writeln!(out, "{text}")?;
        return Ok(());
    }
    writeln!(out, "Columns of this router's database that can hold an address or a name:")?;
    for column in privacy_columns() {
        let name = format!("{}.{}", column.table, column.column);
        writeln!(out, "  {name:<18} {:<40} until {}", words(column.holds), column.until)?;
    }
    writeln!(
        out,
        "No other column does. Beside it, the lease file of dnsmasq (\"leases\" in the data directory) holds addresses until a lease ends."
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
