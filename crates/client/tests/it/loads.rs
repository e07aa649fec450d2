//! Whole loads against the scripted vendor: every row is accounted for, whatever the vendor does.

use std::path::Path;
use std::time::Duration;

use bulkwright_client::api_words::Operation;
use bulkwright_client::load::{Event, FieldOptions, Input, NoWatch, PartLimits, PollInterval, load};
use bulkwright_client::{ClientError, LoadReport, LoadSettings, Watch};
use tokio_util::sync::CancellationToken;

use crate::fake::{Conduct, Rule, vendor};
use crate::script::{Script, fixed};

fn settings(out: &Path) -> LoadSettings {
    LoadSettings {
        module: "leads".into(),
        operation: Operation::Insert,
        key: None,
        join_by: None,
        ignore_empty: false,
        fields: FieldOptions::default(),
        out: out.to_owned(),
        parts: PartLimits { rows_max: 3, ..PartLimits::default() },
        poll_interval: Some(PollInterval(Duration::from_millis(1))),
        wait: None,
    }
}

pub(crate) struct Ran {
    pub(crate) report: LoadReport,
    folder: tempfile::TempDir,
    pub(crate) vendor: Script,
}

impl Ran {
    /// `line status record code column joined_by` of every row, and whether the source's cells came through.
    pub(crate) fn rows(&self, file: &str) -> Vec<String> {
        let mut csv = csv::ReaderBuilder::new().flexible(true).from_path(self.folder.path().join(file)).unwrap();
        let header = csv.headers().unwrap().clone();
        let at = |name: &str| header.iter().position(|found| found == name).unwrap();
        let shown = ["_line", "_status", "_record_id", "_code", "_column", "_joined_by"].map(at);
        csv.records().map(|row| row.unwrap()).map(|row| shown.map(|at| row[at].to_owned()).join(" ")).collect()
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.folder.path().join(file).exists()
    }
}

pub(crate) async fn run(csv: &str, rule: Rule, change: impl FnOnce(&mut LoadSettings)) -> Ran {
    run_watched(csv, rule, change, &NoWatch, &CancellationToken::new()).await.unwrap()
}

/// The same against a vendor that is there.
pub(crate) async fn run_against(vendor: Script, csv: &str) -> Ran {
    run_watched_against(vendor, csv, |_| {}, &NoWatch, &CancellationToken::new()).await.unwrap()
}

async fn run_watched(
    csv: &str,
    rule: Rule,
    change: impl FnOnce(&mut LoadSettings),
    watch: &dyn Watch,
    stop: &CancellationToken,
) -> Result<Ran, ClientError> {
    run_watched_against(vendor(rule).await, csv, change, watch, stop).await
}

async fn run_watched_against(
    vendor: Script,
    csv: &str,
    change: impl FnOnce(&mut LoadSettings),
    watch: &dyn Watch,
    stop: &CancellationToken,
) -> Result<Ran, ClientError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.csv");
    fs_err::write(&file, csv).unwrap();
    let mut settings = settings(folder.path());
    change(&mut settings);
    let api = vendor.api(fixed("t"));
    let report = load(&api, Input::open(&file, None)?, &settings, watch, stop).await?;
    Ok(Ran { report, folder, vendor })
}

pub(crate) const SEVEN: &str = "Last Name,email,_note\na,a@x.example,1\nbad,b@x.example,2\nc,c@x.example,3\nd,d@x.example,4\ne,e@x.example,5\nf,f@x.example,6\ng,g@x.example,7\n";

#[tokio::test]
async fn verdicts_find_their_rows_whatever_the_order() {
    let ran = run(SEVEN, |_| Conduct::Works, |settings| settings.key = Some("e-mail".into())).await;
    assert_eq!(
        ran.rows("in.results.csv"),
        [
            "2 ADDED 10000   key",
            "3 SKIPPED  INVALID_DATA Last Name key",
            "4 ADDED 10002   key",
            "5 ADDED 20000   key",
            "6 ADDED 20001   key",
            "7 ADDED 20002   key",
            "8 ADDED 30000   key",
        ]
    );
    assert_eq!(ran.rows("in.errors.csv"), ["3 SKIPPED  INVALID_DATA Last Name key"]);
    assert!(!ran.has("in.unknown.csv"));
    assert_eq!((ran.report.exit.code(), ran.report.jobs.len(), ran.report.total()), (3, 3, 7));
    let results = fs_err::read_to_string(ran.folder.path().join("in.results.csv")).unwrap();
    assert!(results.starts_with("Last Name,email,_note,_line,_status,"), "every source column stays: {results}");
    let report: serde_json::Value =
        serde_json::from_slice(&fs_err::read(ran.folder.path().join("in.report.json")).unwrap()).unwrap();
    assert_eq!((&report["exit_code"], &report["counts"]["ADDED"]), (&3.into(), &6.into()));
}

#[tokio::test]
async fn a_job_is_asked_for_with_the_key_first() {
    let check = async |change: fn(&mut LoadSettings), expected: &str| {
        let ran = run(SEVEN, |_| Conduct::Works, change).await;
        let requests = ran.vendor.requests();
        let create = requests.iter().find(|one| one.path == "/crm/bulk/v8/write").unwrap();
        assert_eq!(String::from_utf8(create.body.clone()).unwrap(), expected);
    };
    check(
        |settings| settings.key = Some("Email".into()),
        r#"{"character_encoding":"UTF-8","operation":"insert","resource":[{"type":"data","module":{"api_name":"Leads"},"file_id":"1","find_by":"Email","field_mappings":[{"api_name":"Email","index":0},{"api_name":"Last_Name","index":1}]}]}"#,
    )
    .await;
    check(
        |settings| {
            settings.operation = Operation::Upsert;
            settings.key = Some("Last Name".into());
            settings.ignore_empty = true;
        },
        r#"{"character_encoding":"UTF-8","operation":"upsert","ignore_empty":true,"resource":[{"type":"data","module":{"api_name":"Leads"},"file_id":"1","find_by":"Last_Name","field_mappings":[{"api_name":"Last_Name","index":0},{"api_name":"Email","index":1}]}]}"#,
    )
    .await;
}

#[tokio::test]
async fn equal_rows_with_different_ends_are_unknown() {
    let csv = "Last Name,Company\nbad,x\ngood,x\nbad,x\n";
    let ran = run(csv, |_| Conduct::Works, |_| {}).await;
    assert_eq!(ran.report.exit.code(), 3);
    assert_eq!(ran.rows("in.results.csv").len(), 3);
    // Joined by the company alone, good and bad look alike.
    let joined_by = |settings: &mut LoadSettings| settings.join_by = Some("Company".into());
    let narrow = "Company,Last Name\nx,bad\nx,good\n";
    let ran = run(narrow, |_| Conduct::Works, joined_by).await;
    assert_eq!(ran.rows("in.results.csv"), ["2 SKIPPED  INVALID_DATA Last Name key", "3 ADDED 10001   key"]);
}

#[tokio::test]
async fn an_unknown_create_is_not_repeated_and_its_rows_are_unknown() {
    let second = |job| if job == 2 { Conduct::AnswersHtml } else { Conduct::Works };
    let ran = run(SEVEN, second, |_| {}).await;
    assert_eq!(ran.rows("in.unknown.csv"), ["5 UNKNOWN    ", "6 UNKNOWN    ", "7 UNKNOWN    "]);
    assert_eq!(ran.rows("in.errors.csv").len(), 1, "only what is known not to be written");
    assert_eq!((ran.report.exit.code(), ran.vendor.count("POST", "/crm/bulk")), (3, 3));
    assert_eq!(ran.rows("in.results.csv")[6], "8 ADDED 30000   echo");
}

#[tokio::test]
async fn a_refused_first_part_ends_the_run() {
    let ran = run(SEVEN, |_| Conduct::Refuses, |_| {}).await;
    assert_eq!((ran.report.exit.code(), ran.vendor.count("POST", "/crm/bulk")), (4, 1));
    let rows = ran.rows("in.results.csv");
    assert_eq!(rows.len(), 7);
    assert!(rows.iter().all(|row| row.contains("NOT_SENT  MANDATORY_FIELDS_NOT_MAPPED")), "{rows:?}");
    assert_eq!(ran.report.stop.unwrap().code.as_deref(), Some("MANDATORY_FIELDS_NOT_MAPPED"));
}

#[tokio::test]
async fn a_first_part_that_writes_nothing_ends_the_run() {
    let csv = "Last Name\nbad\nbad\nbad\ngood\n";
    let ran = run(csv, |_| Conduct::Works, |_| {}).await;
    assert_eq!(ran.report.exit.code(), 4);
    assert_eq!(ran.rows("in.results.csv")[3], "5 NOT_SENT  INVALID_DATA  ");
    // With nothing left to send it has simply finished.
    let ran = run("Last Name\nbad\n", |_| Conduct::Works, |_| {}).await;
    assert_eq!((ran.report.exit.code(), ran.report.stop), (3, None));
}

#[tokio::test]
async fn a_failed_job_among_others_is_told_apart() {
    let second = |job| if job == 2 { Conduct::Fails } else { Conduct::Works };
    let ran = run(SEVEN, second, |_| {}).await;
    assert_eq!(ran.report.exit.code(), 3);
    assert_eq!(
        ran.rows("in.errors.csv")[1..],
        ["5 FAILED  LIMIT_EXCEEDED  ", "6 FAILED  LIMIT_EXCEEDED  ", "7 FAILED  LIMIT_EXCEEDED  "]
    );
    let ran = run("Last Name\na\n", |_| Conduct::Fails, |_| {}).await;
    assert_eq!(ran.report.exit.code(), 4, "nothing was written at all");
}

#[tokio::test]
async fn a_lost_result_leaves_what_the_counts_say() {
    let ran = run("Last Name\na\nb\n", |_| Conduct::LosesResult, |_| {}).await;
    assert_eq!(ran.rows("in.results.csv"), ["2 ADDED    counts", "3 ADDED    counts"]);
    assert_eq!(ran.report.exit.code(), 0);
    let ran = run("Last Name\na\nbad\n", |_| Conduct::LosesResult, |_| {}).await;
    assert_eq!(ran.rows("in.unknown.csv"), ["2 UNKNOWN    ", "3 UNKNOWN    "]);
    assert_eq!(ran.report.exit.code(), 3);
}

#[tokio::test]
async fn a_result_elsewhere_ends_the_run() {
    let ran = run(SEVEN, |_| Conduct::PointsElsewhere, |_| {}).await;
    assert_eq!((ran.report.exit.code(), ran.vendor.count("POST", "/crm/bulk")), (4, 1));
    assert!(ran.report.stop.as_ref().unwrap().message.contains("http://127.0.0.2:9/result.zip"));
    assert_eq!(ran.rows("in.unknown.csv").len(), 3);
}

#[tokio::test]
async fn waiting_ends_when_it_was_said_to() {
    let wait = |settings: &mut LoadSettings| settings.wait = Some(Duration::from_millis(30));
    let ran = run(SEVEN, |_| Conduct::Hangs, wait).await;
    assert_eq!(ran.report.exit.code(), 8);
    assert_eq!(ran.report.jobs[0].id.as_deref(), Some("1"), "the job that goes on is named");
    let rows = ran.rows("in.results.csv");
    assert_eq!((rows[0].as_str(), rows[6].as_str()), ("2 UNKNOWN    ", "8 NOT_SENT    "));
}

#[tokio::test]
async fn a_job_that_is_never_known_is_not_believed_at_once() {
    let ran = run("Last Name\na\n", |_| Conduct::Vanishes, |_| {}).await;
    assert_eq!(ran.report.exit.code(), 7);
    assert!(ran.vendor.count("GET", "/crm/bulk/v8/write/1") > 1, "it was looked at again and again");
    assert_eq!(ran.rows("in.unknown.csv").len(), 1);
}

/// Interrupts as soon as a job is there.
struct Interrupt<'a>(&'a CancellationToken);

impl Watch for Interrupt<'_> {
    fn see(&self, event: &Event<'_>) {
        if let Event::JobCreated { .. } = event {
            self.0.cancel();
        }
    }
}

#[tokio::test]
async fn an_interrupted_load_says_what_it_knows() {
    let stop = CancellationToken::new();
    let ran = run_watched(SEVEN, |_| Conduct::Hangs, |_| {}, &Interrupt(&stop), &stop).await.unwrap();
    assert_eq!(ran.report.exit.code(), 130);
    let rows = ran.rows("in.results.csv");
    assert_eq!((rows.len(), rows[0].as_str(), rows[3].as_str()), (7, "2 UNKNOWN    ", "5 NOT_SENT    "));
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_held_back() {
    let csv = "Last Name,Email\na,a@x.example\nb\nc,c@x.example,too,many\n\"d\"x,d@x.example\ne,e@x.example\n";
    let ran = run(csv, |_| Conduct::Works, |settings| settings.parts.rows_max = 10).await;
    assert_eq!(
        ran.rows("in.results.csv"),
        [
            "2 ADDED 10000   echo",
            "3 REFUSED  INVALID_DATA  ",
            "4 REFUSED  INVALID_DATA  ",
            "5 REFUSED  INVALID_DATA  ",
            "6 ADDED 10001   echo",
        ]
    );
    let errors = fs_err::read_to_string(ran.folder.path().join("in.errors.csv")).unwrap();
    assert!(errors.contains("\n\"c,c@x.example,too,many\",4,REFUSED,"), "as it stands, in one cell: {errors}");
    // Loaded again as it is, each of them is held back again.
    let again = run(&errors, |_| Conduct::Works, |_| {}).await;
    assert_eq!(again.report.rows(bulkwright_client::load::Status::Refused), 3, "{errors}");
    assert_eq!(again.vendor.count("POST", "/crm/bulk"), 0);
}

#[tokio::test]
async fn a_zip_that_would_be_too_large_is_cut_again() {
    let noise = |seed: u64| {
        (0..40).map(|at| format!("{:x}", seed.wrapping_mul(0x9E37_79B9_7F4A_7C15 ^ at))).collect::<String>()
    };
    let rows: String = (1..=40).map(|row| format!("{row},{}\n", noise(row * 7919))).collect();
    let csv = format!("Last Name,Description\n{rows}");
    let limit = |settings: &mut LoadSettings| {
        settings.parts = PartLimits { rows_max: 100, zip_bytes_max: 2_500, ..PartLimits::default() };
    };
    let ran = run(&csv, |_| Conduct::Works, limit).await;
    assert!(ran.report.jobs.len() > 2, "{:?}", ran.report.jobs);
    assert_eq!((ran.report.written(), ran.report.exit.code()), (40, 0));
    let lines: Vec<String> =
        ran.rows("in.results.csv").iter().map(|row| row.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(lines, (2..=41).map(|line| line.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_cannot_be_planned_is_refused_before_anything_is_sent() {
    let check = async |csv: &str, change: fn(&mut LoadSettings), exit: u8, expected: &str| {
        let ran = run_watched(csv, |_| Conduct::Works, change, &NoWatch, &CancellationToken::new()).await;
        let error = ran.err().unwrap_or_else(|| panic!("{expected} was not refused"));
        assert_eq!(error.exit().code(), exit, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    };
    check("Last Name\na\n", |settings| settings.module = "Ships".into(), 7, "there is no module Ships").await;
    check("Foo,Bar\na,b\n", |_| {}, 4, "names no field of Leads: it has Foo, Bar").await;
    check("_line,_status\n1,2\n", |_| {}, 4, "names no field").await;
    check("Created_Time\nx\n", |_| {}, 4, "names no field").await;
    check("Last Name,Last_Name\na,b\n", |_| {}, 4, "both name the field Last_Name").await;
    check("Last Name\na\n", |settings| settings.key = Some("Email".into()), 2, "no column of the file carries Email")
        .await;
    check("Last Name\na\n", |settings| settings.key = Some("Wings".into()), 2, "no such field").await;
    check("Last Name\na\n", |settings| settings.operation = Operation::Update, 2, "--key FIELD").await;
    check("\n\n", |_| {}, 4, "is empty").await;
    check("PK\0\u{1},x\n", |_| {}, 4, "is no CSV").await;
}
