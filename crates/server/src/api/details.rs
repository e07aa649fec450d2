//! `GET /crm/bulk/{v}/write/{id}`: where a job is (contract 1.5 and section 5).

use bulkwright_engine::ids::{JobId, UserId};
use bulkwright_engine::spec::{Mapping, Operation};
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{Job, JobResource, JobState, User};
use bulkwright_wire::create::Operation as WireOperation;
use bulkwright_wire::details::{
    Callback, CreatedBy, DefaultValue, FieldMapping, File, JobDetails, Module, Resource, ResultLink, Status,
};
use bulkwright_wire::error::ErrorCode;
use bulkwright_wire::path;
use bulkwright_wire::time;
use bulkwright_wire::version::{Difference, UnknownVersion, Version};
use jiff::tz::TimeZone;

use crate::gate::Call;
use crate::reply::{self, Answer, Refusal};
use crate::state::App;

/// Shows a job to the organisation it belongs to.
pub(crate) async fn show(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id: JobId = call.route.parameter("job_id").parse().map_err(|_| ErrorCode::ResourceNotFound)?;
    let job = call.app.store.job(call.caller.grant.org, id).await?.ok_or(ErrorCode::ResourceNotFound)?;
    let created_by = created_by(call, job.created_by).await?;
    let reader = Reader { app: call.app, version: call.route.version, zone: &call.caller.zone, base: call.base() };
    Ok(Answer::ok(&details(&reader, job, created_by)))
}

/// The bytes that a callback tells of a job (contract 1.7): those that its creator reads in the version that he created
/// it in.
pub(crate) async fn as_told_to_a_receiver(app: &App, job: Job) -> Result<Vec<u8>, StoreError> {
    let users = app.store.users(job.org).await?;
    let creator = users.iter().find(|user| user.id == job.created_by);
    let created_by = creator.map_or_else(|| CreatedBy { id: job.created_by.to_string(), name: None }, named);
    let zone = creator.and_then(|user| time::zone(&user.time_zone).ok()).unwrap_or(TimeZone::UTC);
    let version = job
        .version
        .parse()
        .map_err(|error: UnknownVersion| StoreError::Failed { doing: "telling of a job", source: error.into() })?;
    let reader = Reader { app, version, zone: &zone, base: app.links.base().to_owned() };
    Ok(reply::json_bytes(&details(&reader, job, created_by)))
}

/// For whom a job is told.
struct Reader<'a> {
    app: &'a App,
    version: Version,
    zone: &'a TimeZone,
    /// The base of links.
    base: String,
}

/// A user as answers name him.
pub(crate) fn named(user: &User) -> CreatedBy {
    CreatedBy { id: user.id.to_string(), name: Some(user.full_name.clone()) }
}

async fn created_by(call: &Call<'_>, id: UserId) -> Result<CreatedBy, Refusal> {
    if call.caller.user.id == id {
        return Ok(named(&call.caller.user));
    }
    let users = call.app.store.users(call.caller.grant.org).await?;
    let name = users.into_iter().find(|user| user.id == id).map(|user| user.full_name);
    Ok(CreatedBy { id: id.to_string(), name })
}

fn details(reader: &Reader<'_>, job: Job, created_by: CreatedBy) -> JobDetails {
    let result = job.result_blob.as_ref().map(|_| ResultLink { download_url: download_url(reader, &job) });
    JobDetails {
        status: status(job.state).as_str().to_owned(),
        character_encoding: job.charset,
        resource: job.resources.into_iter().map(|resource| shown(reader, job.state, resource)).collect(),
        id: job.id.to_string(),
        callback: job.callback.map(|callback| Callback { url: callback.url, method: callback.method }),
        result,
        created_by: Some(created_by),
        ignore_empty: job.ignore_empty,
        operation: operation(job.operation).as_str().to_owned(),
        created_time: time::print(job.created_at, reader.zone),
    }
}

/// Built when it is read, so that it is true wherever the server has moved to (contract 12, rows 6 and 49).
fn download_url(reader: &Reader<'_>, job: &Job) -> String {
    let own = || format!("{}{}", reader.base, path::download(&job.org.to_string(), &job.id.to_string()));
    job.result_url.clone().unwrap_or_else(own)
}

/// The wire's word for a state.
pub(super) fn status(state: JobState) -> Status {
    match state {
        JobState::Added => Status::Added,
        JobState::InProgress => Status::InProgress,
        JobState::Completed => Status::Completed,
        JobState::Failed => Status::Failed,
    }
}

/// The wire's word for an operation.
pub(super) fn operation(operation: Operation) -> WireOperation {
    match operation {
        Operation::Insert => WireOperation::Insert,
        Operation::Update => WireOperation::Update,
        Operation::Upsert => WireOperation::Upsert,
    }
}

fn shown(reader: &Reader<'_>, job: JobState, resource: JobResource) -> Resource {
    let status = resource_status(job, resource.state).as_str().to_owned();
    let file = file(&status, job, &resource);
    let (code, message) = match (resource.state, resource.failure) {
        (_, Some(failure)) => (failure.code, Some(failure.message)),
        (JobState::Completed, None) => ("COMPLETED".to_owned(), None),
        _ => ("ADDED".to_owned(), None),
    };
    Resource {
        status,
        kind: resource.kind,
        module: Some(module(reader, resource.module)),
        field_mappings: resource.mappings.into_iter().map(|mapping| field_mapping(reader, mapping)).collect(),
        file: Some(file),
        code: if reader.version.has(Difference::ResourceCode) { code } else { String::new() },
        message,
    }
}

/// A resource that waits is INPROGRESS like one that runs: the documented samples show it so.
fn resource_status(job: JobState, resource: JobState) -> Status {
    match (job, resource) {
        (_, JobState::Completed) => Status::Completed,
        (_, JobState::Failed) => Status::Failed,
        (JobState::Completed | JobState::Failed, _) => Status::Skipped,
        (JobState::Added | JobState::InProgress, _) => Status::InProgress,
    }
}

/// A job that waits tells no name and no counts yet.
fn file(status: &str, job: JobState, resource: &JobResource) -> File {
    let known = job != JobState::Added;
    let counts = resource.counts;
    File {
        status: status.to_owned(),
        name: known.then(|| resource.csv_name.clone()),
        added_count: known.then_some(counts.added),
        skipped_count: known.then_some(counts.skipped),
        updated_count: known.then_some(counts.updated),
        total_count: known.then(|| counts.total()),
    }
}

fn module(reader: &Reader<'_>, api_name: String) -> Module {
    if !reader.version.has(Difference::ModuleIsObject) {
        return Module::Plain(api_name);
    }
    let id = reader.app.catalog.module(&api_name).map(|module| module.id.to_string());
    Module::Object { id, api_name }
}

fn field_mapping(reader: &Reader<'_>, mapping: Mapping) -> FieldMapping {
    let default = mapping.default;
    // Jobs of several files are refused, so that none has such a column.
    let parent_column_index = reader.version.has(Difference::ParentColumnIndexTold).then_some(None);
    FieldMapping {
        api_name: mapping.field,
        index: mapping.index,
        format: mapping.format,
        find_by: mapping.find_by,
        module: mapping.module,
        parent_column_index,
        default_value: default.map(|default| DefaultValue {
            value: default.value,
            name: default.name,
            module: default.module,
        }),
    }
}
