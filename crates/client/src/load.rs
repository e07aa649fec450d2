//! The load of a whole file: cut, sent, waited for, joined.
//!
//! [`Input::open`] looks at the file without touching anything else. [`load`] settles which column becomes which field
//! ([`Plan`]), cuts the rows into parts that fit the target, takes each part through a job, and gives every row of the
//! file exactly one end in the output files. No row is sent twice unless that is harmless; what is not known is called
//! unknown. At most two parts are in memory: the one that is worked on and the next.

mod fields;
mod job;
mod join;
mod output;
mod part;
mod plan;
pub(crate) mod poll;
mod report;
mod result;
mod rows;
mod run;
mod settings;
mod settle;
mod source;
mod tally;
mod verdict;
mod watch;

pub use fields::FieldOptions;
pub use job::Stop;
pub use output::{OWN_COLUMNS, OutputFiles};
pub use plan::{Plan, PlannedColumn, PlannedConstant};
pub use poll::PollInterval;
pub use report::{JobReport, LoadReport, REPORT_SCHEMA};
pub use settings::{LoadSettings, PART_BYTES_MAX, PartLimits};
pub use source::Input;
pub use tally::{FAULTS_SHOWN, FaultCount, RowFault};
pub use verdict::{JoinedBy, Status};
pub use watch::{Event, NoWatch, Progress, Watch};

use tokio_util::sync::CancellationToken;

use crate::api::Api;
use crate::error::ClientError;
use crate::input::InputProblem;
use run::{Orders, Run};

/// Loads a file. Whoever cancels `stop` gets the report of what is known by then.
///
/// # Errors
/// Before anything is sent: whatever is wrong with the input, the module, the key or the access; nothing is written
/// then. Later only if a local file cannot be written. Everything else is in the report.
pub async fn load(
    api: &Api,
    input: Input,
    settings: &LoadSettings,
    watch: &dyn Watch,
    stop: &CancellationToken,
) -> Result<LoadReport, ClientError> {
    let kind = api.target_kind().await?;
    let zgid = api.org().await?.zgid;
    let settings = &LoadSettings { module: module_name(api, &settings.module).await?, ..settings.clone() };
    let plan = Plan::make(&input, &api.fields(&settings.module).await?, settings)?;
    watch.see(&Event::Planned {
        input: input.path(),
        reading: input.reading(),
        bytes: input.bytes(),
        module: &settings.module,
        plan: &plan,
    });
    if !plan.unmapped.is_empty() {
        let names = plan::listed(plan.unmapped.iter().map(String::as_str));
        watch.see(&Event::Warning(&format!("not sent, as no field of {} is called so: {names}", settings.module)));
    }
    let run = Run::begin(Orders { api, kind, zgid, settings, plan, watch, stop }, &input)?;
    run.go(input).await
}

/// The module's own spelling.
async fn module_name(api: &Api, asked: &str) -> Result<String, ClientError> {
    let modules = api.modules().await?;
    let found = modules.iter().find(|module| module.api_name.eq_ignore_ascii_case(asked));
    let known = || plan::listed(modules.iter().map(|module| module.api_name.as_str()));
    let module = found.ok_or_else(|| InputProblem::NoModule { module: asked.to_owned(), known: known() })?;
    Ok(module.api_name.clone())
}
