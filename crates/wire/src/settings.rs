//! Modules and fields as metadata (contract section 8).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `GET /crm/{v}/settings/modules`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModulesAnswer {
    /// The modules.
    pub modules: Vec<ModuleInfo>,
}

/// A module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModuleInfo {
    /// `Leads`
    pub api_name: String,
    /// Its id.
    pub id: String,
    /// `Leads`
    #[serde(default)]
    pub module_name: Option<String>,
    /// `Lead`
    #[serde(default)]
    pub singular_label: Option<String>,
    /// `Leads`
    #[serde(default)]
    pub plural_label: Option<String>,
    /// `default` or `custom`
    #[serde(default)]
    pub generated_type: Option<String>,
    /// Whether the API reaches it.
    #[serde(default)]
    pub api_supported: bool,
    /// Whether records can be made.
    #[serde(default)]
    pub creatable: bool,
    /// Whether records can be changed.
    #[serde(default)]
    pub editable: bool,
    /// Whether records can be deleted.
    #[serde(default)]
    pub deletable: bool,
    /// Whether records can be seen.
    #[serde(default)]
    pub viewable: bool,
    /// `visible`
    #[serde(default)]
    pub status: Option<String>,
}

/// `GET /crm/{v}/settings/fields?module={module}`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FieldsAnswer {
    /// The fields.
    pub fields: Vec<FieldInfo>,
}

/// A field.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FieldInfo {
    /// `Last_Name`
    pub api_name: String,
    /// Its id.
    pub id: String,
    /// `Last Name`
    #[serde(default)]
    pub field_label: Option<String>,
    /// `Last Name`
    #[serde(default)]
    pub display_label: Option<String>,
    /// `text`, `email`, …
    pub data_type: String,
    /// `string`, `integer`, `double`, `boolean`, `jsonobject`
    #[serde(default)]
    pub json_type: Option<String>,
    /// Characters or digits at most.
    #[serde(default)]
    pub length: Option<u32>,
    /// Digits after the point.
    #[serde(default)]
    pub decimal_place: Option<u8>,
    /// Whether the layout demands it.
    #[serde(default)]
    pub system_mandatory: bool,
    /// Whether nobody may write it.
    #[serde(default)]
    pub field_read_only: bool,
    /// Whether this user may not write it.
    #[serde(default)]
    pub read_only: bool,
    /// Whether it is one's own.
    #[serde(default)]
    pub custom_field: bool,
    /// Whether it is shown.
    #[serde(default)]
    pub visible: bool,
    /// `{}` or `{"case_sensitive":false}`
    #[serde(default)]
    pub unique: Map<String, Value>,
    /// The values of a picklist.
    #[serde(default)]
    pub pick_list_values: Vec<PickListValue>,
}

/// A value of a picklist.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PickListValue {
    /// As shown.
    pub display_value: String,
    /// As stored.
    pub actual_value: String,
}
