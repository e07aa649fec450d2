//! One HTTP request to a receiver, and what its answer means.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use super::message::Message;
use super::names::{GuardedNames, LeadsInside, NameLookup};
use super::signature;
use crate::callback_rule::CallbackRule;
use crate::clock::Clock;

/// Who calls, as receivers see it.
const USER_AGENT: &str = concat!("Bulkwright/", env!("CARGO_PKG_VERSION"));
/// Bytes of an answer that are read so that the receiver can finish it; what it says beyond its status means nothing.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Characters of a cause that are kept for people.
const CAUSE_CHARS_MAX: usize = 200;
/// The message's id: the same for every repeat.
const WEBHOOK_ID: &str = "webhook-id";
/// When this try was made, in seconds since 1970.
const WEBHOOK_TIMESTAMP: &str = "webhook-timestamp";
/// Who sent it, and that nothing of it was changed.
const WEBHOOK_SIGNATURE: &str = "webhook-signature";

/// What a try came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tried {
    pub(super) verdict: Verdict,
    /// The HTTP status, if there was an answer.
    pub(super) status: Option<u16>,
    /// What went wrong, for people.
    pub(super) error: Option<String>,
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The receiver has it.
    Taken,
    /// It is tried again, not before the receiver's own word.
    NotNow { retry_after: Option<Duration> },
    /// It is not tried again.
    Never,
}

impl Tried {
    /// Not sent, or not answered with a status.
    pub(super) fn without_answer(verdict: Verdict, error: impl Into<String>) -> Self {
        Tried { verdict, status: None, error: Some(error.into()) }
    }
}

/// Sends messages: never to where the rule forbids, never further than the address it was given.
pub(super) struct Sender {
    client: Client,
    rule: CallbackRule,
    clock: Clock,
    time_max: Duration,
}

impl Sender {
    /// # Errors
    /// The TLS library finds nothing to start from.
    pub(super) fn new(
        rule: CallbackRule,
        lookup: NameLookup,
        clock: Clock,
        time_max: Duration,
    ) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .dns_resolver(Arc::new(GuardedNames { lookup, rule: rule.clone() }))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .no_gzip()
            .referer(false)
            .http1_only()
            // Every try connects anew: where a name leads is judged each time.
            .pool_max_idle_per_host(0)
            .timeout(time_max)
            .user_agent(USER_AGENT)
            .build()?;
        Ok(Sender { client, rule, clock, time_max })
    }

    /// Makes one try.
    pub(super) async fn send(&self, message: Message) -> Tried {
        let url = match self.rule.judge(&message.url) {
            Ok(url) => url,
            // What is written does not change, so that there is nothing to wait for.
            Err(reason) => return Tried::without_answer(Verdict::Never, reason),
        };
        let now = self.clock.seconds();
        let signature = signature::header(&message.keys, &message.id, now, &message.body);
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(WEBHOOK_ID, message.id)
            .header(WEBHOOK_TIMESTAMP, now)
            .header(WEBHOOK_SIGNATURE, signature)
            .body(message.body);
        match request.send().await {
            Ok(answer) => {
                let tried = judged(answer.status(), answer.headers(), now);
                read_out(answer).await;
                tried
            }
            Err(error) => {
                Tried::without_answer(Verdict::NotNow { retry_after: None }, what_failed(&error, self.time_max))
            }
        }
    }
}

fn judged(status: StatusCode, headers: &HeaderMap, now: i64) -> Tried {
    let number = status.as_u16();
    let (verdict, error) = match number {
        200..300 => (Verdict::Taken, None),
        300..400 => (
            Verdict::NotNow { retry_after: None },
            Some(format!("the receiver answered {number}; redirects are not followed")),
        ),
        410 => (Verdict::Never, Some("the receiver answered 410: it wants no more of this".to_owned())),
        429 | 503 => (
            Verdict::NotNow { retry_after: retry_after(headers, now) },
            Some(format!("the receiver answered {number}: it is busy")),
        ),
        _ => (Verdict::NotNow { retry_after: None }, Some(format!("the receiver answered {number}"))),
    };
    Tried { verdict, status: Some(number), error }
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap, now: i64) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until: Timestamp = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    u64::try_from(until.as_second().saturating_sub(now)).ok().map(Duration::from_secs)
}

/// Reads a bounded part of an answer, within the try's time. Its status has been said: whatever happens now changes
/// nothing.
async fn read_out(mut answer: Response) {
    let mut read = 0;
    while let Ok(Some(bytes)) = answer.chunk().await {
        read += bytes.len();
        if read >= ANSWER_BYTES_MAX {
            return;
        }
    }
}

/// Why there was no answer, without the address, which may hold a secret.
fn what_failed(error: &reqwest::Error, time_max: Duration) -> String {
    let mut cause: &(dyn Error + 'static) = error;
    while let Some(deeper) = cause.source() {
        if let Some(inside) = deeper.downcast_ref::<LeadsInside>() {
            return inside.to_string();
        }
        cause = deeper;
    }
    if error.is_timeout() {
        return format!("the receiver did not answer within {} s", time_max.as_secs_f64());
    }
    let cause: String = cause.to_string().chars().take(CAUSE_CHARS_MAX).collect();
    let what = if error.is_connect() { "no connection to the receiver" } else { "the receiver's answer broke off" };
    format!("{what}: {cause}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_a_date() {
        let now = Timestamp::from_second(1_445_412_480).unwrap().as_second();
        let check = |text: &str, expected: Option<u64>| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs), "{text}");
        };
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Wed, 21 Oct 2015 07:28:30 GMT", Some(30));
        check("Wed, 21 Oct 2015 07:27:59 GMT", None);
        check("-5", None);
        check("soon", None);
        check("", None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
