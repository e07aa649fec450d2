//! The run of a load: one job after another, the next part made ready while the present one is worked on.

use std::sync::Arc;

use bulkwright_wire::outcome::ECHOED_COLUMNS;
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::{Api, TargetKind};
use crate::error::ClientError;
use crate::exit::Exit;
use crate::load::job::{Carrier, PartEnd, Stop, interrupted};
use crate::load::output::Outputs;
use crate::load::part::{Part, PartMaker};
use crate::load::plan::Plan;
use crate::load::report::{JobReport, LoadReport};
use crate::load::rows::Rows;
use crate::load::settings::LoadSettings;
use crate::load::settle::{Echo, Settled, refusal, settle};
use crate::load::source::Input;
use crate::load::tally::{FirstFault, Tally};
use crate::load::verdict::{JoinedBy, RowEnd, Status};
use crate::load::watch::{Event, Progress, Watch};
use crate::repeat_key::RunKeys;

/// What a run has been told before it begins.
pub(crate) struct Orders<'a> {
    pub(crate) api: &'a Api,
    pub(crate) kind: TargetKind,
    pub(crate) zgid: String,
    pub(crate) settings: &'a LoadSettings,
    pub(crate) plan: Plan,
    pub(crate) watch: &'a dyn Watch,
    pub(crate) stop: &'a CancellationToken,
}

/// A part that is ready, with its file_id if it is uploaded already.
struct Ready {
    part: Part,
    uploaded: Option<String>,
}

/// A run in progress.
pub(crate) struct Run<'a> {
    orders: Orders<'a>,
    keys: RunKeys,
    plan: Arc<Plan>,
    started: Timestamp,
    input: String,
    reading: String,
    outputs: Outputs,
    tally: Tally,
    jobs: Vec<JobReport>,
    stop: Option<Stop>,
    parts: usize,
}

impl<'a> Run<'a> {
    pub(crate) fn begin(orders: Orders<'a>, input: &Input) -> Result<Self, ClientError> {
        let outputs = Outputs::create(&orders.settings.out, input.path(), input.header())?;
        Ok(Run {
            plan: Arc::new(orders.plan.clone()),
            orders,
            keys: RunKeys::new(),
            started: Timestamp::now(),
            input: input.path().to_string_lossy().into_owned(),
            reading: input.reading().to_owned(),
            outputs,
            tally: Tally::default(),
            jobs: Vec::new(),
            stop: None,
            parts: 0,
        })
    }

    /// Sends the file, part by part, and accounts for every row of it.
    pub(crate) async fn go(mut self, input: Input) -> Result<LoadReport, ClientError> {
        let mut maker = PartMaker::new(input, self.orders.settings.parts);
        let deadline = self.orders.settings.wait.map(|wait| Instant::now() + wait);
        let (returned, mut ready) = self.make_ready(maker, Uploading::Later, deadline).await?;
        maker = returned;
        while let Some(present) = ready.take() {
            let order = maker.order().to_vec();
            // The first part goes alone (CLIENT 16): what it teaches may end the run.
            let uploading = if present.part.number == 1 { Uploading::Later } else { Uploading::Now };
            let carrier = self.carrier(deadline);
            let (end, made) = tokio::join!(
                carrier.carry(&present.part, present.uploaded.clone(), &order),
                self.make_ready(maker, uploading, deadline)
            );
            self.settle(&present.part, end, &order)?;
            match made {
                Ok(made) => (maker, ready) = made,
                Err(error) => {
                    self.stop = Some(Stop::from(&error));
                    return self.finish();
                }
            }
            if self.stop.is_some() {
                break;
            }
        }
        if let Some(Ready { part, .. }) = ready {
            self.account_unsent(&part.rows)?;
        }
        while let Some(rows) = if self.stop.is_some() { maker.next_unsent()? } else { None } {
            self.account_unsent(&rows)?;
        }
        self.finish()
    }

    fn carrier(&self, deadline: Option<Instant>) -> Carrier<'_> {
        Carrier {
            api: self.orders.api,
            kind: self.orders.kind,
            keys: &self.keys,
            zgid: &self.orders.zgid,
            settings: self.orders.settings,
            plan: &self.plan,
            watch: self.orders.watch,
            stop: self.orders.stop,
            deadline,
        }
    }

    async fn make_ready(
        &self,
        mut maker: PartMaker,
        uploading: Uploading,
        deadline: Option<Instant>,
    ) -> Result<(PartMaker, Option<Ready>), ClientError> {
        let plan = Arc::clone(&self.plan);
        let made = tokio::task::spawn_blocking(move || maker.next(&plan).map(|part| (maker, part))).await;
        let (maker, part) = made.expect("making a part does not panic")?;
        let Some(part) = part else { return Ok((maker, None)) };
        let mut uploaded = None;
        if uploading == Uploading::Now && part.zip.is_some() {
            // A failure here is met again, and told, when the part's turn comes.
            uploaded = self.carrier(deadline).upload(&part).await.ok();
        }
        Ok((maker, Some(Ready { part, uploaded })))
    }

    fn settle(&mut self, part: &Part, end: PartEnd, order: &[usize]) -> Result<(), ClientError> {
        let echoed = order.iter().take(ECHOED_COLUMNS);
        let echo = Echo {
            columns: echoed.map(|&at| self.plan.columns[at].column).collect(),
            target: self.orders.kind,
            by: if self.plan.join_column.is_some() { JoinedBy::Key } else { JoinedBy::Echo },
        };
        let not_sent = matches!(end, PartEnd::NotSent(_));
        let settled = settle(part, end, &echo);
        for warning in &settled.warnings {
            self.orders.watch.see(&Event::Warning(warning));
        }
        if !not_sent && !part.sent.is_empty() {
            self.jobs.push(job_report(part, &settled));
        }
        self.account(&part.rows, &settled.ends, settled.job.as_deref())?;
        self.stop = settled.stop.or_else(|| self.first_part_teaches(part, &settled.ends));
        if self.stop.is_none() && self.orders.stop.is_cancelled() {
            self.stop = Some(interrupted());
        }
        Ok(())
    }

    /// CLIENT 16: a first part that writes nothing, for another reason than keys that exist, would only be followed by
    /// more of the same.
    fn first_part_teaches(&self, part: &Part, ends: &[RowEnd]) -> Option<Stop> {
        if part.number != 1 || ends.iter().any(|end| end.status.is_written()) {
            return None;
        }
        let faulty = |end: &&RowEnd| match end.status {
            Status::Skipped => FirstFault::of(end, &self.plan).code != "DUPLICATE_DATA",
            Status::Failed => true,
            _ => false,
        };
        let first = ends.iter().find(faulty)?;
        let message = format!("the first part wrote nothing ({}), so the rest was not sent", first.errors);
        Some(Stop { code: Some(FirstFault::of(first, &self.plan).code), ..Stop::new(Exit::Stopped, message) })
    }

    fn account(&mut self, rows: &Rows, ends: &[RowEnd], job: Option<&str>) -> Result<(), ClientError> {
        for (row, end) in rows.iter().zip(ends) {
            let fault = FirstFault::of(end, &self.plan);
            self.tally.add(row, end, &fault, &self.plan);
            self.outputs.row(row, end, &fault, &self.plan, job)?;
        }
        self.parts += 1;
        let (rows, written) = (self.tally.total(), self.tally.written());
        let progress = Progress { parts: self.parts, rows, written, not_written: rows - written };
        self.orders.watch.see(&Event::PartSettled(progress));
        Ok(())
    }

    fn account_unsent(&mut self, rows: &Rows) -> Result<(), ClientError> {
        let code = self.stop.as_ref().and_then(|stop| stop.code.clone());
        let not_sent = RowEnd::of(Status::NotSent, "the run stopped before this row").with_code(code);
        let end = |row: crate::load::rows::RowView<'_>| match row.refused() {
            Some(refused) => refusal(&refused.reason),
            None => not_sent.clone(),
        };
        let ends: Vec<RowEnd> = rows.iter().map(end).collect();
        self.account(rows, &ends, None)
    }

    fn finish(self) -> Result<LoadReport, ClientError> {
        let exit = self.exit();
        // A run that came to the end of its file has not stopped, whatever its first part taught.
        let complete = self.tally.rows(Status::NotSent) == 0;
        let taught = self.stop.as_ref().is_some_and(|stop| stop.exit == Exit::Stopped);
        let report = LoadReport {
            target: self.orders.api.base_url().as_str().trim_end_matches('/').to_owned(),
            target_kind: self.orders.kind,
            zgid: self.orders.zgid,
            module: self.orders.settings.module.clone(),
            operation: self.orders.settings.operation.as_str(),
            key: self.plan.key.clone(),
            fields: self.orders.settings.fields.clone(),
            input: self.input,
            reading: self.reading,
            unmapped: self.plan.unmapped.clone(),
            counts: Status::ALL.map(|status| (status, self.tally.rows(status))).to_vec(),
            faults: self.tally.fault_counts(),
            first_faults: self.tally.first_faults().to_vec(),
            jobs: self.jobs,
            files: self.outputs.files(),
            started: self.started,
            ended: Timestamp::now(),
            stop: self.stop.filter(|_| !(complete && taught)),
            exit,
        };
        let text = serde_json::to_vec_pretty(&report.to_json()).expect("a report is text and numbers");
        self.outputs.finish(&text)?;
        Ok(report)
    }

    fn exit(&self) -> Exit {
        let rows = |status| self.tally.rows(status);
        let (total, written) = (self.tally.total(), self.tally.written());
        let complete = rows(Status::NotSent) == 0;
        match &self.stop {
            Some(stop) if !(complete && stop.exit == Exit::Stopped) => stop.exit,
            _ if written == 0 && rows(Status::Failed) > 0 => Exit::Stopped,
            _ if written == total => Exit::Done,
            _ => Exit::SomeNotWritten,
        }
    }
}

/// Whether a part is uploaded as soon as it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Uploading {
    Now,
    Later,
}

fn job_report(part: &Part, settled: &Settled) -> JobReport {
    let sent = || part.sent.iter().map(|&index| settled.ends[index].status);
    let counted = Status::ALL.map(|status| (status, sent().filter(|found| *found == status).count() as u64));
    JobReport {
        id: settled.job.clone(),
        part: part.number,
        rows: part.sent.len(),
        status: settled.job_status.clone().unwrap_or_else(|| Status::Unknown.as_str().to_owned()),
        counts: counted.into_iter().filter(|(_, rows)| *rows > 0).collect(),
    }
}
