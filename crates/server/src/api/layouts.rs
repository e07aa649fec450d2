//! The layouts of a module as metadata (the vendor's layouts documentation; contract section 8).

use std::collections::HashMap;

use bulkwright_engine::catalog::{Field, FieldNumber, Layout, Module, Section};
use bulkwright_wire::error::ErrorCode;
use bulkwright_wire::layouts::{LayoutField, LayoutInfo, LayoutsAnswer, NumberOrWord, SectionInfo};
use bulkwright_wire::settings::FieldInfo;
use bulkwright_wire::version::Version;
use serde_json::{Map, Value};

use super::settings::{ShownFields, missing_parameter, module_of};
use crate::gate::Call;
use crate::reply::{Answer, Refusal};

/// What could be done to a layout; nothing of it is done over this API.
const ACTIONS: [&str; 7] = ["edit", "rename", "clone", "downgrade", "delete", "deactivate", "set_layout_permissions"];
/// Fields side by side where a section has several.
const COLUMNS: u8 = 2;

/// `GET /crm/{v}/settings/layouts?module=…`
pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let module = asked_module(call)?;
    answer(call, module, &module.layouts).await
}

/// `GET /crm/{v}/settings/layouts/{id}?module=…`
pub(crate) async fn one(call: &Call<'_>) -> Result<Answer, Refusal> {
    let module = asked_module(call)?;
    let asked = call.route.parameter("layout_id");
    let found = module.layouts.iter().find(|layout| layout.id.to_string() == asked);
    let layout = found.ok_or(ErrorCode::RecordNotFound)?;
    answer(call, module, std::slice::from_ref(layout)).await
}

fn asked_module<'c>(call: &'c Call<'_>) -> Result<&'c Module, Refusal> {
    let name = call.query.get("module").ok_or_else(|| missing_parameter("module"))?;
    Ok(module_of(call, name)?)
}

async fn answer(call: &Call<'_>, module: &Module, layouts: &[Layout]) -> Result<Answer, Refusal> {
    let shown = ShownFields::of(call, module).await?;
    let info = |field: &Field| (field.number, shown.info(field));
    let fields: HashMap<FieldNumber, FieldInfo> = module.fields.iter().map(info).collect();
    let shown = |layout| layout_info(module, layout, &fields, call.route.version);
    let layouts = layouts.iter().map(shown).collect();
    Ok(Answer::ok(&LayoutsAnswer { layouts }))
}

fn layout_info(
    module: &Module,
    layout: &Layout,
    fields: &HashMap<FieldNumber, FieldInfo>,
    version: Version,
) -> LayoutInfo {
    let is_standard = layout.id == module.standard_layout().id;
    let sections = layout.sections.iter().enumerate();
    let demanded = |number: &FieldNumber| module.by_number(*number).is_some_and(|field| layout.demands(field));
    let section_of = |(place, section)| section_info(layout, place, section, fields, &demanded, version);
    LayoutInfo {
        has_more_profiles: false,
        created_time: None,
        visible: true,
        created_for: None,
        profiles: Vec::new(),
        source: "crm".to_owned(),
        created_by: None,
        sections: sections.map(section_of).collect(),
        display_label: layout.name.clone(),
        show_business_card: true,
        actions_allowed: ACTIONS
            .into_iter()
            .map(|action| (action.to_owned(), Value::Bool(false)))
            .collect::<Map<_, _>>(),
        modified_time: None,
        api_name: layout.name.clone(),
        name: layout.name.clone(),
        modified_by: None,
        generated_type: if is_standard { "system" } else { "custom" }.to_owned(),
        id: layout.id.to_string(),
        status: NumberOrWord::active(version),
    }
}

fn section_info(
    layout: &Layout,
    place: usize,
    section: &Section,
    fields: &HashMap<FieldNumber, FieldInfo>,
    demanded: &dyn Fn(&FieldNumber) -> bool,
    version: Version,
) -> SectionInfo {
    let column_count = if section.fields.len() > 1 { COLUMNS } else { 1 };
    let shown = section.fields.iter().filter_map(|number| Some((fields.get(number)?, demanded(number)))).enumerate();
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
        id: layout.section_id(place).to_string(),
        fields: shown.map(|(at, (field, required))| layout_field(field, required, place + 1, at + 1)).collect(),
        properties: None,
    }
}

fn layout_field(field: &FieldInfo, required: bool, section_id: usize, sequence_number: usize) -> LayoutField {
    LayoutField { field: field.clone(), required, section_id, sequence_number, kind: "used".to_owned() }
}
