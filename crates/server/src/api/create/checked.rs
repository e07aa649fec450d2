//! A resource of a request, checked against the catalog and its file by the engine, as it is stored.

use std::path::PathBuf;
use std::sync::Arc;

use bulkwright_engine::catalog::{Catalog, FieldNumber};
use bulkwright_engine::ids::{FileId, OrgId};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::plan::{NewPicklistValues, Refusal as PlanRefusal, Request};
use bulkwright_engine::prepare::prepare;
use bulkwright_engine::spec::{DefaultValue, Mapping, Operation, ResourceSpec};
use bulkwright_engine::typing::Person;
use bulkwright_engine::verdict::Counts;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{JobResource, JobState, Upload, User};
use bulkwright_wire::create::{CreateMapping, CreateRequest, CreateResource, Operation as WireOperation};
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use jiff::tz::TimeZone;

use super::super::refusal;
use crate::gate::Call;
use crate::hint;
use crate::reply::Refusal;
use crate::state::App;

/// A resource that a worker can take up, as far as can be known before its first row.
pub(super) struct Checked {
    pub(super) operation: Operation,
    pub(super) resource: JobResource,
    /// Columns that name no field, where columns are found by their headers.
    pub(super) ignored_headers: Vec<String>,
    /// The canonical name of the charset that was named; one that is found out is told as soon as the job runs.
    pub(super) charset: Option<String>,
}

/// What the engine says of a file whose plan is settled.
struct Settled {
    csv_name: String,
    ignored_headers: Vec<String>,
    charset: &'static str,
}

/// Checks the one resource of a request.
pub(super) async fn resource(call: &Call<'_>, request: &CreateRequest) -> Result<Checked, Refusal> {
    let Some(asked) = request.resource.first() else {
        return Err(ErrorCode::MissingRequiredKey.into());
    };
    let operation = operation(request.operation);
    let mappings: Vec<Mapping> = asked.field_mappings.iter().map(mapping).collect();
    let spec = ResourceSpec {
        module: asked.module.clone(),
        operation,
        find_by: asked.find_by.clone(),
        ignore_empty: asked.ignore_empty.or(request.ignore_empty).unwrap_or(false),
        mappings,
        charset: request.character_encoding.clone(),
    };
    let file = file_id(asked)?;
    let settled = settled(call, &spec, file).await?;
    check_file_names(asked, &settled.csv_name)?;
    let resource = stored(asked, spec, file, settled.csv_name);
    let charset = request.character_encoding.as_ref().map(|_| settled.charset.to_owned());
    Ok(Checked { operation, resource, ignored_headers: settled.ignored_headers, charset })
}

fn stored(asked: &CreateResource, spec: ResourceSpec, file: FileId, csv_name: String) -> JobResource {
    JobResource {
        kind: "data".to_owned(),
        module: spec.module,
        file,
        find_by: spec.find_by,
        ignore_empty: asked.ignore_empty,
        mappings: spec.mappings,
        csv_name,
        block: None,
        state: JobState::Added,
        counts: Counts::default(),
        failure: None,
    }
}

fn file_id(asked: &CreateResource) -> Result<FileId, ErrorBody> {
    let improper = || {
        ErrorBody::from(ErrorCode::InvalidFileId).with("api_name", "file_id").with("json_path", "$.resource[0].file_id")
    };
    asked.file_id.parse().map_err(|_| improper())
}

/// What a plan is settled from, owned, so that it can cross to a blocking thread.
struct Preparation {
    path: PathBuf,
    spec: ResourceSpec,
    catalog: Arc<Catalog>,
    people: Vec<Person>,
    picklist_additions: Vec<(FieldNumber, String)>,
    time_zone: TimeZone,
    limits: Limits,
}

/// Lets the engine settle a plan over the upload, which refuses all that can be refused before row one.
async fn settled(call: &Call<'_>, spec: &ResourceSpec, file: FileId) -> Result<Settled, Refusal> {
    let (app, org) = (call.app, call.caller.grant.org);
    let module = app.catalog.module(&spec.module).ok_or_else(|| {
        let (module, path) = (spec.module.clone(), "$.resource[0].module.api_name".to_owned());
        refused(&app.catalog, spec, PlanRefusal::UnknownModule { module, path })
    })?;
    let upload = usable_upload(app, org, file).await?;
    let preparation = Preparation {
        path: app.store.blob_file(&upload.blob).await?,
        spec: spec.clone(),
        catalog: app.catalog.clone(),
        people: people(app.store.users(org).await?),
        picklist_additions: app.store.picklist_additions(org, module.number).await?,
        time_zone: call.caller.zone.clone(),
        limits: app.limits.clone(),
    };
    let prepared = tokio::task::spawn_blocking(move || preparation.settled()).await;
    prepared.map_err(|error| StoreError::Failed { doing: "checking a job", source: error.into() })?
}

/// An upload of that organisation whose time is not up, also where no sweep has been by yet (contract 12, row 20).
async fn usable_upload(app: &App, org: OrgId, file: FileId) -> Result<Upload, Refusal> {
    let oldest = app.clock.seconds().saturating_sub(app.lifetimes.upload);
    let upload = app.store.upload(org, file).await?.filter(|upload| upload.created_at > oldest);
    let not_found = || {
        ErrorBody::from(ErrorCode::FileNotFound).with("api_name", "file_id").with("json_path", "$.resource[0].file_id")
    };
    Ok(upload.ok_or_else(not_found)?)
}

impl Preparation {
    fn settled(&self) -> Result<Settled, Refusal> {
        let failed = |source| StoreError::Failed { doing: "opening an upload", source };
        let file = std::fs::File::open(&self.path).map_err(|error| failed(error.into()))?;
        let request = Request {
            resource: 0,
            spec: &self.spec,
            catalog: &self.catalog,
            people: &self.people,
            picklist_additions: &self.picklist_additions,
            new_picklist_values: NewPicklistValues::Add,
            time_zone: &self.time_zone,
            limits: &self.limits,
        };
        let prepared = prepare(file, &request).map_err(|refusal| refused(&self.catalog, &self.spec, refusal))?;
        Ok(Settled {
            csv_name: prepared.csv_name().to_owned(),
            ignored_headers: prepared.plan.ignored_headers().to_vec(),
            charset: prepared.charset(),
        })
    }
}

/// With the name that was very likely meant, where one is wrong.
fn refused(catalog: &Catalog, spec: &ResourceSpec, refusal: PlanRefusal) -> Refusal {
    let hint = hint::of_plan(catalog, &spec.module, &refusal);
    refusal::of_plan(refusal).or_hint(|| hint)
}

/// The users of an organisation as the engine finds owners among them.
pub(crate) fn people(users: Vec<User>) -> Vec<Person> {
    users.into_iter().map(|user| Person { id: user.id, email: user.email, name: user.full_name }).collect()
}

fn check_file_names(asked: &CreateResource, csv_name: &str) -> Result<(), ErrorBody> {
    let fits = asked.file_names.is_empty() || asked.file_names == [csv_name];
    if fits {
        return Ok(());
    }
    let message = format!("invalid data for file_names: the zip holds one CSV, {csv_name}, and its name alone fits");
    Err(ErrorBody::new(ErrorCode::InvalidData, message)
        .with("api_name", "file_names")
        .with("json_path", "$.resource[0].file_names"))
}

fn operation(operation: WireOperation) -> Operation {
    match operation {
        WireOperation::Insert => Operation::Insert,
        WireOperation::Update => Operation::Update,
        WireOperation::Upsert => Operation::Upsert,
    }
}

fn mapping(asked: &CreateMapping) -> Mapping {
    let default = asked.default_value.clone();
    Mapping {
        field: asked.api_name.clone(),
        index: asked.index,
        format: asked.format.clone(),
        find_by: asked.find_by.clone(),
        module: asked.module.clone(),
        default: default.map(|default| DefaultValue {
            value: default.value,
            name: default.name,
            module: default.module,
        }),
    }
}
