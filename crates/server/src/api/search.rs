//! `GET /crm/{v}/{Module}/search`: records by criteria over what has an index, or by address, in the order of their ids.

mod filter;
mod found;

use bulkwright_engine::catalog::{Field, FieldKind, Module};
use bulkwright_store::model::Record;
use bulkwright_wire::criteria::Criteria;
use bulkwright_wire::error::ErrorBody;
use bulkwright_wire::record::PageInfo;

use filter::{Filter, Test};
use found::Read;

use super::record_query::{self, invalid};
use super::records::{answer, module, named_fields};
use super::settings::missing_parameter;
use crate::gate::{Call, Query};
use crate::reply::{Answer, Refusal};

/// Records that one search shows at most, page by page (the vendor's own bound).
const SHOWN_RECORDS_MAX: usize = 2000;
/// Records that one search reads at most, for all of its conditions together.
const READ_RECORDS_MAX: usize = 4 * (SHOWN_RECORDS_MAX + 1);
/// Searches of the vendor that are not served.
const NOT_SERVED: [&str; 2] = ["phone", "word"];

/// One page of the records that the criteria, or the address, are true of.
pub(crate) async fn search(call: &Call<'_>) -> Result<Answer, Refusal> {
    let module = module(call)?;
    let filter = asked(&call.query, module)?;
    let names = named_fields(call)?;
    let page = Page::of(&call.query)?;
    let found = find(call, module, &filter, page.end() + 1).await?;
    let rest = found.get(page.start()..).unwrap_or_default();
    let shown = &rest[..rest.len().min(page.per_page)];
    let info = PageInfo {
        per_page: page.per_page as u32,
        next_page_token: None,
        count: shown.len() as u32,
        sort_by: None,
        page: page.number as u64,
        previous_page_token: None,
        page_token_expiry: None,
        sort_order: None,
        more_records: rest.len() > shown.len(),
    };
    answer(call, module, names.as_deref(), shown, Some(info)).await
}

/// What is looked for. Of several searches in one request the vendor takes criteria first, then an address.
fn asked(query: &Query, module: &Module) -> Result<Filter, ErrorBody> {
    if let Some(text) = given(query, "criteria") {
        let criteria = Criteria::parse(text).map_err(|error| invalid("criteria", &error.to_string()))?;
        return Filter::of(&criteria, module);
    }
    if let Some(email) = given(query, "email") {
        let field = email_field(module).ok_or_else(|| no_email(module))?;
        return Ok(Filter::Is(Test::key(module, field, email)));
    }
    let other = NOT_SERVED.iter().find(|name| query.get(name).is_some());
    Err(other.map_or_else(
        || missing_parameter("criteria"),
        |other| invalid(other, &format!("search by {other} is not supported yet; use criteria or email")),
    ))
}

/// A parameter that says something.
fn given<'q>(query: &'q Query, name: &str) -> Option<&'q str> {
    query.get(name).map(str::trim).filter(|value| !value.is_empty())
}

/// The module's first address that has an index.
fn email_field(module: &Module) -> Option<&Field> {
    module.indexed().find(|field| matches!(field.kind, FieldKind::Email { .. }))
}

fn no_email(module: &Module) -> ErrorBody {
    invalid("email", &format!("records of {} cannot be found by email", module.api_name))
}

/// Which page is shown.
struct Page {
    /// From 1.
    number: usize,
    per_page: usize,
}

impl Page {
    fn of(query: &Query) -> Result<Self, ErrorBody> {
        let (number, per_page) = (record_query::page(query)?, record_query::per_page(query)? as usize);
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        if number.saturating_mul(per_page) > SHOWN_RECORDS_MAX {
            let reason = format!("a search shows its first {SHOWN_RECORDS_MAX} records; page times per_page is beyond");
            return Err(invalid("page", &reason));
        }
        Ok(Page { number, per_page })
    }

    fn start(&self) -> usize {
        (self.number - 1) * self.per_page
    }

    fn end(&self) -> usize {
        self.number * self.per_page
    }
}

/// The first `limit` records that the filter is true of.
async fn find(call: &Call<'_>, module: &Module, filter: &Filter, limit: usize) -> Result<Vec<Record>, Refusal> {
    // Where all of several conditions have to be true, those who fulfil one say little of those who fulfil all.
    let each_max = if filter.has_all() { SHOWN_RECORDS_MAX + 1 } else { limit };
    let mut left = READ_RECORDS_MAX;
    let mut reads = Vec::new();
    for test in filter.tests() {
        let read = read(call, module, test, each_max.min(left)).await?;
        left -= read.records.len();
        reads.push(read);
    }
    found::select(filter, reads, limit).ok_or_else(|| too_many().into())
}

async fn read(call: &Call<'_>, module: &Module, test: &Test, limit: usize) -> Result<Read, Refusal> {
    let (store, org) = (&call.app.store, call.caller.grant.org);
    Ok(match test {
        Test::Id(id) => {
            Read { records: store.record(org, module.number, *id).await?.into_iter().collect(), whole: true }
        }
        Test::Key { index, key } => {
            let records = store.search(org, *index, key, limit as u32).await?;
            Read { whole: records.len() < limit, records }
        }
    })
}

fn too_many() -> ErrorBody {
    invalid("criteria", "too many records fulfil single conditions of these criteria; ask for fewer at once")
}
