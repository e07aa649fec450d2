//! The cases as `tests/corpus/make` describes them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bulkwright_engine::spec::{DefaultValue, Mapping, Operation, ResourceSpec};
use serde::Deserialize;
use zip::write::SimpleFileOptions;

/// One input with its job.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    #[serde(skip)]
    group: String,
    pub(crate) name: String,
    /// What it shows, in a sentence.
    pub(crate) about: String,
    /// The end of the file's name, `csv` or `zip`; none if the input is made of `parts`.
    extension: Option<String>,
    /// Texts and how often each is repeated, for inputs too large to be kept.
    #[serde(default)]
    parts: Vec<(String, usize)>,
    /// What is wrong with the zip of `parts`.
    damage: Option<Damage>,
    /// Jobs that come first, with their files.
    #[serde(default)]
    pub(crate) before: Vec<Before>,
    pub(crate) job: Job,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Damage {
    #[serde(rename = "wrong CRC")]
    WrongCrc,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Before {
    pub(crate) csv: String,
    pub(crate) job: Job,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Job {
    module: String,
    operation: String,
    find_by: Option<String>,
    ignore_empty: bool,
    mappings: Vec<JobMapping>,
    charset: Option<String>,
    /// The user's time zone.
    pub(crate) zone: String,
    /// New picklist values are refused.
    pub(crate) strict_picklists: bool,
}

impl Default for Job {
    fn default() -> Self {
        Job {
            module: "Things".to_owned(),
            operation: "insert".to_owned(),
            find_by: None,
            ignore_empty: false,
            mappings: Vec::new(),
            charset: None,
            zone: "UTC".to_owned(),
            strict_picklists: false,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobMapping {
    field: String,
    index: Option<i64>,
    format: Option<String>,
    find_by: Option<String>,
    module: Option<String>,
    default: Option<serde_json::Value>,
}

pub(crate) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus")
}

pub(crate) fn of_group(group: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(corpus().join(group).join("cases.json")).unwrap();
    let mut cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    cases.iter_mut().for_each(|case| case.group = group.to_owned());
    cases
}

impl Case {
    /// Where its expected result stands.
    pub(crate) fn expected(&self) -> PathBuf {
        self.path("expected.txt")
    }

    fn path(&self, extension: &str) -> PathBuf {
        corpus().join(&self.group).join(format!("{}.{extension}", self.name))
    }

    /// Its files, which others do not have.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.extension.iter().map(|extension| self.path(extension)).chain([self.expected()]).collect()
    }

    /// The CSV; `None` if the input is a zip.
    pub(crate) fn csv(&self) -> Option<Vec<u8>> {
        match self.extension.as_deref() {
            Some("csv") => Some(std::fs::read(self.path("csv")).unwrap()),
            Some(_) => None,
            None => Some(self.parts.iter().map(|(text, times)| text.repeat(*times)).collect::<String>().into_bytes()),
        }
    }

    /// The upload.
    pub(crate) fn zip(&self) -> File {
        match self.csv() {
            Some(csv) => match self.damage {
                None => zip_of(&csv),
                Some(Damage::WrongCrc) => with_wrong_crc(zip_of(&csv)),
            },
            None => File::open(self.path("zip")).unwrap(),
        }
    }
}

impl Job {
    /// By header names, in UTF-8.
    pub(crate) fn by_names(operation: &str, find_by: Option<&str>) -> Self {
        Job {
            operation: operation.to_owned(),
            find_by: find_by.map(str::to_owned),
            charset: Some("UTF-8".to_owned()),
            ..Job::default()
        }
    }

    pub(crate) fn spec(&self) -> ResourceSpec {
        ResourceSpec {
            module: self.module.clone(),
            operation: match self.operation.as_str() {
                "insert" => Operation::Insert,
                "update" => Operation::Update,
                "upsert" => Operation::Upsert,
                other => panic!("there is no operation {other}"),
            },
            find_by: self.find_by.clone(),
            ignore_empty: self.ignore_empty,
            mappings: self.mappings.iter().map(JobMapping::to_mapping).collect(),
            charset: self.charset.clone(),
        }
    }
}

impl JobMapping {
    fn to_mapping(&self) -> Mapping {
        let default = self.default.clone().map(|value| DefaultValue { value: Some(value), name: None, module: None });
        Mapping {
            field: self.field.clone(),
            index: self.index,
            format: self.format.clone(),
            find_by: self.find_by.clone(),
            module: self.module.clone(),
            default,
        }
    }
}

/// A zip with one stored CSV.
pub(crate) fn zip_of(csv: &[u8]) -> File {
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut zip = zip::ZipWriter::new(tempfile::tempfile().unwrap());
    zip.start_file("rows.csv", options).unwrap();
    zip.write_all(csv).unwrap();
    zip.finish().unwrap()
}

/// The directory's CRC is the last one in the file.
fn with_wrong_crc(mut zip: File) -> File {
    let mut bytes = Vec::new();
    zip.rewind().unwrap();
    zip.read_to_end(&mut bytes).unwrap();
    let entry = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    zip.seek(SeekFrom::Start(entry as u64 + 16)).unwrap();
    zip.write_all(&[!bytes[entry + 16]]).unwrap();
    zip
}
