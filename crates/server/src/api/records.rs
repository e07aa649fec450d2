//! Records, so that what was written can be checked by any client (contract section 8).

use bulkwright_engine::catalog::Module;
use bulkwright_engine::ids::RecordId;
use bulkwright_store::model::Record;
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::record::{PageInfo, RecordsAnswer};

use super::record_query::{self, RecordQuery, sort_name};
use super::record_view::{RecordView, RecordViewer};
use super::settings::module_of;
use super::targets::Targets;
use crate::gate::Call;
use crate::reply::{Answer, Refusal};

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

/// The module of the path.
pub(super) fn module<'c>(call: &'c Call<'_>) -> Result<&'c Module, ErrorBody> {
    module_of(call, call.route.parameter("module"))
}

/// Where one record or few are read, every version shows all fields if none is named.
pub(super) fn named_fields(call: &Call<'_>) -> Result<Option<Vec<String>>, ErrorBody> {
    if call.query.get("fields").is_none() {
        return Ok(None);
    }
    record_query::fields(&call.query, call.route.version)
}

/// The records that are shown, or that there are none.
pub(super) async fn answer(
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
    let (store, catalog) = (&*call.app.store, &call.app.catalog);
    let targets = Targets::read(store, catalog, call.caller.grant.org, viewer.fields(), records).await?;
    let viewer = viewer.with_targets(targets);
    let data: Vec<RecordView> = records.iter().map(|record| viewer.view(record)).collect();
    Ok(Answer::ok(&RecordsAnswer { data, info }))
}
