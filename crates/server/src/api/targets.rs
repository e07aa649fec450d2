//! The records that look-ups point to, as they are shown beside their ids.

use std::collections::HashMap;

use bulkwright_engine::body;
use bulkwright_engine::catalog::{Catalog, Field, FieldKind, Module};
use bulkwright_engine::ids::{OrgId, RecordId};
use bulkwright_store::model::Record;
use bulkwright_store::{Error as StoreError, Store};

/// What is shown of a record that another one points to.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// API name of its module.
    pub module: String,
    /// The value that stands for it; `None` if it has none.
    pub name: Option<String>,
}

/// The targets of the shown records, by id. Those that are gone are not in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Targets(HashMap<RecordId, Target>);

impl Targets {
    /// Reads all targets of the records' look-ups among these fields, in one call.
    pub(super) async fn read(
        store: &dyn Store,
        catalog: &Catalog,
        org: OrgId,
        fields: &[&Field],
        records: &[Record],
    ) -> Result<Self, StoreError> {
        let lookups = fields.iter().filter(|field| matches!(field.kind, FieldKind::Lookup { .. }));
        let of_field = |field: &&&Field| {
            let number = field.number;
            records.iter().filter_map(move |record| id_of(record, number))
        };
        let mut ids: Vec<RecordId> = lookups.flat_map(|field| of_field(&field).collect::<Vec<_>>()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Targets::default());
        }
        let found = store.records(org, &ids).await?.into_iter().flatten();
        let target = |(number, record): (_, Record)| {
            let module = catalog.by_number(number)?;
            Some((record.id, Target { module: module.api_name.clone(), name: display(module, &record.body) }))
        };
        Ok(Targets(found.filter_map(target).collect()))
    }

    /// The record of that id, if it is there.
    pub(super) fn get(&self, id: RecordId) -> Option<&Target> {
        self.0.get(&id)
    }
}

/// The record that a look-up's stored value names.
pub(super) fn id_of(record: &Record, field: bulkwright_engine::catalog::FieldNumber) -> Option<RecordId> {
    body::get(&record.body, field)?.text().parse().ok()
}

/// The value that stands for a record of the module.
fn display(module: &Module, record: &str) -> Option<String> {
    text(module.display()?, record)
}

/// A field's value as text: of a joined one, what of its two parts is there.
pub(super) fn text(field: &Field, record: &str) -> Option<String> {
    let value = |number| body::get(record, number).map(|value| value.text().into_owned());
    match field.joins {
        None => value(field.number),
        Some(joins) => {
            let parts: Vec<String> = joins.into_iter().filter_map(value).collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        }
    }
}
