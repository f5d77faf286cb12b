//! Many rows in one statement.

use std::collections::{BTreeMap, BTreeSet};

use crate::StoreError;
use crate::rollup::{Moves, Prior, moves};
use crate::sql;
use crate::tx::{Arg, Tx, args};
use crate::usage::VisitRow;
use crate::voucher::VoucherRow;

/// Rows in one statement of SQLite, which takes 32,766 values in one. Only these lengths are made, so that each text is prepared once.
const PIECES: [usize; 4] = [200, 40, 8, 1];
/// Rows in one statement of PostgreSQL, which takes them as arrays, so that its text is always the same.
const ROWS: usize = 20_000;

impl Tx {
    /// Keeps visits that are new or told later than what is known, many in one statement, and moves the sums of their hours;
    /// of a visit that is there twice the later telling. How many were kept. Writers take turns: nothing comes between.
    pub async fn put_visits(&mut self, visits: &[VisitRow]) -> Result<usize, StoreError> {
        let mut latest: BTreeMap<(&str, &str), &VisitRow> = BTreeMap::new();
        for visit in visits {
            let known = latest.entry((&visit.site, &visit.visit)).or_insert(visit);
            if visit.revision > known.revision {
                *known = visit;
            }
        }
        let rows: Vec<&VisitRow> = latest.into_values().collect();
        let (mut kept, mut hours) = (0, Moves::new());
        for some in self.pieces(&rows) {
            let prior = self.prior(some).await?;
            // By month, a visit is found under the start it has; on SQLite that stands without being written.
            let starts: BTreeMap<(&str, &str), i64> =
                prior.iter().map(|known| ((known.site.as_str(), known.visit.as_str()), known.started)).collect();
            let values = |visit: &&VisitRow| {
                let start = starts.get(&(visit.site.as_str(), visit.visit.as_str()));
                visit.args(start.copied().unwrap_or(visit.started))
            };
            let values: Vec<Arg> = some.iter().flat_map(values).collect();
            let put = if self.by_month() { sql::VISIT_PUT_PARTS } else { sql::VISIT_PUT };
            self.execute_many(put, some.len(), values).await?;
            let (new, moved) = moves(some, &prior);
            kept += new;
            for (hour, by) in moved {
                let sums = hours.entry(hour).or_default();
                for (sum, by) in sums.iter_mut().zip(by) {
                    *sum += by;
                }
            }
        }
        let hours: Vec<((String, i64), [i64; 4])> = hours.into_iter().collect();
        for some in self.pieces(&hours) {
            let hour = |((site, hour), [visits, up, down, seconds]): &((String, i64), [i64; 4])| {
                args![site, *hour, *visits, *up, *down, *seconds]
            };
            self.execute_many(sql::USAGE_HOUR_MOVE, some.len(), some.iter().flat_map(hour).collect()).await?;
        }
        Ok(kept)
    }

    /// What is known of these visits. By month first where their routers say that they began, which is where they are; then in
    /// all months: the start told first stands, and a visit is there once.
    async fn prior(&mut self, told: &[&VisitRow]) -> Result<Vec<Prior>, StoreError> {
        if !self.by_month() {
            let names = told.iter().flat_map(|visit| args![&visit.site, &visit.visit]).collect();
            return self.rows_of_many(sql::USAGE_HOUR_PRIOR, told.len(), names).await;
        }
        let names = told.iter().flat_map(|visit| args![&visit.site, &visit.visit, visit.started]).collect();
        let mut prior: Vec<Prior> = self.rows_of_many(sql::VISIT_PRIOR_PARTS, told.len(), names).await?;
        let known: BTreeSet<(&str, &str)> =
            prior.iter().map(|known| (known.site.as_str(), known.visit.as_str())).collect();
        let others = told.iter().filter(|visit| !known.contains(&(visit.site.as_str(), visit.visit.as_str())));
        let others: Vec<&&VisitRow> = others.collect();
        if !others.is_empty() {
            let names = others.iter().flat_map(|visit| args![&visit.site, &visit.visit]).collect();
            prior.extend(self.rows_of_many::<Prior>(sql::USAGE_HOUR_PRIOR, others.len(), names).await?);
        }
        Ok(prior)
    }

    /// `rows` as they are put into statements.
    pub(crate) fn pieces<'a, T>(&self, mut rows: &'a [T]) -> Vec<&'a [T]> {
        if matches!(self, Self::Postgres(_)) {
            return rows.chunks(ROWS).collect();
        }
        let mut pieces = Vec::new();
        for length in PIECES {
            while let Some((piece, rest)) = rows.split_at_checked(length) {
                pieces.push(piece);
                rows = rest;
            }
        }
        pieces
    }

    /// Adds vouchers as [`Tx::add_voucher`] does, many in one statement, with the sealed code of each that is to be kept.
    pub async fn add_vouchers(&mut self, vouchers: &[(VoucherRow, Option<Vec<u8>>)]) -> Result<(), StoreError> {
        for some in self.pieces(vouchers) {
            let values = some.iter().flat_map(|(voucher, sealed)| voucher.args(sealed.as_deref())).collect();
            self.execute_many(sql::VOUCHER_ADD, some.len(), values).await?;
        }
        Ok(())
    }
}

impl VisitRow {
    /// Its values, in the order of the statement, with the start that is known of it.
    pub(crate) fn args(&self, started: i64) -> Vec<Arg> {
        let v = self;
        args![
            &v.site,
            &v.visit,
            &v.gateway,
            v.revision,
            &v.device,
            v.device_local,
            &v.holder,
            &v.way,
            &v.terms,
            &v.terms_sha256,
            &v.plan,
            v.generation,
            started,
            &v.clock,
            v.told,
            v.bytes_up,
            v.bytes_down,
            v.seconds,
            v.ended,
            &v.cause,
            &v.address,
            &v.nat,
        ]
    }
}

/// `text` with its one row of values `(..)` written `rows` times, numbered on.
pub(crate) fn repeated(text: &str, rows: usize) -> Option<String> {
    let start = text.find("VALUES (")? + "VALUES ".len();
    let end = start + text.get(start..)?.find(')')? + 1;
    let one = text.get(start..end)?;
    let width = one.matches('$').count();
    let mut all = String::with_capacity(text.len() + rows * width * 6);
    all.push_str(text.get(..start)?);
    for row in 0..rows {
        all.push_str(if row == 0 { "" } else { ", " });
        // What stands there for itself, such as NULL, stands in every row.
        for part in one.split_inclusive([',', ')']) {
            match part.split_once('$') {
                None => all.push_str(part),
                Some((before, number)) => {
                    let digits = number.trim_end_matches([',', ')']);
                    let column: usize = digits.parse().ok()?;
                    all.push_str(before);
                    all.push_str(&column_name(row * width + column));
                    all.push_str(number.get(digits.len()..)?);
                }
            }
        }
    }
    all.push_str(text.get(end..)?);
    Some(all)
}

/// `text` with its one row of values `(..)` as a query over arrays, one for each placeholder and of these kinds: PostgreSQL
/// reads many rows soonest so.
pub(crate) fn gathered(text: &str, kinds: &[&str]) -> Option<String> {
    let start = text.find("VALUES (")?;
    let values = start + "VALUES (".len();
    let end = values + text.get(values..)?.find(')')?;
    let one = text.get(values..end)?;
    if one.matches('$').count() != kinds.len() {
        return None;
    }
    let arrays: Vec<String> = (1..).zip(kinds).map(|(number, kind)| format!("${number}::{kind}[]")).collect();
    let names: Vec<String> = (1..=kinds.len()).map(|number| format!("a{number}")).collect();
    // What stands there for itself, such as NULL, stands in every row.
    let wanted = one.replace('$', "told_row.a");
    let (before, after) = (text.get(..start)?, text.get(end + 1..)?);
    Some(format!(
        "{before}SELECT {wanted} FROM UNNEST({}) AS told_row ({}){after}",
        arrays.join(", "),
        names.join(", ")
    ))
}

fn column_name(number: usize) -> String {
    format!("${number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_values_is_repeated_with_numbers_going_on() {
        let text = "INSERT INTO a (b, c) VALUES ($1, $2) ON CONFLICT (b) DO NOTHING";
        let two = "INSERT INTO a (b, c) VALUES ($1, $2), ($3, $4) ON CONFLICT (b) DO NOTHING";
        assert_eq!((repeated(text, 1).as_deref(), repeated(text, 2).as_deref()), (Some(text), Some(two)));
        let (text, two) =
            ("INSERT INTO a VALUES ($1, NULL, $2)", "INSERT INTO a VALUES ($1, NULL, $2), ($3, NULL, $4)");
        assert_eq!(repeated(text, 2).as_deref(), Some(two));
        assert_eq!(repeated("SELECT 1", 2), None);
        assert!(repeated(sql::VISIT_PUT.text, PIECES[0]).unwrap().contains("$4400)"));
        assert!(repeated(sql::VOUCHER_ADD.text, PIECES[0]).unwrap().contains("$2800)"));
    }

    #[test]
    fn a_row_of_values_is_read_from_arrays() {
        let text = "INSERT INTO a (b, c, d) VALUES ($1, NULL, $2) ON CONFLICT (b) DO NOTHING";
        let gathered_text = "INSERT INTO a (b, c, d) SELECT told_row.a1, NULL, told_row.a2 \
            FROM UNNEST($1::text[], $2::bigint[]) AS told_row (a1, a2) ON CONFLICT (b) DO NOTHING";
        assert_eq!(gathered(text, &["text", "bigint"]).as_deref(), Some(gathered_text));
        assert_eq!(gathered(text, &["text"]), None, "a value too few");
        assert_eq!(gathered("SELECT 1", &[]), None);
    }
}
