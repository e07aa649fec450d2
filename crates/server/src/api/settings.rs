//! Modules and their fields as metadata (contract section 8).

use bulkwright_engine::catalog::{Catalog, Field, FieldKind, FieldNumber, Module};
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::settings::{
    ExternalInfo, FieldInfo, FieldsAnswer, LookupInfo, LookupModule, ModuleInfo, ModulesAnswer, PickListValue,
    SEVERAL_MODULES,
};
use bulkwright_wire::version::Version;
use serde_json::Map;

use crate::gate::Call;
use crate::reply::{Answer, Refusal};

/// `GET /crm/{v}/settings/modules`
pub(crate) fn modules(call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::ok(&ModulesAnswer { modules: call.app.catalog.modules().iter().map(module_info).collect() }))
}

/// `GET /crm/{v}/settings/fields?module=…`, with the picklist values that writes have added.
pub(crate) async fn fields(call: &Call<'_>) -> Result<Answer, Refusal> {
    let name = call.query.get("module").ok_or_else(|| missing_parameter("module"))?;
    let shown = ShownFields::of(call, module_of(call, name)?).await?;
    Ok(Answer::ok(&FieldsAnswer { fields: shown.module.fields.iter().map(|field| shown.info(field)).collect() }))
}

/// The module of that name.
pub(super) fn module_of<'c>(call: &'c Call<'_>, name: &str) -> Result<&'c Module, ErrorBody> {
    call.app.catalog.module(name).ok_or_else(|| ErrorCode::InvalidModule.into())
}

/// A parameter that has to be there.
pub(super) fn missing_parameter(name: &str) -> ErrorBody {
    ErrorBody::from(ErrorCode::RequiredParamMissing).with("param_name", name)
}

fn module_info(module: &Module) -> ModuleInfo {
    ModuleInfo {
        api_name: module.api_name.clone(),
        id: module.id.to_string(),
        module_name: Some(module.plural_label.clone()),
        singular_label: Some(module.singular_label.clone()),
        plural_label: Some(module.plural_label.clone()),
        generated_type: Some(if module.is_own() { "custom" } else { "default" }.to_owned()),
        api_supported: true,
        creatable: true,
        editable: true,
        deletable: true,
        viewable: true,
        status: Some("visible".to_owned()),
    }
}

/// The fields of a module, for one organisation and one version.
pub(super) struct ShownFields<'c> {
    pub(super) module: &'c Module,
    catalog: &'c Catalog,
    /// Picklist values that writes have added.
    added: Vec<(FieldNumber, String)>,
    version: Version,
}

impl<'c> ShownFields<'c> {
    pub(super) async fn of(call: &'c Call<'_>, module: &'c Module) -> Result<Self, Refusal> {
        let added = call.app.store.picklist_additions(call.caller.grant.org, module.number).await?;
        Ok(ShownFields { module, catalog: &call.app.catalog, added, version: call.route.version })
    }

    pub(super) fn info(&self, field: &Field) -> FieldInfo {
        let (length, decimal_place) = bounds(&field.kind);
        FieldInfo {
            api_name: field.api_name.clone(),
            id: field.id.to_string(),
            field_label: Some(field.label.clone()),
            display_label: Some(field.label.clone()),
            data_type: field.kind.data_type().to_owned(),
            json_type: Some(json_type(&field.kind).to_owned()),
            length,
            decimal_place,
            system_mandatory: field.mandatory,
            field_read_only: field.read_only,
            read_only: field.read_only,
            custom_field: field.is_own(),
            visible: true,
            unique: unique(field),
            external: field.external.then(|| ExternalInfo { kind: "org".to_owned(), show: true }),
            lookup: self.lookup(field),
            pick_list_values: pick_list_values(field, &self.added),
        }
    }

    fn lookup(&self, field: &Field) -> LookupInfo {
        let FieldKind::Lookup { modules } = &field.kind else { return LookupInfo::default() };
        let module = match modules.as_slice() {
            [target] => {
                let id = self.catalog.module(target).map(|module| module.id.to_string());
                LookupModule::of(self.version, target, id)
            }
            _ => LookupModule::of(self.version, SEVERAL_MODULES, None),
        };
        LookupInfo {
            display_label: Some(self.module.plural_label.clone()),
            api_name: Some(self.module.api_name.clone()),
            module: Some(module),
            id: Some(field.id.to_string()),
        }
    }
}

fn bounds(kind: &FieldKind) -> (Option<u32>, Option<u8>) {
    match kind {
        FieldKind::Text { length }
        | FieldKind::Textarea { length }
        | FieldKind::Email { length }
        | FieldKind::Phone { length }
        | FieldKind::Website { length } => (Some(*length), None),
        FieldKind::Integer { digits } | FieldKind::BigInt { digits } => (Some(u32::from(*digits)), None),
        FieldKind::Double { digits, decimal_places }
        | FieldKind::Currency { digits, decimal_places }
        | FieldKind::Percent { digits, decimal_places } => (Some(u32::from(*digits)), Some(*decimal_places)),
        _ => (None, None),
    }
}

fn json_type(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Integer { .. } => "integer",
        FieldKind::Double { .. } | FieldKind::Currency { .. } | FieldKind::Percent { .. } => "double",
        FieldKind::Boolean => "boolean",
        FieldKind::MultiSelect { .. } => "jsonarray",
        FieldKind::Owner | FieldKind::User | FieldKind::Lookup { .. } | FieldKind::Layout => "jsonobject",
        FieldKind::Other { data_type } if data_type.ends_with("lookup") => "jsonobject",
        _ => "string",
    }
}

fn unique(field: &Field) -> Map<String, serde_json::Value> {
    let marked = field.unique.map(|unique| ("case_sensitive".to_owned(), unique.case_sensitive.into()));
    marked.into_iter().collect()
}

fn pick_list_values(field: &Field, added: &[(FieldNumber, String)]) -> Vec<PickListValue> {
    let (FieldKind::Picklist { values } | FieldKind::MultiSelect { values }) = &field.kind else { return Vec::new() };
    let added = added.iter().filter(|(number, _)| *number == field.number).map(|(_, value)| value);
    let value = |value: &String| PickListValue { display_value: value.clone(), actual_value: value.clone() };
    values.iter().chain(added).map(value).collect()
}

#[cfg(test)]
mod tests {
    use bulkwright_engine::catalog::Catalog;
    use bulkwright_wire::settings::display_field;

    #[test]
    fn the_loader_looks_records_up_by_what_the_catalog_shows_of_them() {
        for module in Catalog::builtin().modules() {
            assert_eq!(display_field(&module.api_name), module.display_field, "{}", module.api_name);
        }
    }
}
