//! Records, so that what was written can be checked by any client (contract section 8).

use bulkwright_engine::catalog::{Field, FieldKind, Module};
use bulkwright_engine::ids::RecordId;
use bulkwright_engine::key;
use bulkwright_engine::record_store::IndexId;
use bulkwright_store::model::Record;
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::record::{PageInfo, RecordsAnswer};

use super::record_query::{self, RecordQuery, sort_name};
use super::record_view::{RecordView, RecordViewer};
use super::settings::{missing_parameter, module_of};
use crate::gate::Call;
use crate::reply::{Answer, Refusal};

/// Records that a search goes through at most (the vendor's own bound).
const SEARCH_RECORDS_MAX: u64 = 2000;
/// Searches of the vendor that are not served.
const SEARCHES_NOT_SERVED: [&str; 3] = ["criteria", "phone", "word"];

/// `GET /crm/{v}/{Module}`: one page.
pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let module = module(call)?;
    let names = record_query::fields(&call.query, call.route.version)?;
    let query = RecordQuery::of(&call.query)?;
    let org = call.caller.grant.org;
    let records = call.app.store.page(org, module.number, &query.for_store()).await?;
    let shown = &records[..records.len().min(query.per_page as usize)];
    let more = records.len() > shown.len();
    let next_page_token = shown.last().filter(|_| more).map(|last| query.next_token(last));
    let info = PageInfo {
        per_page: query.per_page,
        next_page_token,
        count: shown.len() as u32,
        sort_by: Some(sort_name(query.sort_by).to_owned()),
        page: query.page,
        previous_page_token: None,
        page_token_expiry: None,
        sort_order: Some(query.order.as_str().to_owned()),
        more_records: more,
    };
    answer(call, module, names.as_deref(), shown, Some(info)).await
}

/// `GET /crm/{v}/{Module}/{id}`
pub(crate) async fn one(call: &Call<'_>) -> Result<Answer, Refusal> {
    let module = module(call)?;
    let names = named_fields(call)?;
    let id: RecordId = call.route.parameter("record_id").parse().map_err(|_| ErrorCode::RecordNotFound)?;
    let record = call.app.store.record(call.caller.grant.org, module.number, id).await?;
    let record = record.ok_or(ErrorCode::RecordNotFound)?;
    answer(call, module, names.as_deref(), &[record], None).await
}

/// `GET /crm/{v}/{Module}/search?email=…`: the records whose address that is, in the order of their ids.
pub(crate) async fn search(call: &Call<'_>) -> Result<Answer, Refusal> {
    let module = module(call)?;
    if let Some(other) = SEARCHES_NOT_SERVED.iter().find(|name| call.query.get(name).is_some()) {
        return Err(record_query::invalid(other, &format!("search by {other} is not supported yet; use email")).into());
    }
    let email = call.query.get("email").map(str::trim).filter(|email| !email.is_empty());
    let email = email.ok_or_else(|| missing_parameter("email"))?;
    let index = email_index(module).ok_or_else(|| no_email(module))?;
    let names = named_fields(call)?;
    let (per_page, page) = (record_query::per_page(&call.query)?, record_query::page(&call.query)?);
    let passed_over = (page - 1).saturating_mul(u64::from(per_page)).min(SEARCH_RECORDS_MAX);
    let limit = passed_over as u32 + per_page + 1;
    let key = key::fold(email, index.case_sensitive);
    let found = call.app.store.search(call.caller.grant.org, index, &key, limit).await?;
    let rest = found.get(passed_over as usize..).unwrap_or_default();
    let shown = &rest[..rest.len().min(per_page as usize)];
    let info = PageInfo {
        per_page,
        next_page_token: None,
        count: shown.len() as u32,
        sort_by: None,
        page,
        previous_page_token: None,
        page_token_expiry: None,
        sort_order: None,
        more_records: rest.len() > shown.len(),
    };
    answer(call, module, names.as_deref(), shown, Some(info)).await
}

fn module<'c>(call: &'c Call<'_>) -> Result<&'c Module, ErrorBody> {
    module_of(call, call.route.parameter("module"))
}

/// Where one record or few are read, every version shows all fields if none is named.
fn named_fields(call: &Call<'_>) -> Result<Option<Vec<String>>, ErrorBody> {
    if call.query.get("fields").is_none() {
        return Ok(None);
    }
    record_query::fields(&call.query, call.route.version)
}

/// The index over the module's first address that has one.
fn email_index(module: &Module) -> Option<IndexId> {
    let is_email = |field: &&Field| matches!(field.kind, FieldKind::Email { .. });
    let field = module.indexed().find(is_email)?;
    Some(IndexId { module: module.number, field: field.number, case_sensitive: field.is_case_sensitive() })
}

fn no_email(module: &Module) -> ErrorBody {
    let reason = format!("records of {} cannot be found by email", module.api_name);
    record_query::invalid("email", &reason)
}

async fn answer(
    call: &Call<'_>,
    module: &Module,
    names: Option<&[String]>,
    records: &[Record],
    info: Option<PageInfo>,
) -> Result<Answer, Refusal> {
    if records.is_empty() {
        return Ok(Answer::Nothing);
    }
    let users = call.app.store.users(call.caller.grant.org).await?;
    let viewer = RecordViewer::new(module, names, users, &call.caller.zone);
    let data: Vec<RecordView> = records.iter().map(|record| viewer.view(record)).collect();
    Ok(Answer::ok(&RecordsAnswer { data, info }))
}
