//! Orders of staff at the counter, and what sort of devices visits are on.

use std::collections::BTreeMap;

use gapura_model::{DeviceSort, VisitId};
use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use crate::{Ledger, LedgerError, sql};

impl Ledger {
    /// Orders (id and document) that were written down and not carried out, at most `most`, in the order in which they came.
    pub fn orders_open(&self, most: u32) -> Result<Vec<(String, String)>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::DESK_ORDERS_OPEN)?;
        let rows = statement.query_map([most], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Orders whose outcome the controller does not have, with the outcome.
    pub fn orders_untold(&self, most: u32) -> Result<Vec<(String, String)>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::DESK_ORDERS_UNTOLD)?;
        let rows = statement.query_map([most], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether an order was written down before.
    pub fn knows_order(&self, id: &str) -> Result<bool, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::DESK_ORDER_KNOWN)?;
        let known: Option<Option<String>> = statement.query_row([id], |row| row.get(0)).optional()?;
        Ok(known.is_some())
    }

    /// Which public ports visits have or had lately, with when those that are over ended.
    pub fn nat(&self) -> Result<Vec<(VisitId, String, Option<Timestamp>)>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::VISIT_NAT)?;
        let rows = statement.query_map((), |row| {
            let (visit, document, ended): ([u8; 16], String, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let ended = ended.and_then(|at| Timestamp::from_microsecond(at).ok());
            Ok((VisitId::from(uuid::Uuid::from_bytes(visit)), document, ended))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What sort of device the running visits are on, as far as that was kept.
    pub fn sorts(&self) -> Result<BTreeMap<VisitId, DeviceSort>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::VISIT_SORT)?;
        let rows = statement.query_map((), |row| {
            let (visit, sort): ([u8; 16], String) = (row.get(0)?, row.get(1)?);
            Ok((VisitId::from(uuid::Uuid::from_bytes(visit)), DeviceSort::of_id(&sort)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
