//! `POST /crm/bulk/{v}/write`: a job is checked against everything that is known, and queued (contract 1.4, 2.5, 3).

mod checked;
mod json_body;

pub(crate) use checked::people;

use std::time::Duration;

use bulkwright_engine::ids::JobId;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{AnsweredOperation, Callback, Job, NewJob};
use bulkwright_wire::create::{CreateAnswer, CreateRequest};
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::scope::ModuleUse;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::details;
use crate::gate::{Call, in_time};
use crate::hint;
use crate::repeat::{self, Content, First, Keyed, Made};
use crate::reply::{Answer, Refusal};
use crate::state::App;

/// Content types that are read as JSON; curl sends the second where nothing is said (contract 12, row 9).
const JSON_TYPES: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];

/// Waits after each time that the store could not say whether a job was added.
const ASK_AGAIN: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_secs(1), Duration::from_secs(4), Duration::ZERO];

/// Ignored columns that a hint names.
const HINTED_HEADERS_MAX: usize = 10;

/// A request that may become a job.
enum Checked {
    /// It has become one before, under its key.
    Again(Answer),
    /// Nothing that is known speaks against it; with what it very likely meant otherwise, if it leaves doubts.
    New { job: Box<NewJob>, hint: Option<String>, keyed: Option<(First, Content)> },
}

/// Creates a job. When it answers 201 the job is stored for good and a worker knows of it. Time bounds the checks
/// only: an answer that says no once the job may be there would be untrue (contract 12, row 52).
pub(crate) async fn create(mut call: Call<'_>) -> Result<Answer, Refusal> {
    let app = call.app;
    let created_by = details::named(&call.caller.user);
    let (job, hint, keyed) = match in_time(app, checked(&mut call)).await? {
        Checked::Again(answer) => return Ok(answer),
        Checked::New { job, hint, keyed } => (job, hint, keyed),
    };
    let id = JobId(app.store.new_id(app.clock.milliseconds()).await?);
    let made = Made::created(&CreateAnswer::success(id.to_string(), created_by));
    let kept = keyed.as_ref().map(|(first, content)| first.answer(app, *content, &made, job.created_at));
    let job = NewJob { id: Some(id), answer: kept, ..*job };
    let queued = match (added(app, id, &job).await, job.answer) {
        (Err(Refusal::Store(StoreError::Answered)), Some(own)) => return repeat::answer_of_the_faster(app, own).await,
        (added, _) => added?,
    };
    app.work.notify_one();
    tracing::info!(job = %id, module = module_of(&queued), "a job is queued");
    Ok(Answer::from(made).with_hint(hint))
}

/// Adds a job under an id that was drawn before. A store that fails may have added it all the same, so it is asked: an
/// answer that says no without naming a job promises that there is none (contract 12, row 52).
async fn added(app: &App, id: JobId, job: &NewJob) -> Result<Job, Refusal> {
    let error = match app.store.add_job(job).await {
        Ok(added) => return Ok(added),
        Err(StoreError::Answered) => return Err(StoreError::Answered.into()),
        Err(error) => error,
    };
    for wait in ASK_AGAIN {
        match app.store.job(job.org, id).await {
            Ok(None) => return Err(error.into()),
            Ok(Some(added)) => {
                tracing::warn!(job = %id, error = &error as &dyn std::error::Error, "a job was added, and the store said no");
                return Ok(added);
            }
            Err(_) => tokio::time::sleep(wait).await,
        }
    }
    tracing::error!(job = %id, error = &error as &dyn std::error::Error, "it is not known whether a job was added");
    let message = "it is not known whether the job was created; look at it by its id before creating it again";
    Err(ErrorBody::new(ErrorCode::InternalError, message).with("id", id.to_string()).into())
}

/// Reads the request and checks all that can be known before the first row.
async fn checked(call: &mut Call<'_>) -> Result<Checked, Refusal> {
    check_content_type(call.headers)?;
    let body = call.body.read_whole(call.app.connections.json_bytes_max).await?;
    checked_body(call, &body).await.map_err(|refusal| refusal.or_hint(|| hint::of_body(&body)))
}

/// A body that was answered before is not checked again: its file may be gone meanwhile.
async fn checked_body(call: &Call<'_>, body: &[u8]) -> Result<Checked, Refusal> {
    json_body::check_depth(body, call.app.connections.json_depth_max)?;
    check_module_scopes(call, body)?;
    let content = Content::of_creation(call.route.version.as_str(), body);
    let keyed = match repeat::keyed(call, AnsweredOperation::CreateJob).await? {
        Some(Keyed::Again(kept)) => return Ok(Checked::Again(repeat::answered(kept, content)?)),
        Some(Keyed::First(first)) => Some((first, content)),
        None => None,
    };
    let (job, ignored_headers) = checked_job(call, body).await?;
    Ok(Checked::New { job: Box::new(job), hint: hint_of(&ignored_headers, body), keyed })
}

async fn checked_job(call: &Call<'_>, body: &[u8]) -> Result<(NewJob, Vec<String>), Refusal> {
    let request = CreateRequest::parse(body, call.route.version)?;
    check_supported(&request)?;
    if let Some(callback) = &request.callback {
        call.app.callbacks.rule.check(&callback.url)?;
    }
    new_job(call, request).await
}

/// What a header without mappings (contract 12, row 35) and keys that are not read very likely meant otherwise.
fn hint_of(ignored_headers: &[String], body: &[u8]) -> Option<String> {
    let names: Vec<_> = ignored_headers.iter().take(HINTED_HEADERS_MAX).map(String::as_str).collect();
    let columns = (!names.is_empty()).then(|| format!("columns that name no field are ignored: {}", names.join(", ")));
    let hints: Vec<String> = [columns, hint::of_body(body)].into_iter().flatten().collect();
    (!hints.is_empty()).then(|| hints.join("; "))
}

fn module_of(job: &Job) -> &str {
    job.resources.first().map_or("", |resource| resource.module.as_str())
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ErrorBody> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let is_json = essence.is_empty() || JSON_TYPES.iter().any(|known| essence.eq_ignore_ascii_case(known));
    if is_json { Ok(()) } else { Err(ErrorCode::RequestBodyNotSupported.into()) }
}

/// A module that the token does not open comes before every other fault of the body, even of its shape (contract 12,
/// row 55). A body that cannot be read at all names no module.
fn check_module_scopes(call: &Call<'_>, body: &[u8]) -> Result<(), ErrorBody> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Ok(()) };
    let resources = body.get("resource").and_then(Value::as_array);
    let modules = resources.into_iter().flatten().filter_map(|resource| named_module(resource.get("module")?));
    for module in modules {
        if !call.caller.opens_module(module, ModuleUse::Create) {
            return Err(ErrorCode::OauthScopeMismatch.into());
        }
    }
    Ok(())
}

fn named_module(module: &Value) -> Option<&str> {
    module.as_str().or_else(|| module.get("api_name")?.as_str())
}

/// What this server does not do yet is refused by name, never half done: a job of several files, whose shape has been
/// checked by now like that of any other.
fn check_supported(request: &CreateRequest) -> Result<(), ErrorBody> {
    let not_yet = |key: &str, path: String, what: &str| {
        let message = format!("invalid data for {key}: {what} not supported yet");
        Err(ErrorBody::new(ErrorCode::InvalidData, message).with("api_name", key).with("json_path", path))
    };
    if request.resource.len() > 1 {
        return not_yet("resource", "$.resource[1]".to_owned(), "more than one resource is");
    }
    let resource = request.resource.first();
    if resource.is_some_and(|resource| resource.file_names.len() > 1) {
        return not_yet("file_names", "$.resource[0].file_names[1]".to_owned(), "a job of several files is");
    }
    let mappings = resource.into_iter().flat_map(|resource| &resource.field_mappings);
    for (place, mapping) in mappings.enumerate() {
        if mapping.parent_column_index.is_some() {
            let path = format!("$.resource[0].field_mappings[{place}].parent_column_index");
            return not_yet("parent_column_index", path, "a job of a parent and its children is");
        }
    }
    Ok(())
}

async fn new_job(call: &Call<'_>, request: CreateRequest) -> Result<(NewJob, Vec<String>), Refusal> {
    let checked = checked::resource(call, &request).await?;
    let job = NewJob {
        id: None,
        org: call.caller.grant.org,
        created_by: call.caller.user.id,
        created_at: call.app.clock.seconds(),
        operation: checked.operation,
        ignore_empty: request.ignore_empty,
        charset: checked.charset,
        version: call.route.version.to_string(),
        callback: request.callback.map(|callback| Callback { url: callback.url, method: callback.method }),
        resources: vec![checked.resource],
        result_url: None,
        fixed: false,
        answer: None,
    };
    Ok((job, checked.ignored_headers))
}
