//! A delivery as people look at it beside its job.

use bulkwright_store::model::{Delivery, DeliveryOutcome, DeliveryState};
use bulkwright_wire::time;
use jiff::tz::TimeZone;
use serde::Serialize;

/// How a job's callback stands. Times are in UTC.
#[derive(Debug, Serialize)]
pub(crate) struct DeliveryView {
    /// `PENDING`, `DELIVERED` or `GIVEN_UP`.
    state: &'static str,
    /// Tries whose outcome is known.
    attempts: u32,
    /// When the next one is due; absent once it is settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
    /// What came of the last one; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<OutcomeView>,
}

#[derive(Debug, Serialize)]
struct OutcomeView {
    at: String,
    /// The HTTP status; absent where there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// What went wrong, in words; absent where nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl DeliveryView {
    pub(crate) fn of(delivery: Delivery) -> Self {
        DeliveryView {
            state: match delivery.state {
                DeliveryState::Pending => "PENDING",
                DeliveryState::Delivered => "DELIVERED",
                DeliveryState::GivenUp => "GIVEN_UP",
            },
            attempts: delivery.attempts,
            next_at: delivery.next_at.map(moment),
            last: delivery.last.map(OutcomeView::of),
        }
    }
}

impl OutcomeView {
    fn of(outcome: DeliveryOutcome) -> Self {
        OutcomeView { at: moment(outcome.at), status: outcome.status, error: outcome.error }
    }
}

fn moment(seconds: i64) -> String {
    time::print(seconds, &TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use bulkwright_engine::ids::{JobId, OrgId};
    use bulkwright_store::model::Callback;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_delivery_says_how_it_stands() {
        let callback = Callback { url: "https://example.com/?secret".to_owned(), method: "post".to_owned() };
        let delivery = Delivery {
            job: JobId(1),
            org: OrgId(2),
            callback,
            created_at: 0,
            attempts: 0,
            next_at: Some(0),
            state: DeliveryState::Pending,
            last: None,
        };
        let view = |delivery: Delivery| serde_json::to_value(DeliveryView::of(delivery)).unwrap();
        let new = json!({ "state": "PENDING", "attempts": 0, "next_at": "1970-01-01T00:00:00+00:00" });
        assert_eq!(view(delivery.clone()), new);
        let error = Some("the receiver answered 410".to_owned());
        let last = Some(DeliveryOutcome { at: 5, status: Some(410), error });
        let settled = Delivery { attempts: 1, next_at: None, state: DeliveryState::GivenUp, last, ..delivery };
        let last = json!({ "at": "1970-01-01T00:00:05+00:00", "status": 410, "error": "the receiver answered 410" });
        assert_eq!(view(settled), json!({ "state": "GIVEN_UP", "attempts": 1, "last": last }));
    }
}
