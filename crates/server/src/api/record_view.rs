//! Stored records as the API shows them: names beside owners, times in the reader's zone, decimals exact.

use std::collections::HashMap;

use bulkwright_engine::body::{self, Stored};
use bulkwright_engine::catalog::{Field, FieldKind, Module};
use bulkwright_engine::ids::{RecordId, UserId};
use bulkwright_store::model::{Record, User};
use bulkwright_wire::time;
use jiff::tz::TimeZone;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::json;
use serde_json::value::RawValue;

use super::targets::{self, Targets};

/// Into which module a look-up points, where it can point into several.
const TARGET_MODULE: &str = "$se_module";
/// The record's own id, shown whether it was asked for or not.
const ID: &str = "id";

/// One record, its fields in the order they were asked for.
pub(super) struct RecordView(Vec<(String, Box<RawValue>)>);

impl Serialize for RecordView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Shows records of one module to one reader.
pub(super) struct RecordViewer<'a> {
    module: &'a Module,
    fields: Vec<&'a Field>,
    targets: Targets,
    users: HashMap<UserId, User>,
    zone: &'a TimeZone,
}

impl<'a> RecordViewer<'a> {
    /// Shows the fields of these names, or all of them. Names that are no fields are passed over, as the vendor does.
    pub(super) fn new(module: &'a Module, names: Option<&[String]>, users: Vec<User>, zone: &'a TimeZone) -> Self {
        let mut fields: Vec<&Field> = match names {
            Some(names) => names.iter().filter_map(|name| module.field(name)).collect(),
            None => module.fields.iter().collect(),
        };
        if !fields.iter().any(|field| field.api_name == ID) {
            fields.extend(module.field(ID));
        }
        let users = users.into_iter().map(|user| (user.id, user)).collect();
        RecordViewer { module, fields, targets: Targets::default(), users, zone }
    }

    /// The fields that are shown.
    pub(super) fn fields(&self) -> &[&'a Field] {
        &self.fields
    }

    /// Shows what look-ups point to by what stands for it.
    pub(super) fn with_targets(self, targets: Targets) -> Self {
        RecordViewer { targets, ..self }
    }

    pub(super) fn view(&self, record: &Record) -> RecordView {
        let mut shown = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            shown.push((field.api_name.clone(), self.value(field, record)));
            // Where a look-up can point into several modules, the one that it points into stands beside it.
            if matches!(&field.kind, FieldKind::Lookup { modules } if modules.len() > 1) {
                let target = targets::id_of(record, field.number).and_then(|id| self.targets.get(id));
                shown.push((TARGET_MODULE.to_owned(), raw(&target.map(|target| &target.module))));
            }
        }
        RecordView(shown)
    }

    /// The values that are columns of a record and not of its body come first.
    fn value(&self, field: &Field, record: &Record) -> Box<RawValue> {
        match field.api_name.as_str() {
            ID => raw(&record.id.to_string()),
            "Created_Time" => raw(&time::print(record.created_at, self.zone)),
            "Modified_Time" => raw(&time::print(record.modified_at, self.zone)),
            "Created_By" => self.person(record.created_by),
            "Modified_By" => self.person(record.modified_by),
            _ if field.joins.is_some() => raw(&targets::text(field, &record.body)),
            _ => self.stored_value(field, record),
        }
    }

    fn stored_value(&self, field: &Field, record: &Record) -> Box<RawValue> {
        let stored = body::get(&record.body, field.number);
        match (&field.kind, stored) {
            (FieldKind::Owner, owner) => self.person(owner_of(owner, record)),
            (FieldKind::User, Some(user)) => match user.text().parse() {
                Ok(id) => self.person(id),
                Err(_) => RawValue::NULL.to_owned(),
            },
            (FieldKind::Lookup { .. }, Some(_)) => match targets::id_of(record, field.number) {
                Some(id) => self.target(id),
                None => RawValue::NULL.to_owned(),
            },
            (FieldKind::Layout, id) => self.layout(id),
            (FieldKind::DateTime, Some(moment)) => match time::parse(&moment.text()) {
                Ok(seconds) => raw(&time::print(seconds, self.zone)),
                Err(_) => body::api_value(&field.kind, stored),
            },
            _ => body::api_value(&field.kind, stored),
        }
    }

    fn person(&self, id: UserId) -> Box<RawValue> {
        let user = self.users.get(&id);
        let (name, email) = (user.map(|user| &user.full_name), user.map(|user| &user.email));
        raw(&json!({ "name": name, "id": id.to_string(), "email": email }))
    }

    fn target(&self, id: RecordId) -> Box<RawValue> {
        let name = self.targets.get(id).and_then(|target| target.name.as_ref());
        raw(&json!({ "name": name, "id": id.to_string() }))
    }

    /// A record that names no layout has the standard one.
    fn layout(&self, id: Option<Stored<'_>>) -> Box<RawValue> {
        let found = id.and_then(|id| self.module.layout(id.text().parse().ok()?));
        let layout = found.unwrap_or_else(|| self.module.standard_layout());
        raw(&json!({ "name": layout.name, "id": layout.id.to_string() }))
    }
}

/// A record that names no owner belongs to whoever made it.
fn owner_of(stored: Option<Stored<'_>>, record: &Record) -> UserId {
    stored.and_then(|id| id.text().parse().ok()).unwrap_or(record.created_by)
}

fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("texts and maps with text keys are JSON")
}

#[cfg(test)]
mod tests {
    use bulkwright_engine::catalog::Catalog;
    use bulkwright_engine::ids::OrgId;

    use super::*;

    fn shown(body: &str, names: Option<&[&str]>) -> String {
        let catalog = Catalog::builtin();
        let module = catalog.module("Leads").unwrap();
        let user = User {
            id: UserId(5),
            org: OrgId(1),
            full_name: "Patricia Boyle".into(),
            email: "p@example.com".into(),
            time_zone: "+05:30".into(),
            sign_in: None,
            revoked_at: None,
        };
        let names: Option<Vec<String>> = names.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let zone = time::zone("+05:30").unwrap();
        let record = Record {
            id: RecordId(1_000_000_000_000_000_065),
            version: 1,
            body: body.into(),
            created_at: 1_620_716_909,
            created_by: user.id,
            modified_at: 1_620_716_910,
            modified_by: UserId(6),
        };
        let viewer = RecordViewer::new(module, names.as_deref(), vec![user], &zone);
        serde_json::to_string(&viewer.view(&record)).unwrap()
    }

    #[test]
    fn values_are_shown_as_the_vendor_shows_them() {
        let check = |body: &str, fields: &[&str], expected: &str| {
            assert_eq!(shown(body, Some(fields)), expected, "{fields:?}");
        };
        let id = r#""id":"1000000000000000065""#;
        check(
            r#"{"1":"Ng","2":"Ann"}"#,
            &["Last_Name", "Full_Name"],
            &format!(r#"{{"Last_Name":"Ng","Full_Name":"Ann Ng",{id}}}"#),
        );
        check(
            r#"{"14":"1234567890123456.10"}"#,
            &["Annual_Revenue"],
            &format!(r#"{{"Annual_Revenue":1234567890123456.10,{id}}}"#),
        );
        check("{}", &["Email_Opt_Out", "Email", "id"], &format!(r#"{{"Email_Opt_Out":false,"Email":null,{id}}}"#));
        check("{}", &["Nothing"], &format!("{{{id}}}"));
        let owner = r#"{"name":"Patricia Boyle","id":"5","email":"p@example.com"}"#;
        check("{}", &["Owner"], &format!(r#"{{"Owner":{owner},{id}}}"#));
        check(r#"{"27":"6"}"#, &["Owner"], &format!(r#"{{"Owner":{{"name":null,"id":"6","email":null}},{id}}}"#));
        check(
            "{}",
            &["Created_By", "Created_Time", "Modified_Time"],
            &format!(
                r#"{{"Created_By":{owner},"Created_Time":"2021-05-11T12:38:29+05:30","Modified_Time":"2021-05-11T12:38:30+05:30",{id}}}"#
            ),
        );
    }

    #[test]
    fn all_fields_are_shown_if_none_is_named() {
        let all: serde_json::Value = serde_json::from_str(&shown(r#"{"1":"Ng"}"#, None)).unwrap();
        let catalog = Catalog::builtin();
        assert_eq!(all.as_object().unwrap().len(), catalog.module("Leads").unwrap().fields.len());
    }
}
