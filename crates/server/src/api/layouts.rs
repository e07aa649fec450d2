//! The one layout that each module has, as metadata (the vendor's layouts documentation; contract section 8).

use std::collections::HashMap;

use bulkwright_engine::catalog::{Field, FieldNumber, Module, Section};
use bulkwright_wire::error::ErrorCode;
use bulkwright_wire::layouts::{LayoutField, LayoutInfo, LayoutsAnswer, NumberOrWord, SectionInfo};
use bulkwright_wire::settings::FieldInfo;
use bulkwright_wire::version::Version;
use serde_json::{Map, Value};

use super::settings::{field_info, missing_parameter, module_of};
use crate::gate::Call;
use crate::reply::{Answer, Refusal};

/// What the built-in layout is called everywhere.
const STANDARD: &str = "Standard";
/// What could be done to a layout; nothing of it is done to the built-in one.
const ACTIONS: [&str; 7] = ["edit", "rename", "clone", "downgrade", "delete", "deactivate", "set_layout_permissions"];
/// Fields side by side where a section has several.
const COLUMNS: u8 = 2;

/// `GET /crm/{v}/settings/layouts?module=…`
pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let module = asked_module(call)?;
    answer(call, module).await
}

/// `GET /crm/{v}/settings/layouts/{id}?module=…`
pub(crate) async fn one(call: &Call<'_>) -> Result<Answer, Refusal> {
    let module = asked_module(call)?;
    if call.route.parameter("layout_id") != module.layout_id().to_string() {
        return Err(ErrorCode::RecordNotFound.into());
    }
    answer(call, module).await
}

fn asked_module<'c>(call: &'c Call<'_>) -> Result<&'c Module, Refusal> {
    let name = call.query.get("module").ok_or_else(|| missing_parameter("module"))?;
    Ok(module_of(call, name)?)
}

async fn answer(call: &Call<'_>, module: &Module) -> Result<Answer, Refusal> {
    let added = call.app.store.picklist_additions(call.caller.grant.org, module.number).await?;
    let shown = |field: &Field| (field.number, field_info(field, &added));
    let fields: HashMap<FieldNumber, FieldInfo> = module.fields.iter().map(shown).collect();
    Ok(Answer::ok(&LayoutsAnswer { layouts: vec![layout(module, &fields, call.route.version)] }))
}

fn layout(module: &Module, fields: &HashMap<FieldNumber, FieldInfo>, version: Version) -> LayoutInfo {
    let sections = module.sections.iter().enumerate();
    LayoutInfo {
        has_more_profiles: false,
        created_time: None,
        visible: true,
        created_for: None,
        profiles: Vec::new(),
        source: "crm".to_owned(),
        created_by: None,
        sections: sections.map(|(place, section)| section_info(module, place, section, fields, version)).collect(),
        display_label: STANDARD.to_owned(),
        show_business_card: true,
        actions_allowed: ACTIONS
            .into_iter()
            .map(|action| (action.to_owned(), Value::Bool(false)))
            .collect::<Map<_, _>>(),
        modified_time: None,
        api_name: STANDARD.to_owned(),
        name: STANDARD.to_owned(),
        modified_by: None,
        generated_type: "system".to_owned(),
        id: module.layout_id().to_string(),
        status: NumberOrWord::active(version),
    }
}

fn section_info(
    module: &Module,
    place: usize,
    section: &Section,
    fields: &HashMap<FieldNumber, FieldInfo>,
    version: Version,
) -> SectionInfo {
    let column_count = if section.fields.len() > 1 { COLUMNS } else { 1 };
    let shown = section.fields.iter().filter_map(|number| fields.get(number)).enumerate();
    SectionInfo {
        is_subform_section: false,
        kind: "used".to_owned(),
        display_label: section.name.clone(),
        sequence_number: place + 1,
        tab_traversal: NumberOrWord::left_to_right(version),
        api_name: section.name.clone(),
        column_count,
        name: section.name.clone(),
        generated_type: "default".to_owned(),
        id: module.section_id(place).to_string(),
        fields: shown.map(|(at, field)| layout_field(field, place + 1, at + 1)).collect(),
        properties: None,
    }
}

fn layout_field(field: &FieldInfo, section_id: usize, sequence_number: usize) -> LayoutField {
    LayoutField {
        field: field.clone(),
        required: field.system_mandatory,
        section_id,
        sequence_number,
        kind: "used".to_owned(),
    }
}
