//! `Retry-After`: seconds, or a date that is held against the server's own clock (CLIENT 11).

use std::time::Duration;

use jiff::fmt::rfc2822;

use crate::answer::Answer;

/// How long the answer asks to wait; `None` if it does not ask, or not in a way that can be read.
pub(crate) fn read(answer: &Answer) -> Option<Duration> {
    let asked = answer.header("retry-after")?.trim();
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = moment(asked)?;
    let now = moment(answer.header("date")?)?;
    Some(Duration::from_secs(u64::try_from(until - now).unwrap_or(0)))
}

fn moment(text: &str) -> Option<i64> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(|moment| moment.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let check = |retry_after: &str, expected: Option<u64>| {
            let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let headers = vec![header("date", "Tue, 11 May 2021 07:21:37 GMT"), header("retry-after", retry_after)];
            let answer = Answer { version: String::new(), status: 429, headers, body: Vec::new() };
            assert_eq!(read(&answer), expected.map(Duration::from_secs), "{retry_after}");
        };
        check("7", Some(7));
        check("Tue, 11 May 2021 07:22:37 GMT", Some(60));
        check("Tue, 11 May 2021 07:00:00 GMT", Some(0));
        check("soon", None);
    }
}
