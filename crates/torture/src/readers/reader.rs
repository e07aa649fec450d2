//! One reader: it asks again and again until the job is over, and notes what each answer showed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, ensure};
use bulkwright_engine::ids::{BUCKETS, ID_BASE};

use crate::client::{Client, Page};
use crate::random::Random;

/// How a reader reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reader {
    NewestFirst,
    OldestFirst,
    LastChangedFirst,
    ByAddress,
}

/// One read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) seen: anyhow::Result<Seen>,
}

/// What a read showed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen {
    /// The newest record has this number; `None` if there is none.
    Newest(Option<i64>),
    /// Records somewhere in the middle.
    Middle,
    /// The record of this row of the file, or that it is not there.
    Row { row: i64, found: bool },
}

/// Fields that a page shows: some of a list in a browser.
const FIELDS: &str = "id,Last_Name,Company,Email,Modified_Time";
/// Pages in a row that a reader goes on before it begins again.
const PAGES_MAX: usize = 4;

impl Reader {
    pub(super) const ALL: [Reader; 4] =
        [Reader::NewestFirst, Reader::OldestFirst, Reader::LastChangedFirst, Reader::ByAddress];

    /// Reads until it is over.
    pub(super) async fn read(self, client: &Client, addresses: &[String], over: &AtomicBool) -> Vec<Read> {
        let mut reads = Vec::new();
        let mut random = Random::new(addresses.len() as u64, self as u64);
        let mut place = Place { token: None, pages: 0 };
        while !over.load(Ordering::Relaxed) {
            let began = Instant::now();
            let seen = match self {
                Reader::ByAddress => search(client, addresses, random.below(addresses.len() as u64) as usize).await,
                Reader::NewestFirst => list(client, "id", "desc", PAGES_MAX, &mut place).await,
                Reader::OldestFirst => list(client, "id", "asc", usize::MAX, &mut place).await,
                Reader::LastChangedFirst => list(client, "Modified_Time", "desc", PAGES_MAX, &mut place).await,
            };
            reads.push(Read { began, ended: Instant::now(), seen });
        }
        reads
    }
}

/// Where a reader of lists is.
struct Place {
    token: Option<String>,
    pages: usize,
}

async fn list(
    client: &Client,
    sort_by: &str,
    order: &str,
    pages_max: usize,
    place: &mut Place,
) -> anyhow::Result<Seen> {
    let mut query = vec![("fields", FIELDS), ("per_page", "200")];
    let token = place.token.take();
    match &token {
        Some(token) => query.push(("page_token", token)),
        None => {
            place.pages = 0;
            query.extend([("sort_by", sort_by), ("sort_order", order)]);
        }
    }
    let Some(page) = client.leads(&query).await? else {
        ensure!(token.is_none(), "a page behind another one is gone");
        return Ok(Seen::Newest(None));
    };
    let numbers = numbers(&page)?;
    let step = if order == "asc" { 1 } else { -1 };
    ensure!(numbers.windows(2).all(|pair| pair[1] - pair[0] == step), "rows are missing inside a page: {numbers:?}");
    place.pages += 1;
    place.token = page.info.next_page_token.filter(|_| place.pages < pages_max);
    Ok(match (order, &token, &place.token) {
        ("desc", None, _) => Seen::Newest(numbers.first().copied()),
        ("asc", _, None) => Seen::Newest(numbers.last().copied()),
        _ => Seen::Middle,
    })
}

async fn search(client: &Client, addresses: &[String], place: usize) -> anyhow::Result<Seen> {
    let row = place as i64 + 1;
    let found = client.search(&addresses[place]).await?;
    ensure!(found.as_ref().is_none_or(|page| page.data.len() == 1), "an address is found twice");
    Ok(Seen::Row { row, found: found.is_some() })
}

fn numbers(page: &Page) -> anyhow::Result<Vec<i64>> {
    let number = |record: &crate::client::Fields| {
        let id: String = serde_json::from_str(record.get("id").context("a record without id")?.get())?;
        Ok((id.parse::<i64>()? - ID_BASE) / i64::from(BUCKETS))
    };
    page.data.iter().map(number).collect()
}
