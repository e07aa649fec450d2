//! `job show`: one look at a job.

use bulkwright_client::api_words::{JobDetails, JobView};
use bulkwright_client::{Answer, Exit, TargetKind};
use jiff::tz::TimeZone;
use serde_json::json;

use super::job_errors;
use super::job_view::for_people;
use crate::advice;
use crate::args::JobShowArgs;
use crate::exit::Failure;
use crate::target::{NoData, Target};
use crate::ui::Ui;

pub(crate) async fn run(args: &JobShowArgs, ui: &Ui) -> Result<Exit, Failure> {
    let target = Target::resolve(&args.target, NoData::Refuse).await?;
    let ended = look(args, &target, ui).await;
    target.close().await;
    ended
}

async fn look(args: &JobShowArgs, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    if args.show_curl {
        ui.answer(&curl(target.api.job_url(&args.id).as_str()));
        return Ok(Exit::Done);
    }
    ui.talk_more(&format!("asking {}", target.name));
    let answer = target.api.job_answer(&args.id).await?;
    let refused = refusal(&answer, !args.raw);
    if args.raw {
        ui.answer_body(&as_received(&answer));
    } else if ui.json && refused.is_some() {
        ui.answer_body(&answer.body);
    }
    if let Some(failure) = refused {
        return Err(failure);
    }
    if args.raw {
        return Ok(Exit::Done);
    }
    let view = own_view(target, &args.id, ui).await;
    if ui.json {
        ui.answer_body(&with_own_view(answer.body, view.as_ref()));
        return Ok(Exit::Done);
    }
    let details: JobDetails = answer.read("looking at the job", target.api.base_url().authority())?;
    ui.answer(&for_people(&details, view.as_ref(), &TimeZone::system()));
    if view.is_some_and(|view| view.counts.skipped > 0) {
        job_errors::show(target, &args.id, ui).await;
    }
    Ok(Exit::Done)
}

/// What a server of one's own knows beside the API's answer. It is no failure to know no more than that.
pub(super) async fn own_view(target: &Target, id: &str, ui: &Ui) -> Option<JobView> {
    let view = match target.kind().await {
        Ok(TargetKind::Own) => target.api.job_view(id).await.map_err(Failure::from),
        Ok(TargetKind::Vendor) => return None,
        Err(failure) => Err(failure),
    };
    view.map_err(|failure| ui.warn(&failure.message)).ok()
}

/// The API's answer as it was received, and behind its keys one of our own.
pub(super) fn with_own_view(body: Vec<u8>, view: Option<&JobView>) -> Vec<u8> {
    let Some(view) = view else { return body };
    let Ok(serde_json::Value::Object(mut answer)) = serde_json::from_slice(&body) else { return body };
    answer.insert("bulkwright".to_owned(), json!(view));
    serde_json::Value::Object(answer).to_string().into_bytes()
}

/// The command that sends the same request; the token is not shown.
fn curl(url: &str) -> String {
    format!("curl -i -H 'Authorization: Zoho-oauthtoken ****' -H 'Accept-Encoding: identity' '{url}'")
}

/// Status line, headers and body. Nothing was unpacked on the way, because nothing was asked to be packed.
fn as_received(answer: &Answer) -> Vec<u8> {
    let mut text = head(answer).join("\n").into_bytes();
    text.extend_from_slice(b"\n\n");
    text.extend_from_slice(&answer.body);
    text
}

fn head(answer: &Answer) -> Vec<String> {
    let mut lines = vec![format!("{} {} {}", answer.version, answer.status, answer.reason())];
    lines.extend(answer.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines
}

/// What an answer that is an error says, with its status and headers unless they were shown already.
fn refusal(answer: &Answer, show_head: bool) -> Option<Failure> {
    let error = answer.error();
    if answer.status < 400 && error.is_none() {
        return None;
    }
    let mut failure = match error {
        Some(error) => {
            let exit = Exit::of_code(&error.code, answer.status);
            Failure::new(exit, format!("{}: {}", error.code, error.message), advice::for_refusal(&error.code))
        }
        None => {
            let message = format!("HTTP {} {}, and the body is no error of the API", answer.status, answer.reason());
            Failure::new(Exit::Temporary, message, "a proxy or another program seems to answer; check the base URL")
        }
    };
    if show_head {
        failure.evidence = head(answer);
    }
    Some(failure)
}
