//! What a module of one's own has before the file says more: the vendor's custom modules have the same.

use super::layout_id;
use super::own_id;
use crate::catalog::file::STANDARD_LAYOUT;
use crate::catalog::{Field, FieldKind, FieldNumber, ID_FIELD, Layout, Module, ModuleNumber, Section};
use crate::placement;

/// Code points of a record's name.
const NAME_LENGTH: u32 = 120;
/// API name of the field that stands for a record.
const NAME_FIELD: &str = "Name";

pub(super) fn module(number: u16, id: i64, api_name: &str, labels: [String; 2], name_label: &str) -> Module {
    let [singular_label, plural_label] = labels;
    let fields = fields(number, &singular_label, name_label);
    let shown = fields.iter().filter(|field| !field.is_id()).map(|field| field.number).collect();
    let section = Section { name: format!("{singular_label} Information"), fields: shown };
    let standard = Layout {
        id: layout_id(number, 0),
        name: STANDARD_LAYOUT.to_owned(),
        sections: vec![section],
        mandatory: Vec::new(),
    };
    Module {
        number: ModuleNumber(number),
        id,
        api_name: api_name.to_owned(),
        singular_label,
        plural_label,
        display_field: NAME_FIELD.to_owned(),
        placement: placement::chosen(&fields),
        fields,
        layouts: vec![standard],
    }
}

/// Numbered as in the built-in modules: system fields from 1001.
fn fields(module: u16, singular_label: &str, name_label: &str) -> Vec<Field> {
    let other = |data_type: &str| FieldKind::Other { data_type: data_type.to_owned() };
    let owner_label = format!("{singular_label} Owner");
    let name = FieldKind::Text { length: NAME_LENGTH };
    let name = Field { mandatory: true, duplicate_check: true, ..field(module, 1, NAME_FIELD, name_label, name) };
    let writable = [
        name,
        field(module, 2, "Owner", &owner_label, FieldKind::Owner),
        field(module, 3, "Layout", "Layout", FieldKind::Layout),
    ];
    let system = [
        (1001, ID_FIELD, "Record Id", other("bigint")),
        (1002, "Created_By", "Created By", other("ownerlookup")),
        (1003, "Modified_By", "Modified By", other("ownerlookup")),
        (1004, "Created_Time", "Created Time", FieldKind::DateTime),
        (1005, "Modified_Time", "Modified Time", FieldKind::DateTime),
        (1006, "Last_Activity_Time", "Last Activity Time", FieldKind::DateTime),
        (1007, "Tag", "Tag", other("text")),
    ];
    let system = system.into_iter().map(|(number, api_name, label, kind)| Field {
        read_only: true,
        ..field(module, number, api_name, label, kind)
    });
    writable.into_iter().chain(system).collect()
}

fn field(module: u16, number: u16, api_name: &str, label: &str, kind: FieldKind) -> Field {
    Field {
        number: FieldNumber(number),
        id: own_id(module, i64::from(number)),
        api_name: api_name.to_owned(),
        label: label.to_owned(),
        kind,
        mandatory: false,
        duplicate_check: false,
        unique: None,
        external: false,
        read_only: false,
        joins: None,
    }
}
