//! Which rows are asked for, and in which form.

use bulkwright_engine::result::full::{Filter, Status};
use bulkwright_engine::verdict::{Reason, RowCode};
use bulkwright_wire::error::ErrorBody;
use bulkwright_wire::rows::{PAGE_ROWS, PAGE_ROWS_MAX, RowsFormat};

use super::reading::Reading;
use crate::api::record_query::invalid;
use crate::gate::Query;

/// Words of one parameter.
const WORDS_MAX: usize = 100;
/// Characters of a column's name that an error repeats.
const NAME_CHARS_MAX: usize = 100;

/// The parameters of a request.
pub(super) struct Asked {
    pub(super) format: RowsFormat,
    /// The first row that is told, from 1.
    pub(super) from: u64,
    /// Rows at most, if that was said.
    pub(super) limit: Option<u64>,
    filter: Filter,
    /// Names of columns or fields; they are looked up when those of the job are known.
    columns: Vec<String>,
}

impl Asked {
    pub(super) fn of(query: &Query, accept: Option<&str>) -> Result<Self, ErrorBody> {
        let format = format(query, accept)?;
        Ok(Asked {
            format,
            from: from(query)?,
            limit: limit(query, format)?,
            filter: Filter {
                statuses: words(query, "status", status)?,
                codes: words(query, "code", code)?,
                reasons: words(query, "reason", reason)?,
                mappings: Vec::new(),
            },
            columns: query.all("column").filter(|name| !name.trim().is_empty()).map(str::to_owned).collect(),
        })
    }

    /// Rows of a page.
    pub(super) fn limit_of_page(&self) -> u64 {
        self.limit.unwrap_or(u64::from(PAGE_ROWS))
    }

    /// The filter, once the job's columns are known.
    pub(super) fn filter(&self, reading: &Reading) -> Result<Filter, ErrorBody> {
        let mut filter = self.filter.clone();
        for name in &self.columns {
            let mappings = reading.mappings_named(name);
            if mappings.is_empty() {
                return Err(no_such_column(name, reading));
            }
            filter.mappings.extend(mappings);
        }
        Ok(filter)
    }
}

fn no_such_column(name: &str, reading: &Reading) -> ErrorBody {
    let shown: String = name.chars().take(NAME_CHARS_MAX).collect();
    let why = if reading.upload().available {
        format!("column is the name of a column or field that the job maps, and {shown} is none")
    } else {
        format!(
            "{shown} is no field that the job's request names, and its upload is gone, so that columns are not known"
        )
    };
    invalid("column", &why)
}

fn format(query: &Query, accept: Option<&str>) -> Result<RowsFormat, ErrorBody> {
    let Some(word) = query.get("format") else {
        return Ok(accept.and_then(RowsFormat::accepted).unwrap_or(RowsFormat::Json));
    };
    RowsFormat::parse(word).ok_or_else(|| invalid("format", "format is one of json, jsonl and csv"))
}

fn from(query: &Query) -> Result<u64, ErrorBody> {
    let Some(text) = query.get("from") else { return Ok(1) };
    let fits = text.parse().ok().filter(|from| *from >= 1);
    fits.ok_or_else(|| {
        invalid("from", "from is the number of a data row, from 1; next_from of the page before tells it")
    })
}

fn limit(query: &Query, format: RowsFormat) -> Result<Option<u64>, ErrorBody> {
    let Some(text) = query.get("limit") else { return Ok(None) };
    let most = match format {
        RowsFormat::Json => u64::from(PAGE_ROWS_MAX),
        RowsFormat::JsonLines | RowsFormat::Csv => u64::MAX,
    };
    let wrong = || match format {
        RowsFormat::Json => invalid("limit", &format!("limit is a number from 1 to {PAGE_ROWS_MAX}")),
        RowsFormat::JsonLines | RowsFormat::Csv => invalid("limit", "limit is a number from 1"),
    };
    text.parse().ok().filter(|limit| (1..=most).contains(limit)).map(Some).ok_or_else(wrong)
}

/// All words of a parameter, which may be given several times and hold several words between commas.
fn words<T>(query: &Query, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, ErrorBody> {
    let words: Vec<&str> = query.all(name).flat_map(|value| value.split(',')).map(str::trim).collect();
    if words.len() > WORDS_MAX {
        return Err(invalid(name, &format!("{name} takes {WORDS_MAX} words at most")));
    }
    let words = words.into_iter().filter(|word| !word.is_empty());
    words.map(|word| read(word).ok_or_else(|| invalid(name, &choices(name)))).collect()
}

/// A word in capitals, its parts between `_`.
fn plain(word: &str) -> String {
    word.to_uppercase().replace(['-', ' '], "_")
}

fn status(word: &str) -> Option<Status> {
    Status::ALL.into_iter().find(|status| status.as_str() == plain(word))
}

fn code(word: &str) -> Option<RowCode> {
    RowCode::ALL.into_iter().find(|code| code.as_str() == plain(word))
}

fn reason(word: &str) -> Option<Reason> {
    Reason::named(word)
}

fn choices(name: &str) -> String {
    let words: Vec<&str> = match name {
        "status" => Status::ALL.iter().map(|status| status.as_str()).collect(),
        "code" => RowCode::ALL.iter().map(|code| code.as_str()).collect(),
        _ => Reason::ALL.iter().map(|reason| reason.words().name).collect(),
    };
    format!("{name} is one or several of {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use bulkwright_wire::error::ErrorCode;

    use super::*;

    fn asked(query: &str, accept: Option<&str>) -> Result<Asked, ErrorBody> {
        Asked::of(&Query::of(Some(query)), accept)
    }

    #[test]
    fn words_are_read_as_people_write_them() {
        let filter =
            asked("status=skipped,Unprocessed&status=ADDED&code=invalid-data&reason=Not-An-Email,", None).unwrap();
        assert_eq!(
            filter.filter,
            Filter {
                statuses: vec![Status::Skipped, Status::Unprocessed, Status::Added],
                codes: vec![RowCode::InvalidData],
                reasons: vec![Reason::NotAnEmail],
                mappings: vec![],
            }
        );
        assert_eq!(asked("", None).unwrap().filter, Filter::default());
    }

    #[test]
    fn what_is_no_word_is_told_which_ones_there_are() {
        let check = |query: &str, told: &str| {
            let error = asked(query, None).map(|_| ()).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidQuery);
            assert!(error.message.contains(told), "{query}: {}", error.message);
        };
        check("status=DONE", "ADDED, UPDATED, SKIPPED, UNPROCESSED");
        check("code=NOT_APPROVED", "MANDATORY_NOT_FOUND, INVALID_DATA, DUPLICATE_DATA, RESOURCE_NOT_FOUND");
        check("reason=bad", "not_an_email");
        check("format=xml", "json, jsonl and csv");
        check("from=0", "from 1");
        check("limit=2001", "from 1 to 2000");
        check("format=csv&limit=0", "from 1");
        check(&format!("code={}", "INVALID_DATA,".repeat(101)), "100 words at most");
    }

    #[test]
    fn the_parameter_wins_over_what_is_accepted() {
        let check = |query: &str, accept: Option<&str>, expected| {
            assert_eq!(asked(query, accept).unwrap().format, expected, "{query} {accept:?}");
        };
        check("", None, RowsFormat::Json);
        check("", Some("*/*"), RowsFormat::Json);
        check("", Some("text/csv"), RowsFormat::Csv);
        check("format=jsonl&limit=5000", Some("text/csv"), RowsFormat::JsonLines);
    }
}
