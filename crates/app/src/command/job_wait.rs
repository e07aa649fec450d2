//! `job wait`: until a job is through, and then what came of it.

use std::sync::Mutex;
use std::time::Duration;

use bulkwright_client::api_words::{JobDetails, JobView, Status};
use bulkwright_client::load::PollInterval;
use bulkwright_client::{Exit, Seen, WaitEnd, WaitSettings, wait_for_job};
use indicatif::ProgressBar;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::job_show::own_view;
use super::job_view::{failure_of, for_people, local_time, skipped};
use super::load::spinner;
use crate::args::JobWaitArgs;
use crate::exit::Failure;
use crate::signals::stop_on_signal;
use crate::target::{NoData, Target};
use crate::ui::{ShownProgress, Ui, counted};

/// How often a bar is moved.
const BAR_NEWS: Duration = Duration::from_secs(1);
/// How often a line may be written.
const LINE_NEWS: Duration = Duration::from_secs(30);

pub(crate) async fn run(args: &JobWaitArgs, ui: &Ui) -> Result<Exit, Failure> {
    let ended = attempt(args, ui).await;
    if let (true, Err(failure)) = (ui.json, &ended) {
        let (code, message) = (failure.exit.code(), &failure.message);
        ui.answer_json(&json!({ "message_type": "summary", "exit_code": code, "stopped": { "message": message } }));
    }
    ended
}

async fn attempt(args: &JobWaitArgs, ui: &Ui) -> Result<Exit, Failure> {
    let target = Target::resolve(&args.target, NoData::Refuse).await?;
    let ended = wait(args, &target, ui).await;
    target.close().await;
    ended
}

async fn wait(args: &JobWaitArgs, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    let show = Show::new(&args.id, ui);
    let stop = stop_on_signal(|| ());
    let settings = WaitSettings {
        timeout: args.timeout,
        news_every: show.news_every(),
        poll_interval: args.poll_interval.map(PollInterval),
    };
    let kind = target.kind().await?;
    let ended = wait_for_job(&target.api, kind, &args.id, settings, &stop, &|seen| show.see(seen)).await;
    show.bar.finish_and_clear();
    match ended? {
        WaitEnd::Through => through(args, target, ui).await,
        WaitEnd::TimeOver => Err(Failure::new(
            Exit::WaitOver,
            format!("the time to wait ran out: {}", show.last()),
            format!("it goes on; look again with `bulkwright job wait {}`", args.id),
        )),
        WaitEnd::Stopped => Err(Failure::new(
            Exit::Interrupted,
            format!("interrupted: {}", show.last()),
            format!("it goes on; look again with `bulkwright job wait {}`", args.id),
        )),
    }
}

/// Shows a job that is through. Whatever is wrong with it is said last, where it is seen.
async fn through(args: &JobWaitArgs, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    let details = target.api.job(&args.id).await?;
    let view = own_view(target, &args.id, ui).await;
    let failed = (Status::parse(&details.status) == Some(Status::Failed)).then(|| failure(&details));
    let skipped = skipped(&details);
    let exit = match &failed {
        Some(failure) => failure.exit,
        None if skipped > 0 => Exit::SomeNotWritten,
        None => Exit::Done,
    };
    if ui.json {
        ui.answer_json(&summary(&details, view.as_ref(), exit));
    } else {
        ui.answer(&for_people(&details, view.as_ref(), &TimeZone::system()));
    }
    if let Some(failure) = &failed {
        ui.fail(failure);
    } else if skipped > 0 {
        let rows = counted(skipped, "row");
        ui.talk(&format!("{rows} not written; `bulkwright job result {}` fetches the CSV that says why", args.id));
    }
    Ok(exit)
}

fn failure(details: &JobDetails) -> Failure {
    let message = format!("job {} failed: {}", details.id, failure_of(details));
    Failure::new(Exit::Stopped, message, "mend what is named and create a new job; nothing is tried again by itself")
}

fn summary(details: &JobDetails, view: Option<&JobView>, exit: Exit) -> Value {
    json!({ "message_type": "summary", "exit_code": exit.code(), "job": details, "bulkwright": view })
}

/// Shows a wait while it lasts.
struct Show<'a> {
    id: &'a str,
    ui: &'a Ui,
    form: ShownProgress,
    bar: ProgressBar,
    last: Mutex<Option<Seen>>,
}

impl<'a> Show<'a> {
    fn new(id: &'a str, ui: &'a Ui) -> Self {
        let form = ui.progress();
        Show { id, ui, form, bar: spinner(form, "looking at the job"), last: Mutex::new(None) }
    }

    fn news_every(&self) -> Duration {
        if self.form == ShownProgress::Bar { BAR_NEWS } else { LINE_NEWS }
    }

    fn see(&self, seen: &Seen) {
        let before = self.last.lock().expect("nobody panics while holding this").replace(seen.clone());
        if before.as_ref() == Some(seen) {
            return;
        }
        let line = in_words(self.id, seen);
        match self.form {
            ShownProgress::Bar => self.bar.set_message(line),
            ShownProgress::Lines => self.ui.talk(&line),
            ShownProgress::Json => self.ui.talk(&status(self.id, seen).to_string()),
            ShownProgress::Nothing => {}
        }
        if self.ui.json {
            self.bar.suspend(|| self.ui.answer_json(&status(self.id, seen)));
        }
    }

    /// How the job was seen last.
    fn last(&self) -> String {
        let last = self.last.lock().expect("nobody panics while holding this");
        last.as_ref().map_or_else(|| format!("job {} was not seen", self.id), |seen| in_words(self.id, seen))
    }
}

fn in_words(id: &str, seen: &Seen) -> String {
    let rows = counted(seen.counts.total, "row");
    if Status::parse(&seen.status).is_some_and(Status::is_final) {
        return format!("job {id} is {}, {rows}", seen.status);
    }
    let mut text = format!("job {id} is {}, {rows} so far", seen.status);
    if let (Some(until), Some(cause)) = (&seen.rests_until, &seen.cause) {
        text.push_str(&format!("; it rests until {}: {cause}", local_time(until, &TimeZone::system())));
    }
    text
}

fn status(id: &str, seen: &Seen) -> Value {
    json!({
        "message_type": "status",
        "job": id,
        "status": seen.status,
        "counts": seen.counts,
        "rests_until": seen.rests_until,
        "cause": seen.cause,
    })
}
