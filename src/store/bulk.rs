//! Many rows in one statement.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;
use jiff::Timestamp;

use crate::rollup::{Moves, Prior, moves};
use crate::sql;
use crate::tx::{Arg, Tx, args, row};
use crate::usage::VisitRow;
use crate::voucher::VoucherRow;
use crate::{StoreError, millis};

/// Rows in one statement of SQLite, which takes 32,766 values in one. Only these lengths are made, so that each text is prepared once.
const PIECES: [usize; 4] = [200, 40, 8, 1];
/// Rows in one statement of PostgreSQL, which takes them as arrays, so that its text is always the same.
const ROWS: usize = 20_000;

/// A visit that began later, in ms before now, was never put aside for its start: months are kept for 30 days at least.
const YOUNG: i64 = 29 * 86_400_000;

row! {
    /// A visit's name.
    VisitName {
        site: String,
        visit: String,
    }
}

/// Visits that are new, those that are not, and what is known of these.
type Added<'a> = (Vec<&'a VisitRow>, Vec<&'a VisitRow>, Vec<Prior>);

impl Tx {
    /// Keeps visits that are new or told later than what is known, many in one statement, and moves the sums of their hours;
    /// of a visit that is there twice the later telling. How many were kept. Writers take turns: nothing comes between.
    pub async fn put_visits(&mut self, visits: &[VisitRow], now: Timestamp) -> Result<usize, StoreError> {
        let mut latest: BTreeMap<(&str, &str), &VisitRow> = BTreeMap::new();
        for visit in visits {
            let known = latest.entry((&visit.site, &visit.visit)).or_insert(visit);
            if visit.revision > known.revision {
                *known = visit;
            }
        }
        let rows: Vec<&VisitRow> = latest.into_values().collect();
        let (mut kept, mut hours) = (0, Moves::new());
        let pieces = self.pieces(&rows);
        let mut values = pieces.first().map(|first| values_of(first));
        for (some, next) in pieces.iter().zip(pieces.iter().skip(1).map(Some).chain([None])) {
            let adding = self.add_visits(some, values.take().unwrap_or_default(), millis(now));
            // The next statement's values are put together while the database is at this one.
            let (added, ready) = join(adding, async { next.map(|next| values_of(next)) }).await;
            values = ready;
            let (new, others, prior) = added?;
            kept += moves(&new, &[], &mut hours);
            for some in self.pieces(&others) {
                kept += self.tell_again(some, &prior, &mut hours).await?;
            }
        }
        let hours: Vec<((String, i64), [i64; 4])> = hours.into_iter().collect();
        for some in self.pieces(&hours) {
            let mut values = Vec::with_capacity(some.len() * 6);
            for ((site, hour), [visits, up, down, seconds]) in some {
                values.extend(args![site, *hour, *visits, *up, *down, *seconds]);
            }
            self.execute_many(sql::USAGE_HOUR_MOVE, some.len(), values).await?;
        }
        Ok(kept)
    }

    /// Adds visits that are new, each once among those told, with their `values`; which were, which are there already, and of these what is known where
    /// that was found.
    async fn add_visits<'a>(
        &mut self,
        told: &[&'a VisitRow],
        values: Vec<Arg<'_>>,
        now: i64,
    ) -> Result<Added<'a>, StoreError> {
        let (mut new, mut others) = (told.to_vec(), Vec::new());
        if let Some(added) = self.add_new(told, values).await? {
            let added: BTreeSet<(&str, &str)> = added.iter().map(|name| (&*name.site, &*name.visit)).collect();
            (new, others) = told.iter().partition(|visit| added.contains(&(&*visit.site, &*visit.visit)));
        }
        // By month, a visit is another one to the database if its router says another start: the one told first stands.
        let unsure: Vec<&VisitRow> = new.iter().copied().filter(|visit| !start_is_sure(visit, now)).collect();
        if !self.by_month() || unsure.is_empty() {
            return Ok((new, others, Vec::new()));
        }
        let names = unsure.iter().flat_map(|visit| args![&visit.site, &visit.visit, visit.started]).collect();
        let elsewhere: Vec<Prior> = self.rows_of_many(sql::VISIT_ELSEWHERE_PARTS, unsure.len(), names).await?;
        if !elsewhere.is_empty() {
            let known: BTreeSet<(&str, &str)> = elsewhere.iter().map(|known| (&*known.site, &*known.visit)).collect();
            let twice: Vec<&VisitRow>;
            (twice, new) = new.iter().partition(|visit| known.contains(&(&*visit.site, &*visit.visit)));
            for visit in &twice {
                self.execute(sql::VISIT_TAKE_BACK_PARTS, args![&visit.site, &visit.visit, visit.started]).await?;
            }
            others.extend(twice);
        }
        Ok((new, others, elsewhere))
    }

    /// Adds those that are new; which these were, or none where all are.
    async fn add_new(
        &mut self,
        told: &[&VisitRow],
        values: Vec<Arg<'_>>,
    ) -> Result<Option<Vec<VisitName>>, StoreError> {
        if self.by_month() {
            let added: Vec<VisitName> = self.rows_of_many(sql::VISIT_ADD_PARTS, told.len(), values).await?;
            return Ok((added.len() < told.len()).then_some(added));
        }
        // Being told which rows were added costs more than asking where it is not all of them.
        let added = self.execute_many(sql::VISIT_ADD, told.len(), values).await?;
        if usize::try_from(added) == Ok(told.len()) {
            return Ok(None);
        }
        let added = i64::try_from(added).unwrap_or(i64::MAX);
        self.rows(sql::VISIT_ADDED, args![added]).await.map(Some)
    }

    /// Keeps visits that are known, where they are told later; how many were.
    async fn tell_again<'a>(
        &mut self,
        told: &[&'a VisitRow],
        elsewhere: &[Prior],
        hours: &mut Moves,
    ) -> Result<usize, StoreError> {
        let mut prior: Vec<Prior> = if self.by_month() {
            let names = told.iter().flat_map(|visit| args![&visit.site, &visit.visit, visit.started]).collect();
            self.rows_of_many(sql::VISIT_PRIOR_PARTS, told.len(), names).await?
        } else {
            let names = told.iter().flat_map(|visit| args![&visit.site, &visit.visit]).collect();
            self.rows_of_many(sql::USAGE_HOUR_PRIOR, told.len(), names).await?
        };
        prior.extend_from_slice(elsewhere);
        // By month, a visit is found under the start it has; on SQLite that stands without being written.
        let starts: BTreeMap<(&str, &str), i64> =
            prior.iter().map(|known| ((&*known.site, &*known.visit), known.started)).collect();
        let values = |visit: &&'a VisitRow| {
            let start = starts.get(&(&*visit.site, &*visit.visit));
            visit.args(start.copied().unwrap_or(visit.started))
        };
        let values: Vec<Arg<'_>> = told.iter().flat_map(values).collect();
        let put = if self.by_month() { sql::VISIT_PUT_PARTS } else { sql::VISIT_PUT };
        self.execute_many(put, told.len(), values).await?;
        Ok(moves(told, &prior, hours))
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

fn values_of<'a>(told: &[&'a VisitRow]) -> Vec<Arg<'a>> {
    told.iter().flat_map(|visit| visit.args(visit.started)).collect()
}

/// Whether a visit cannot be there with another start. Gateways tell the start they noted when it began, always the same; the controller
/// puts aside what a doubtful clock made of it (`Kept::Undated` there) only where its own clock says that this month has had its time.
fn start_is_sure(visit: &VisitRow, now: i64) -> bool {
    visit.clock == "trusted" && (0..YOUNG).contains(&now.saturating_sub(visit.started))
}

impl VisitRow {
    /// Its values, in the order of the statement, with the start that is known of it.
    pub(crate) fn args(&self, started: i64) -> Vec<Arg<'_>> {
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
    // In their order and nowhere else, values need no numbers: SQLite takes numbers for names, and looks for each among all.
    let in_order =
        (1..=width).map(|column| format!("${column}")).eq(placeholders(one)) && placeholders(text).count() == width;
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
                    if in_order {
                        all.push('?');
                    } else {
                        all.push_str(&column_name(row * width + column));
                    }
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

/// The placeholders of a text, `$1` and so on.
fn placeholders(text: &str) -> impl Iterator<Item = String> {
    text.split('$').skip(1).map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        format!("${digits}")
    })
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
        let two = "INSERT INTO a (b, c) VALUES (?, ?), (?, ?) ON CONFLICT (b) DO NOTHING";
        assert_eq!(repeated(text, 2).as_deref(), Some(two));
        // Out of their order they keep their numbers.
        let (text, two) =
            ("INSERT INTO a VALUES ($2, NULL, $1)", "INSERT INTO a VALUES ($2, NULL, $1), ($4, NULL, $3)");
        assert_eq!((repeated(text, 1).as_deref(), repeated(text, 2).as_deref()), (Some(text), Some(two)));
        assert_eq!(repeated("SELECT 1", 2), None);
        let values = |sql: crate::sql::Sql| repeated(sql.text, PIECES[0]).unwrap().matches('?').count();
        assert_eq!((values(sql::VISIT_PUT), values(sql::VOUCHER_ADD)), (4400, 2800));
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
