//! Two jobs from upload to result, by a client that goes on over every death of its server, and what they leave.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Cursor, Read, Write};
use std::time::Duration;

use serde_json::{Value, json};
use zip::ZipArchive;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::client::{Client, Cut};
use crate::mortal::{Death, Living, Mortal};

/// Records that one page holds; there are fewer.
const PAGE: usize = 200;

/// What is left when all is through, without what differs between two undisturbed runs: ids are named by job and row,
/// times are left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// For each job: state and counts, and its result, line by line.
    jobs: Vec<(Value, Vec<String>)>,
    /// Each record's fields by its name.
    records: BTreeMap<String, Value>,
    /// Uploads and jobs that there are.
    counts: [u64; 2],
}

/// What the client knows across deaths.
#[derive(Default)]
struct Memory {
    /// A create without a key was sent whose answer never came.
    in_doubt: bool,
    jobs: Vec<String>,
}

/// How a client comes over a create whose answer it never saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knowing {
    /// It sends the create again, under its key.
    Keys,
    /// It knows no keys and looks whether its job is there.
    Looking,
}

/// Runs both jobs to their end, the first server dying where it is told to.
pub(crate) async fn run(mortal: &Mortal, death: Option<&Death>) -> Told {
    let mut memory = Memory::default();
    let mut living = mortal.start(death).await;
    loop {
        if let Some(server) = &mut living {
            match go_on(mortal, server, &mut memory).await {
                // What a server does on its own, such as sweeping, may come after both jobs.
                Ok(_) if matches!(death, Some(Death::At(_))) && mortal.died_at().is_none() => {
                    assert!(died(server).await, "a server passes {death:?} at last");
                }
                Ok(told) => return told,
                Err(Cut) => assert!(died(server).await, "a server that lives cuts nobody off"),
            }
        }
        living = mortal.start(None).await;
        assert!(living.is_some(), "the next start mends what a death has left");
    }
}

/// A process that aborts closes its sockets a moment before it is gone.
async fn died(server: &mut Living) -> bool {
    for _ in 0..5000 {
        if server.is_dead() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    false
}

async fn go_on(mortal: &Mortal, server: &Living, memory: &mut Memory) -> Result<Told, Cut> {
    let client = Client::of(&server.base, &mortal.data()).await?;
    let jobs = [(first_csv(), "insert", Knowing::Keys), (second_csv(), "upsert", Knowing::Looking)];
    for (csv, operation, knowing) in jobs.into_iter().skip(memory.jobs.len()) {
        let job = created(&client, memory, &csv, operation, knowing).await?;
        // One job is through before the next is created: their order is part of what is compared.
        ended(&client, &job).await?;
        memory.jobs.push(job);
    }
    told(&client, memory).await
}

/// A job for this file: the one that was created before the server died, if it was. The file is uploaded again each time:
/// under its key it is the same one.
async fn created(
    client: &Client,
    memory: &mut Memory,
    csv: &str,
    operation: &str,
    knowing: Knowing,
) -> Result<String, Cut> {
    if memory.in_doubt {
        let listed = listed(client).await?;
        memory.in_doubt = false;
        if let Some(job) = listed.into_iter().find(|job| !memory.jobs.contains(job)) {
            return Ok(job);
        }
    }
    let key = format!("the-{operation}");
    let file = client.upload(&key, zipped(csv)).await?;
    let resource = json!({ "type": "data", "module": { "api_name": "Leads" }, "file_id": file, "find_by": "Email" });
    let body = json!({ "operation": operation, "resource": [resource] });
    if knowing == Knowing::Keys {
        return client.create(Some(&key), &body).await;
    }
    memory.in_doubt = true;
    let job = client.create(None, &body).await?;
    // Not cleared: until the job has ended, a death makes the client look for it again.
    Ok(job)
}

async fn listed(client: &Client) -> Result<Vec<String>, Cut> {
    let answer = client.get_as_admin("/_bulkwright/jobs").await?.json();
    let jobs = answer["jobs"].as_array().unwrap().iter();
    Ok(jobs.map(|job| job["id"].as_str().unwrap().to_owned()).collect())
}

async fn ended(client: &Client, job: &str) -> Result<Value, Cut> {
    loop {
        let details = client.get(&format!("/crm/bulk/v8/write/{job}")).await?.json();
        if matches!(details["status"].as_str(), Some("COMPLETED" | "FAILED")) {
            return Ok(details);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn told(client: &Client, memory: &Memory) -> Result<Told, Cut> {
    let mut told = Told { counts: client.counts().await?, ..Told::default() };
    let mut names = BTreeMap::new();
    for (place, job) in memory.jobs.iter().enumerate() {
        let details = ended(client, job).await?;
        let url = details["result"]["download_url"].as_str().expect("a job that is through has a result");
        let path = &url[url.find("/v2/").unwrap()..];
        let (once, again) = (client.get(path).await?, client.get(path).await?);
        assert_eq!(once.body, again.body, "a result is the same bytes each time");
        let lines =
            csv_in(&once.body).lines().enumerate().map(|(row, line)| named(&mut names, place, row, line)).collect();
        let file = &details["resource"][0]["file"];
        let counts = ["added_count", "updated_count", "skipped_count", "total_count"].map(|name| file[name].clone());
        told.jobs.push((json!([details["status"], counts]), lines));
    }
    let page = client.get("/crm/v8/Leads?fields=Last_Name,Email,Description&per_page=200").await?.json();
    for record in page["data"].as_array().unwrap() {
        let name = names.get(record["id"].as_str().unwrap()).expect("a record that is there is in a result").clone();
        let fields = ["Last_Name", "Email", "Description"].map(|field| record[field].clone());
        assert!(told.records.insert(name, json!(fields)).is_none(), "listed once");
    }
    assert!(told.records.len() < PAGE);
    Ok(told)
}

/// A line of a result whose record is called by the job and row that made it.
fn named(names: &mut BTreeMap<String, String>, job: usize, row: usize, line: &str) -> String {
    let cells: Vec<&str> = line.split(',').collect();
    let Some(id) =
        cells.iter().copied().find(|cell| cell.len() == 19 && cell.bytes().all(|byte| byte.is_ascii_digit()))
    else {
        return line.to_owned();
    };
    let name = names.entry(id.to_owned()).or_insert_with(|| format!("job {job} row {row}"));
    line.replace(id, name)
}

/// 60 rows with a bad address, a missing name and a repeated address.
fn first_csv() -> String {
    let mut csv = header();
    for row in 0..60 {
        let (name, email) = match row {
            7 => ("Ng", "nobody at example.com".to_owned()),
            9 => ("", "nine@example.com".to_owned()),
            20 => ("Li", "lead-3@example.com".to_owned()),
            _ => ("Ng", format!("lead-{row}@example.com")),
        };
        write_row(&mut csv, name, &email, row);
    }
    csv
}

/// 60 rows, every third one for a record of the first file, some twice.
fn second_csv() -> String {
    let mut csv = header();
    for row in 0..60 {
        let number = if row % 3 == 0 { row / 2 } else { 1000 + row };
        write_row(&mut csv, "Zu", &format!("lead-{number}@example.com"), row);
    }
    csv
}

fn header() -> String {
    "Email,Last_Name,Description\n".to_owned()
}

fn write_row(csv: &mut String, name: &str, email: &str, row: i32) {
    writeln!(csv, "{email},{name},{}", "a long text ".repeat(10 + row as usize % 5)).unwrap();
}

fn zipped(csv: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("leads.csv", SimpleFileOptions::default()).unwrap();
    zip.write_all(csv.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

fn csv_in(zip: &[u8]) -> String {
    let mut csv = String::new();
    ZipArchive::new(Cursor::new(zip)).unwrap().by_index(0).unwrap().read_to_string(&mut csv).unwrap();
    csv
}
