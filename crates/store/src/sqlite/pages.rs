//! Pages of a module's records, each read in one short transaction.
//!
//! By id and by Created_Time, the module's extents are walked (see [`super::extents`]); those that are passed over
//! whole cost one row each. By Modified_Time, two lists are merged: records that were never changed, whose
//! Modified_Time is their Created_Time, from the extents; and changed ones, from an index that holds only them. An
//! index over all records made a bulk insert of one million rows 10 to 30 % slower (measured with
//! `examples/bulk_insert`); this one costs it nothing. What a page reads is bounded by what is asked for plus one
//! extent's worth of records that are passed over.

use std::iter::Peekable;
use std::ops::ControlFlow;

use bulkwright_engine::catalog::ModuleNumber;
use bulkwright_engine::ids::{OrgId, RecordId};
use rusqlite::{Transaction, params};

use super::extents::Extent;
use super::row;
use super::sql::Doing;
use crate::Error;
use crate::model::{PageQuery, Record, SortBy};

const DOING: &str = "reading a page of records";

/// One page.
pub(super) fn page(
    tx: &Transaction<'_>,
    org: OrgId,
    module: ModuleNumber,
    query: &PageQuery,
) -> Result<Vec<Record>, Error> {
    let listing = Listing { tx, org, module, query };
    let mut page = Page { skip: query.skip, limit: query.limit as usize, ids: Vec::new() };
    if page.limit > 0 {
        match query.sort_by {
            SortBy::Id | SortBy::CreatedTime => listing.by_extents(&mut page)?,
            SortBy::ModifiedTime => listing.by_change(&mut page)?,
        }
    }
    page.ids.iter().filter_map(|&id| row::get(tx, org, module, id).transpose()).collect()
}

/// The ids of a page while it is filled.
struct Page {
    skip: u64,
    limit: usize,
    ids: Vec<RecordId>,
}

impl Page {
    /// Takes the next record of the order; breaks when the page is full.
    fn offer(&mut self, id: i64) -> ControlFlow<()> {
        if self.skip > 0 {
            self.skip -= 1;
            return ControlFlow::Continue(());
        }
        self.ids.push(RecordId(id));
        if self.ids.len() < self.limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// What is listed, and where from.
struct Listing<'a> {
    tx: &'a Transaction<'a>,
    org: OrgId,
    module: ModuleNumber,
    query: &'a PageQuery,
}

/// A record's place by Modified_Time.
type Changed = (i64, i64);

impl Listing<'_> {
    fn by_extents(&self, page: &mut Page) -> Result<(), Error> {
        let _ = self.walk_extents(|extent, (first, last)| {
            if (first, last) == (extent.first, extent.last) && extent.records <= page.skip {
                page.skip -= extent.records;
                return Ok(ControlFlow::Continue(()));
            }
            self.walk_ids(first, last, "version >= 1", |id| Ok(page.offer(id)))
        })?;
        Ok(())
    }

    fn by_change(&self, page: &mut Page) -> Result<(), Error> {
        let sql = self.changed_sql();
        let mut statement = self.tx.prepare_cached(&sql).doing(DOING)?;
        let (value, id) = self.query.after.map_or(self.start(), |after| (after.value, after.id.0));
        let rows = statement.query_map(params![self.org.0, self.module.0, value, id], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        });
        let mut changed = rows.doing(DOING)?.peekable();
        let full = self.walk_extents(|extent, (first, last)| {
            if extent.unchanged == 0 {
                return Ok(ControlFlow::Continue(()));
            }
            self.walk_ids(first, last, "version = 1", |id| {
                let place = (extent.created_at, id);
                if self.offer_changed(&mut changed, |it| self.precedes(it, place), page)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                Ok(page.offer(id))
            })
        })?;
        if full.is_continue() {
            let _ = self.offer_changed(&mut changed, |_| true, page)?;
        }
        Ok(())
    }

    /// Offers changed records as long as they belong before what comes next.
    fn offer_changed(
        &self,
        changed: &mut Peekable<impl Iterator<Item = rusqlite::Result<Changed>>>,
        belongs: impl Fn(Changed) -> bool,
        page: &mut Page,
    ) -> Result<ControlFlow<()>, Error> {
        while let Some(next) = changed.next_if(|next| next.as_ref().map_or(true, |&it| belongs(it))) {
            let (_, id) = next.doing(DOING)?;
            if page.offer(id).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn precedes(&self, one: Changed, other: Changed) -> bool {
        if self.query.descending { one > other } else { one < other }
    }

    /// Before the first record of the order.
    fn start(&self) -> (i64, i64) {
        if self.query.descending { (i64::MAX, i64::MAX) } else { (i64::MIN, i64::MIN) }
    }

    /// Visits the extents in order, with the ids of each that come after the cursor.
    fn walk_extents(
        &self,
        mut visit: impl FnMut(Extent, (i64, i64)) -> Result<ControlFlow<()>, Error>,
    ) -> Result<ControlFlow<()>, Error> {
        let sql = self.extents_sql();
        let mut statement = self.tx.prepare_cached(&sql).doing(DOING)?;
        let start = match (self.query.after, self.query.sort_by) {
            (None, _) => self.start().0,
            (Some(after), SortBy::Id) => after.id.0,
            (Some(after), _) => after.value,
        };
        let mut rows = statement.query(params![self.org.0, self.module.0, start]).doing(DOING)?;
        while let Some(row) = rows.next().doing(DOING)? {
            let extent = Extent::read(row).doing(DOING)?;
            let (first, last) = self.after_cursor(extent);
            if first <= last && visit(extent, (first, last))?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The ids of an extent that come after the cursor; none if the second is smaller than the first.
    fn after_cursor(&self, extent: Extent) -> (i64, i64) {
        match self.query.after {
            Some(after) if self.query.sort_by == SortBy::Id || extent.created_at == after.value => {
                if self.query.descending {
                    (extent.first, extent.last.min(after.id.0.saturating_sub(1)))
                } else {
                    (extent.first.max(after.id.0.saturating_add(1)), extent.last)
                }
            }
            _ => (extent.first, extent.last),
        }
    }

    fn walk_ids(
        &self,
        first: i64,
        last: i64,
        which: &str,
        mut visit: impl FnMut(i64) -> Result<ControlFlow<()>, Error>,
    ) -> Result<ControlFlow<()>, Error> {
        let direction = self.direction();
        let sql = format!(
            "SELECT id FROM record WHERE id BETWEEN ?1 AND ?2 AND org = ?3 AND module = ?4 AND {which}
             ORDER BY id {direction}"
        );
        let mut statement = self.tx.prepare_cached(&sql).doing(DOING)?;
        let mut rows = statement.query(params![first, last, self.org.0, self.module.0]).doing(DOING)?;
        while let Some(row) = rows.next().doing(DOING)? {
            if visit(row.get(0).doing(DOING)?)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn extents_sql(&self) -> String {
        let (direction, columns) = (self.direction(), Extent::COLUMNS);
        let from = match (self.query.sort_by, self.query.descending) {
            // The extent that holds the cursor begins at or before it.
            (SortBy::Id, false) => {
                "first_id >= coalesce((SELECT max(first_id) FROM extent
                                       WHERE org = ?1 AND module = ?2 AND first_id <= ?3), ?3)"
            }
            (SortBy::Id, true) => "first_id <= ?3",
            (_, false) => "created_at >= ?3",
            (_, true) => "created_at <= ?3",
        };
        let order = match self.query.sort_by {
            SortBy::Id => format!("first_id {direction}"),
            SortBy::CreatedTime | SortBy::ModifiedTime => format!("created_at {direction}, first_id {direction}"),
        };
        format!("SELECT {columns} FROM extent WHERE org = ?1 AND module = ?2 AND {from} ORDER BY {order}")
    }

    fn changed_sql(&self) -> String {
        let direction = self.direction();
        let after = if self.query.descending { "<" } else { ">" };
        format!(
            "SELECT modified_at, id FROM record INDEXED BY record_changed
             WHERE org = ?1 AND module = ?2 AND version > 1 AND (modified_at, id) {after} (?3, ?4)
             ORDER BY modified_at {direction}, id {direction}"
        )
    }

    fn direction(&self) -> &'static str {
        if self.query.descending { "DESC" } else { "ASC" }
    }
}
