//! `GET /_bulkwright/jobs/{id}/rows` and `/jobs/{id}/summary`: what became of each row, with all that is wrong with it, from
//! the ledger and, as long as it is there, the upload.

mod asked;
mod line;
mod reading;
mod stream;
mod view;

use std::ops::ControlFlow;

use bulkwright_engine::result::full::{self, Filter};
use bulkwright_wire::rows::{RowsFormat, RowsInfo, RowsPage, RowsSummary};
use http::header::ACCEPT;

use super::OwnCall;
use super::job_view;
use super::jobs::Look;
use crate::reply::{Answer, Refusal};
use asked::Asked;
use reading::Reading;

/// Rows in the form that is asked for: one page of them, or all of them as they are read.
pub(super) async fn list(call: &OwnCall<'_>) -> Result<Answer, Refusal> {
    let accept = call.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let asked = Asked::of(&call.query, accept)?;
    let reading = Reading::of(call.app, Look::at(call)?.job().await?).await?;
    let filter = asked.filter(&reading)?;
    match asked.format {
        RowsFormat::Json => page(reading, filter, &asked).await,
        RowsFormat::JsonLines | RowsFormat::Csv => stream::answer(reading, filter, &asked).await,
    }
}

async fn page(reading: Reading, filter: Filter, asked: &Asked) -> Result<Answer, Refusal> {
    let (from, limit) = (asked.from, asked.limit_of_page() as usize);
    let (job, upload) = (reading.job(), reading.upload());
    let (rows, next_from) = reading
        .read(move |known| {
            let (mut rows, mut next_from) = (Vec::new(), None);
            full::walk(known, &filter, from, |row| {
                // One more than is shown tells that there are more.
                if rows.len() == limit {
                    next_from = Some(row.number);
                    return ControlFlow::Break(());
                }
                rows.push(view::row(row));
                ControlFlow::Continue(())
            })?;
            Ok((rows, next_from))
        })
        .await?;
    let info = RowsInfo { count: rows.len() as u32, more_records: next_from.is_some(), next_from };
    Ok(Answer::ok(&RowsPage { job, upload, rows, info }))
}

/// What is wrong with the rows, and how often.
pub(super) async fn summary(call: &OwnCall<'_>) -> Result<Answer, Refusal> {
    let reading = Reading::of(call.app, Look::at(call)?.job().await?).await?;
    let (job, upload) = (reading.job(), reading.upload());
    let groups = reading.read(full::groups).await?;
    let counts = job_view::counts(groups.counts);
    let groups_left_off = u32::try_from(groups.left_off).unwrap_or(u32::MAX);
    let groups = groups.groups.into_iter().map(view::group).collect();
    Ok(Answer::ok(&RowsSummary { job, upload, counts, groups, groups_left_off }))
}
