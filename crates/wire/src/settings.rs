//! Modules and fields as metadata (contract section 8).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::version::Version;

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
    /// Null unless it holds ids that another system gave.
    #[serde(default)]
    pub external: Option<ExternalInfo>,
    /// What a look-up points to; `{}` for every other field.
    #[serde(default)]
    pub lookup: LookupInfo,
    /// The values of a picklist.
    #[serde(default)]
    pub pick_list_values: Vec<PickListValue>,
}

/// Of a field that holds ids of another system.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExternalInfo {
    /// `org`: the ids are the same for all users.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it is shown.
    pub show: bool,
}

/// What a look-up points to, as the fields documentation and the types of the SDKs have it. All keys or none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LookupInfo {
    /// What the list of these records is called at the record that is pointed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_label: Option<String>,
    /// That list's API name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_name: Option<String>,
    /// The module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<LookupModule>,
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The module that a look-up points into: its name through v4, an object from v5 on (the types of SDK 2.1 and 5.0).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LookupModule {
    /// As it was.
    Name(String),
    /// As it is.
    Object {
        /// `Accounts`, or [`SEVERAL_MODULES`].
        api_name: String,
        /// Its id; absent where the field points into several modules.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
}

/// What a look-up into several modules has in the place of one: each record says in `$se_module` into which it points.
pub const SEVERAL_MODULES: &str = "se_module";

impl LookupModule {
    /// A module in the form of a version.
    pub fn of(version: Version, api_name: &str, id: Option<String>) -> Self {
        match version < Version::V5 {
            true => LookupModule::Name(api_name.to_owned()),
            false => LookupModule::Object { api_name: api_name.to_owned(), id },
        }
    }
}

/// API name of the field whose value stands for a record of a module where another record points to it: by the tables of
/// system fields and of duplicate checks (contract 7.2 and 7.3); custom modules call it `Name`.
pub fn display_field(module: &str) -> &'static str {
    match module {
        "Leads" | "Contacts" => "Full_Name",
        "Accounts" => "Account_Name",
        "Deals" => "Deal_Name",
        "Campaigns" => "Campaign_Name",
        "Solutions" => "Solution_Title",
        "Products" => "Product_Name",
        "Vendors" => "Vendor_Name",
        "Price_Books" => "Price_Book_Name",
        "Cases" | "Quotes" | "Sales_Orders" | "Purchase_Orders" | "Invoices" | "Tasks" => "Subject",
        _ => "Name",
    }
}

/// A value of a picklist.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PickListValue {
    /// As shown.
    pub display_value: String,
    /// As stored.
    pub actual_value: String,
}
