//! Waiting for a job: what is asked, what is told, and what a wait survives.

use std::sync::Mutex;
use std::time::Duration;

use bulkwright_client::api_words::Version;
use bulkwright_client::load::PollInterval;
use bulkwright_client::{
    Api, ApiSettings, ClientError, Patience, Seen, TargetKind, Trust, WaitEnd, WaitSettings, wait_for_job,
};
use tokio_util::sync::CancellationToken;

use crate::script::{Reply, Script, fixed};

const SETTINGS: WaitSettings = WaitSettings {
    timeout: None,
    news_every: Duration::from_secs(30),
    poll_interval: Some(PollInterval(Duration::from_millis(1))),
};

fn api(script: &Script, disbelief: Duration) -> Api {
    let patience = Patience { tries_max: 2, pause: Duration::from_millis(1), disbelief, ..Patience::default() };
    let base_url = bulkwright_client::base_url(&script.url()).unwrap();
    Api::new(ApiSettings {
        base_url,
        upload_url: None,
        token: fixed("t"),
        trust: Trust::default(),
        version: Version::V8,
        patience,
    })
    .unwrap()
}

fn job(status: &str, added: u64) -> Reply {
    let counts = format!(r#"{{"added":{added},"updated":0,"skipped":0,"total":{added}}}"#);
    let body = format!(
        r#"{{"id":"7","org":"1","status":"{status}","operation":"insert","counts":{counts},"created_time":"","attempt":1}}"#
    );
    Reply::json(200, &body)
}

/// Waits for job 7, and gives what was told meanwhile in words.
async fn wait(api: &Api, kind: TargetKind, settings: WaitSettings) -> (Result<WaitEnd, ClientError>, Vec<String>) {
    let told = Mutex::new(Vec::new());
    let see = |seen: &Seen| told.lock().unwrap().push(format!("{} {}", seen.status, seen.counts.total));
    let ended = wait_for_job(api, kind, "7", settings, &CancellationToken::new(), &see).await;
    (ended, told.into_inner().unwrap())
}

#[tokio::test]
async fn an_own_server_is_asked_to_answer_at_the_end() {
    let script = Script::serve(|_, before| match before {
        0 => job("ADDED", 0),
        1 => job("INPROGRESS", 5),
        _ => job("COMPLETED", 9),
    })
    .await;
    let (ended, told) = wait(&api(&script, Duration::ZERO), TargetKind::Own, SETTINGS).await;
    assert_eq!(
        (ended.unwrap(), told),
        (WaitEnd::Through, ["ADDED 0", "INPROGRESS 5", "COMPLETED 9"].map(str::to_owned).into())
    );
    let asked: Vec<String> = script.requests().into_iter().map(|request| request.path).collect();
    let wait_of = |time: &str| format!("/_bulkwright/jobs/7/wait?timeout={time}");
    assert_eq!(asked, [wait_of("0ms"), wait_of("30000ms"), wait_of("30000ms")]);
}

#[tokio::test]
async fn a_target_that_is_away_for_a_while_is_waited_for() {
    let script = Script::serve(|_, before| match before {
        0 => job("INPROGRESS", 1),
        1 | 2 | 5 => Reply::Cut,
        3 | 4 => Reply::html(502),
        6 => Reply::error(503, "SERVICE_UNAVAILABLE"),
        _ => job("FAILED", 1),
    })
    .await;
    let (ended, told) = wait(&api(&script, Duration::from_secs(60)), TargetKind::Own, SETTINGS).await;
    assert_eq!((ended.unwrap(), told.len()), (WaitEnd::Through, 2));
}

#[tokio::test]
async fn what_will_not_change_ends_a_wait() {
    let check = async |first: Reply, later: Reply, code: u8| {
        let script = Script::serve(move |_, before| if before == 0 { first.clone() } else { later.clone() }).await;
        let (ended, _) = wait(&api(&script, Duration::ZERO), TargetKind::Own, SETTINGS).await;
        assert_eq!(ended.unwrap_err().exit().code(), code);
    };
    let gone = || Reply::error(400, "RESOURCE_NOT_FOUND");
    check(gone(), gone(), 7).await;
    check(job("ADDED", 0), gone(), 7).await;
    check(job("ADDED", 0), Reply::error(401, "OAUTH_SCOPE_MISMATCH"), 6).await;
    // Nobody was ever there: that is not waited for.
    check(Reply::Cut, Reply::Cut, 5).await;
    check(job("ADDED", 0), Reply::html(502), 5).await;
}

#[tokio::test]
async fn a_wait_ends_when_its_time_is_over_or_it_is_told_to() {
    let script = Script::serve(|_, _| job("INPROGRESS", 3)).await;
    let api = api(&script, Duration::ZERO);
    let bounded = WaitSettings { timeout: Some(Duration::from_millis(1)), ..SETTINGS };
    let (ended, told) = wait(&api, TargetKind::Own, bounded).await;
    assert_eq!((ended.unwrap(), told), (WaitEnd::TimeOver, vec!["INPROGRESS 3".to_owned()]), "one look is always had");
    let stop = CancellationToken::new();
    stop.cancel();
    let ended = wait_for_job(&api, TargetKind::Own, "7", SETTINGS, &stop, &|_| ()).await;
    assert_eq!(ended.unwrap(), WaitEnd::Stopped);
}

#[tokio::test]
async fn the_vendors_job_is_polled() {
    let details = |status: &str| {
        let file = r#"{"status":"COMPLETED","name":"x.csv","added_count":2,"skipped_count":1,"updated_count":0,"total_count":3}"#;
        Reply::json(200, &format!(r#"{{"id":"7","status":"{status}","resource":[{{"file":{file}}}]}}"#))
    };
    let script = Script::serve(move |_, before| details(if before < 3 { "IN PROGRESS" } else { "COMPLETED" })).await;
    let (ended, told) = wait(&api(&script, Duration::ZERO), TargetKind::Vendor, SETTINGS).await;
    assert_eq!((ended.unwrap(), told.last().unwrap().as_str()), (WaitEnd::Through, "COMPLETED 3"));
    assert_eq!((script.count("GET", "/crm/bulk/v8/write/7"), script.count("GET", "/_bulkwright")), (4, 0));
}
