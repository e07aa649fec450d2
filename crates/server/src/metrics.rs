//! Figures for those who watch a server, in the text form of OpenMetrics.
//!
//! What happens is counted as it happens; what the store holds is asked of it at each scrape. Labels have few values
//! that are known beforehand: endpoints are templates of paths, never paths.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bulkwright_engine::verdict::Counts;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::Figures;
use http::StatusCode;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::deliver;
use crate::state::App;

/// What the text is.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The endpoint of a request whose path leads nowhere.
pub(crate) const NO_ENDPOINT: &str = "none";

const PREFIX: &str = "bulkwright";
/// Jobs' states as the API calls them, in the order of [`Figures::jobs`].
const STATES: [&str; 4] = ["ADDED", "INPROGRESS", "COMPLETED", "FAILED"];
const VERDICTS: [&str; 3] = ["added", "updated", "skipped"];

/// One label.
type Label = [(&'static str, &'static str); 1];

/// Everything that is counted in this process.
pub(crate) struct Metrics {
    began: Instant,
    registry: Registry,
    /// Rows by `verdict`, counted when their chunk is committed.
    rows: Family<Label, Counter>,
    /// Bytes of uploads that were stored.
    pub(crate) upload_bytes: Counter,
    /// From a chunk's decision to its being durable.
    pub(crate) chunk_commit_seconds: Histogram,
    /// Requests that are being answered.
    pub(crate) requests_open: Gauge,
    /// Connections that are open.
    pub(crate) connections_open: Gauge,
    requests: Family<[(&'static str, &'static str); 2], Counter>,
    request_seconds: Family<Label, Histogram, fn() -> Histogram>,
}

/// One of what a gauge counts, as long as it lives.
pub(crate) struct Open(Gauge);

impl Open {
    pub(crate) fn counted_by(gauge: &Gauge) -> Self {
        gauge.inc();
        Open(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Metrics {
            began: Instant::now(),
            registry: Registry::with_prefix(PREFIX),
            rows: Family::default(),
            upload_bytes: Counter::default(),
            // From half a millisecond to half a minute.
            chunk_commit_seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 17)),
            requests_open: Gauge::default(),
            connections_open: Gauge::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(request_histogram),
        };
        metrics.register();
        // What has not happened yet is 0, and not absent.
        metrics.count_rows(Counts::default());
        metrics
    }

    /// Counts the rows of a chunk that is committed.
    pub(crate) fn count_rows(&self, counts: Counts) {
        for (verdict, rows) in VERDICTS.into_iter().zip([counts.added, counts.updated, counts.skipped]) {
            self.rows.get_or_create(&[("verdict", verdict)]).inc_by(rows);
        }
    }

    /// Counts a request that is answered: its endpoint is the template of its path.
    pub(crate) fn count_request(&self, endpoint: &'static str, status: StatusCode, began: Instant) {
        self.requests.get_or_create(&[("endpoint", endpoint), ("status", class_of(status))]).inc();
        self.request_seconds.get_or_create(&[("endpoint", endpoint)]).observe(began.elapsed().as_secs_f64());
    }

    fn register(&mut self) {
        let Metrics { registry, .. } = self;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", build);
        registry.register("rows", "Rows of committed chunks by what became of them", self.rows.clone());
        let help = "Bytes of uploads that were stored";
        registry.register_with_unit("upload", help, Unit::Bytes, self.upload_bytes.clone());
        let help = "Time from the decision about a chunk to its being durable";
        registry.register_with_unit("chunk_commit", help, Unit::Seconds, self.chunk_commit_seconds.clone());
        registry.register("requests_open", "Requests that are being answered", self.requests_open.clone());
        registry.register("connections_open", "Connections that are open", self.connections_open.clone());
        let help = "Requests that were answered by endpoint and class of status";
        registry.register("requests", help, self.requests.clone());
        let help = "Time from a request's head to the beginning of its answer";
        registry.register_with_unit("request", help, Unit::Seconds, self.request_seconds.clone());
    }
}

/// The text of a scrape.
pub(crate) async fn scrape(app: &App) -> Result<String, StoreError> {
    let figures = app.store.figures().await?;
    let mut held = of_store(&figures, app.clock.seconds(), app.metrics.began.elapsed());
    held.register("callbacks", "Tries of callbacks by how they ended", tries_of(&app.callbacks.counts));
    let mut text = String::new();
    encode_registry(&mut text, &app.metrics.registry)
        .and_then(|()| encode_registry(&mut text, &held))
        .and_then(|()| encode_eof(&mut text))
        .expect("a text takes every character");
    Ok(text)
}

/// What the store holds right now, made anew for each scrape, so that nothing of an earlier one is told again.
fn of_store(figures: &Figures, now: i64, uptime: Duration) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let jobs = Family::<Label, Gauge>::default();
    for (state, count) in STATES.into_iter().zip(figures.jobs) {
        jobs.get_or_create(&[("state", state)]).set(count.cast_signed());
    }
    registry.register("jobs", "Jobs by state", jobs);
    let age = figures.oldest_waiting.map_or(0, |since| now.saturating_sub(since).max(0));
    let help = "How long the oldest job has waited that nobody works on; 0 if none waits";
    registry.register_with_unit("queue_age", help, Unit::Seconds, ConstGauge::new(age));
    let help = "Callbacks that are still tried";
    registry.register("callbacks_pending", help, ConstGauge::new(figures.deliveries_pending.cast_signed()));
    let help = "Bytes of the databases";
    registry.register_with_unit("store", help, Unit::Bytes, ConstGauge::new(figures.database_bytes.cast_signed()));
    if let Some(free) = figures.free_bytes {
        let help = "Bytes that the disk of the data has left";
        registry.register_with_unit("disk_free", help, Unit::Bytes, ConstGauge::new(free.cast_signed()));
    }
    let help = "Time since this process began to serve";
    registry.register_with_unit("uptime", help, Unit::Seconds, ConstGauge::new(uptime.as_secs_f64()));
    registry
}

/// Tries of callbacks, as those who send them have counted.
fn tries_of(counts: &deliver::Counts) -> Family<Label, Counter> {
    let tries = Family::<Label, Counter>::default();
    let deliver::Counts { delivered, postponed, given_up } = counts;
    for (outcome, count) in [("delivered", delivered), ("postponed", postponed), ("given_up", given_up)] {
        tries.get_or_create(&[("outcome", outcome)]).inc_by(count.load(Ordering::Relaxed));
    }
    tries
}

/// From a millisecond to a quarter of an hour: uploads take as long as they come.
fn request_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 4.0, 11))
}

fn class_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_told_as_it_is_and_what_is_not_known_is_left_out() {
        let told = |figures: &Figures, now: i64| {
            let mut text = String::new();
            encode_registry(&mut text, &of_store(figures, now, Duration::from_millis(1500))).unwrap();
            let values = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned);
            values.collect::<Vec<String>>().join("\n")
        };
        let figures = Figures {
            jobs: [2, 1, 40, 3],
            oldest_waiting: Some(1000),
            deliveries_pending: 7,
            database_bytes: 4096,
            free_bytes: Some(1 << 40),
        };
        let told_all = told(&figures, 1030);
        for line in [
            "bulkwright_jobs{state=\"ADDED\"} 2",
            "bulkwright_jobs{state=\"INPROGRESS\"} 1",
            "bulkwright_jobs{state=\"COMPLETED\"} 40",
            "bulkwright_jobs{state=\"FAILED\"} 3",
            "bulkwright_queue_age_seconds 30",
            "bulkwright_callbacks_pending 7",
            "bulkwright_store_bytes 4096",
            "bulkwright_disk_free_bytes 1099511627776",
            "bulkwright_uptime_seconds 1.5",
        ] {
            assert!(told_all.lines().any(|told| told == line), "no {line} in\n{told_all}");
        }
        // A clock that was set back makes nobody wait less than not at all.
        assert!(told(&figures, 900).contains("queue_age_seconds 0"));
        let unknown = told(&Figures::default(), 1030);
        assert!(unknown.contains("queue_age_seconds 0") && !unknown.contains("disk_free"), "{unknown}");
    }

    #[test]
    fn what_is_open_is_counted_as_long_as_it_is() {
        let gauge = Gauge::default();
        let (one, two) = (Open::counted_by(&gauge), Open::counted_by(&gauge));
        assert_eq!(gauge.get(), 2);
        drop((one, two));
        assert_eq!(gauge.get(), 0);
    }
}
