//! Which page of records is asked for: parameters, and tokens that open the next page.

use bulkwright_engine::ids::RecordId;
use bulkwright_store::model::{PageCursor, PageQuery, Record, SortBy};
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::limit::{PAGE_FIELDS_MAX, PAGE_RECORDS_MAX};
use bulkwright_wire::version::{Difference, Version};

use super::settings::missing_parameter;
use crate::gate::Query;

/// Parts of a page token, in their order, between these.
const TOKEN_SEPARATOR: char = '.';

/// A page of records as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecordQuery {
    pub(super) sort_by: SortBy,
    pub(super) order: Order,
    pub(super) per_page: u32,
    /// From 1.
    pub(super) page: u64,
    pub(super) after: Option<PageCursor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

impl Order {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Order::Ascending => "asc",
            Order::Descending => "desc",
        }
    }
}

impl RecordQuery {
    /// Reads the parameters of a list.
    pub(super) fn of(query: &Query) -> Result<Self, ErrorBody> {
        let per_page = per_page(query)?;
        if let Some(token) = query.get("page_token") {
            if query.get("page").is_some() {
                return Err(invalid("page_token", "page and page_token cannot be used together"));
            }
            let opened = opened(token).ok_or_else(|| invalid("page_token", "the page_token is none of this server"))?;
            return Ok(RecordQuery { per_page, ..opened });
        }
        Ok(RecordQuery { sort_by: sort_by(query)?, order: order(query)?, per_page, page: page(query)?, after: None })
    }

    /// What the store is asked: one record more than is shown, to know whether there are more.
    pub(super) fn for_store(&self) -> PageQuery {
        let pages_before = if self.after.is_some() { 0 } else { self.page - 1 };
        PageQuery {
            sort_by: self.sort_by,
            descending: self.order == Order::Descending,
            after: self.after,
            skip: pages_before.saturating_mul(u64::from(self.per_page)),
            limit: self.per_page + 1,
        }
    }

    /// The token that opens the page after the one that ends with `last`. It has no end (contract 12, row 54).
    pub(super) fn next_token(&self, last: &Record) -> String {
        let value = match self.sort_by {
            SortBy::Id => 0,
            SortBy::CreatedTime => last.created_at,
            SortBy::ModifiedTime => last.modified_at,
        };
        let (sort_by, order) = (sort_name(self.sort_by), self.order.as_str());
        hex::encode(format!("{sort_by}.{order}.{}.{value}.{}", self.page + 1, last.id))
    }
}

/// Which fields are asked for; `None` for all of them.
pub(super) fn fields(query: &Query, version: Version) -> Result<Option<Vec<String>>, ErrorBody> {
    let Some(text) = query.get("fields") else {
        return if version.has(Difference::FieldsDemanded) { Err(missing_parameter("fields")) } else { Ok(None) };
    };
    let names: Vec<String> =
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if names.is_empty() {
        return Err(missing_parameter("fields"));
    }
    if names.len() > PAGE_FIELDS_MAX {
        return Err(invalid("fields", &format!("at most {PAGE_FIELDS_MAX} fields can be asked for")));
    }
    Ok(Some(names))
}

/// A parameter whose value does not fit.
pub(super) fn invalid(parameter: &str, reason: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidQuery, reason).with("param_name", parameter)
}

pub(super) fn per_page(query: &Query) -> Result<u32, ErrorBody> {
    let Some(text) = query.get("per_page") else { return Ok(PAGE_RECORDS_MAX) };
    let fits = text.parse().ok().filter(|per_page| (1..=PAGE_RECORDS_MAX).contains(per_page));
    fits.ok_or_else(|| invalid("per_page", &format!("per_page is a number from 1 to {PAGE_RECORDS_MAX}")))
}

pub(super) fn page(query: &Query) -> Result<u64, ErrorBody> {
    let Some(text) = query.get("page") else { return Ok(1) };
    let fits = text.parse().ok().filter(|page: &u64| *page >= 1);
    fits.ok_or_else(|| invalid("page", "page is a number from 1"))
}

fn sort_by(query: &Query) -> Result<SortBy, ErrorBody> {
    let Some(text) = query.get("sort_by") else { return Ok(SortBy::Id) };
    sort_of(text).ok_or_else(|| invalid("sort_by", "sort_by is one of id, Created_Time and Modified_Time"))
}

fn order(query: &Query) -> Result<Order, ErrorBody> {
    let Some(text) = query.get("sort_order") else { return Ok(Order::Descending) };
    order_of(text).ok_or_else(|| invalid("sort_order", "sort_order is asc or desc"))
}

/// The wire's name of a sort.
pub(super) fn sort_name(sort_by: SortBy) -> &'static str {
    match sort_by {
        SortBy::Id => "id",
        SortBy::CreatedTime => "Created_Time",
        SortBy::ModifiedTime => "Modified_Time",
    }
}

fn sort_of(name: &str) -> Option<SortBy> {
    [SortBy::Id, SortBy::CreatedTime, SortBy::ModifiedTime].into_iter().find(|sort_by| sort_name(*sort_by) == name)
}

fn order_of(name: &str) -> Option<Order> {
    [Order::Ascending, Order::Descending].into_iter().find(|order| order.as_str() == name)
}

fn opened(token: &str) -> Option<RecordQuery> {
    let text = String::from_utf8(hex::decode(token).ok()?).ok()?;
    let mut parts = text.split(TOKEN_SEPARATOR);
    let sort_by = sort_of(parts.next()?)?;
    let order = order_of(parts.next()?)?;
    let page = parts.next()?.parse().ok().filter(|page: &u64| *page >= 1)?;
    let value = parts.next()?.parse().ok()?;
    let id: RecordId = parts.next()?.parse().ok()?;
    if parts.next().is_some() {
        return None;
    }
    Some(RecordQuery { sort_by, order, per_page: PAGE_RECORDS_MAX, page, after: Some(PageCursor { value, id }) })
}

#[cfg(test)]
mod tests {
    use bulkwright_engine::ids::UserId;

    use super::*;

    fn query(text: &str) -> Result<RecordQuery, String> {
        RecordQuery::of(&Query::of(Some(text))).map_err(|error| error.message)
    }

    fn record(id: i64, created_at: i64) -> Record {
        let user = UserId(1);
        Record {
            id: RecordId(id),
            version: 1,
            body: "{}".into(),
            created_at,
            created_by: user,
            modified_at: created_at + 5,
            modified_by: user,
        }
    }

    #[test]
    fn parameters_are_read_and_faults_named() {
        let standard = query("").unwrap();
        assert_eq!(
            (standard.sort_by, standard.order, standard.per_page, standard.page),
            (SortBy::Id, Order::Descending, 200, 1)
        );
        let third = query("page=3&per_page=50&sort_by=Created_Time&sort_order=asc").unwrap().for_store();
        assert_eq!((third.skip, third.limit, third.descending, third.sort_by), (100, 51, false, SortBy::CreatedTime));
        let check = |text: &str, message: &str| assert_eq!(query(text).unwrap_err(), message, "{text}");
        check("per_page=201", "per_page is a number from 1 to 200");
        check("per_page=0", "per_page is a number from 1 to 200");
        check("per_page=x", "per_page is a number from 1 to 200");
        check("page=0", "page is a number from 1");
        check("page=-1", "page is a number from 1");
        check("sort_by=Email", "sort_by is one of id, Created_Time and Modified_Time");
        check("sort_order=up", "sort_order is asc or desc");
        check("page_token=zz", "the page_token is none of this server");
        check("page_token=6964", "the page_token is none of this server");
        check("page=2&page_token=6964", "page and page_token cannot be used together");
    }

    #[test]
    fn a_token_opens_the_next_page_in_the_same_order() {
        let first = query("sort_by=Modified_Time&sort_order=asc&per_page=2").unwrap();
        let token = first.next_token(&record(77, 1000));
        let second = query(&format!("page_token={token}&per_page=2&sort_by=id")).unwrap();
        assert_eq!(second.after, Some(PageCursor { value: 1005, id: RecordId(77) }));
        assert_eq!((second.sort_by, second.order, second.page), (SortBy::ModifiedTime, Order::Ascending, 2));
        assert_eq!(second.for_store().skip, 0);
    }

    #[test]
    fn fields_are_demanded_from_v3() {
        let check = |text: &str, version, expected: Result<Option<Vec<&str>>, &str>| {
            let found = fields(&Query::of(Some(text)), version).map_err(|error| error.code.row().code);
            let expected = expected.map(|names| names.map(|names| names.into_iter().map(str::to_owned).collect()));
            assert_eq!(found, expected, "{text}");
        };
        check("", Version::V2_1, Ok(None));
        check("", Version::V3, Err("REQUIRED_PARAM_MISSING"));
        check("fields=", Version::V8, Err("REQUIRED_PARAM_MISSING"));
        check("fields=Email, Last_Name,", Version::V8, Ok(Some(vec!["Email", "Last_Name"])));
        check(&format!("fields={}", "a,".repeat(51)), Version::V8, Err("INVALID_QUERY"));
    }
}
