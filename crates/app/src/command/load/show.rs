//! What is seen of a load while it runs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use bulkwright_client::Watch;
use bulkwright_client::load::{Event, Plan, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::ui::{ShownProgress, Ui, counted, grouped};

/// Shows a load.
pub(crate) struct Show {
    ui: Ui,
    form: ShownProgress,
    bar: ProgressBar,
    /// The status of the job that was seen last, so that it is told once.
    seen: Mutex<String>,
    begun: AtomicBool,
}

impl Show {
    pub(crate) fn new(ui: &Ui) -> Self {
        let form = ui.progress();
        let bar = spinner(form, "waiting for the first job");
        Show { ui: ui.clone(), form, bar, seen: Mutex::new(String::new()), begun: AtomicBool::new(false) }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Whether the load was more than refused: from here on things may have been sent.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    fn planned(&self, reading: &str, plan: &Plan) {
        let key = plan.key.as_ref().map_or(String::new(), |key| format!(", found by {key}"));
        let columns = counted(plan.columns.len() as u64, "column");
        self.talk(&format!("Read as {reading}; {columns} sent{key}"));
        for column in &plan.columns {
            let by = column.find_by.as_ref().map_or(String::new(), |by| format!(", looked up by {by}"));
            let format = column.format.as_ref().map_or(String::new(), |format| format!(", written as {format}"));
            let default = column.default.as_ref().map_or(String::new(), |value| format!(", {value} where it is empty"));
            self.ui.talk_more(&format!("  {} -> {}{by}{format}{default}", column.header, column.field));
        }
        for constant in &plan.constants {
            self.ui.talk_more(&format!("  {} in all rows -> {}", constant.value, constant.field));
        }
    }

    fn settled(&self, progress: &Progress) {
        let (rows, written) = (counted(progress.rows, "row"), grouped(progress.written));
        let text = format!("{rows} settled: {written} written, {} not", grouped(progress.not_written));
        match self.form {
            ShownProgress::Bar => self.bar.set_message(text),
            ShownProgress::Lines => self.ui.talk(&text),
            ShownProgress::Json => self.ui.talk(&status(progress).to_string()),
            ShownProgress::Nothing => {}
        }
    }

    fn talk(&self, line: &str) {
        self.bar.suspend(|| self.ui.talk(line));
    }

    /// One line of JSON, if the answer is in JSON.
    fn answer(&self, value: impl FnOnce() -> Value) {
        if self.ui.json {
            self.bar.suspend(|| self.ui.answer_json(&value()));
        }
    }

    fn is_news(&self, job_and_status: String) -> bool {
        let mut seen = self.seen.lock().expect("nobody panics while holding this");
        let news = *seen != job_and_status;
        *seen = job_and_status;
        news
    }
}

impl Watch for Show {
    fn see(&self, event: &Event<'_>) {
        match event {
            Event::Planned { input, reading, bytes, module, plan } => {
                self.begun.store(true, Ordering::Relaxed);
                self.planned(reading, plan);
                self.answer(|| {
                    let columns = plan.columns.iter().map(|one| json!({ "column": one.header, "field": one.field }));
                    json!({
                        "message_type": "plan",
                        "input": input.to_string_lossy(),
                        "bytes": bytes,
                        "reading": reading,
                        "module": module,
                        "key": plan.key,
                        "columns": columns.collect::<Vec<_>>(),
                        "unmapped_columns": plan.unmapped,
                    })
                });
            }
            Event::Warning(text) => self.bar.suspend(|| self.ui.warn(text)),
            Event::JobCreated { id, part, rows } => {
                if self.form != ShownProgress::Nothing {
                    self.talk(&format!("job {id}: {}", counted(*rows as u64, "row")));
                }
                self.answer(|| json!({ "message_type": "job", "job": id, "part": part, "rows": rows }));
            }
            Event::JobSeen { id, status } if self.is_news(format!("{id} {status}")) => {
                self.answer(|| json!({ "message_type": "status", "job": id, "status": status }));
            }
            Event::PartSettled(progress) => {
                self.settled(progress);
                self.answer(|| status(progress));
            }
            _ => {}
        }
    }
}

fn status(progress: &Progress) -> Value {
    json!({
        "message_type": "status",
        "parts": progress.parts,
        "rows": progress.rows,
        "written": progress.written,
        "not_written": progress.not_written,
    })
}

/// A line that shows how long something takes; hidden where no bar is wanted.
pub(in crate::command) fn spinner(form: ShownProgress, message: &'static str) -> ProgressBar {
    if form != ShownProgress::Bar {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}").expect("the template is a constant");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
    bar.set_message(message);
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar
}
