//! Layouts as metadata: the vendor's layouts documentation, with the key types of its SDKs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::settings::FieldInfo;
use crate::version::Version;

/// `GET /crm/{v}/settings/layouts?module={module}`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LayoutsAnswer {
    /// The layouts.
    pub layouts: Vec<LayoutInfo>,
}

/// A layout.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LayoutInfo {
    /// Whether there are profiles that are not listed.
    pub has_more_profiles: bool,
    /// When it was made; null if it came with the module.
    pub created_time: Option<String>,
    /// Whether users see it.
    pub visible: bool,
    /// For whom it was made.
    pub created_for: Option<Value>,
    /// The profiles that use it.
    pub profiles: Vec<Value>,
    /// `crm`
    pub source: String,
    /// Who made it; null if it came with the module.
    pub created_by: Option<Value>,
    /// Its sections, from the top.
    pub sections: Vec<SectionInfo>,
    /// `Standard`
    pub display_label: String,
    /// Whether a card of a record's main fields is shown.
    pub show_business_card: bool,
    /// What may be done to it.
    pub actions_allowed: Map<String, Value>,
    /// When it was last changed.
    pub modified_time: Option<String>,
    /// `Standard`
    pub api_name: String,
    /// `Standard`
    pub name: String,
    /// Who changed it last.
    pub modified_by: Option<Value>,
    /// `system` or `custom`
    pub generated_type: String,
    /// Its id.
    pub id: String,
    /// A number or a word, by the version.
    pub status: NumberOrWord,
}

/// Fields that are shown together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SectionInfo {
    /// Whether it is a table of a subform.
    #[serde(rename = "isSubformSection")]
    pub is_subform_section: bool,
    /// `used`
    #[serde(rename = "type")]
    pub kind: String,
    /// `Address Information`
    pub display_label: String,
    /// Its place, from 1.
    pub sequence_number: usize,
    /// In which order the tab key goes; a number or a word, by the version.
    pub tab_traversal: NumberOrWord,
    /// `Address Information`
    pub api_name: String,
    /// Columns of fields side by side.
    pub column_count: u8,
    /// `Address Information`
    pub name: String,
    /// `default` or `custom`
    pub generated_type: String,
    /// Its id.
    pub id: String,
    /// Its fields, in order.
    pub fields: Vec<LayoutField>,
    /// What a subform's table has beside.
    pub properties: Option<Value>,
}

/// A field in its place: what `settings/fields` says, and the place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LayoutField {
    /// The field.
    #[serde(flatten)]
    pub field: FieldInfo,
    /// Whether the layout demands it.
    pub required: bool,
    /// Its section's place, from 1.
    pub section_id: usize,
    /// Its place in the section, from 1.
    pub sequence_number: usize,
    /// `used`
    #[serde(rename = "type")]
    pub kind: String,
}

/// A key that was a number in older versions and is a word in newer ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NumberOrWord {
    /// As it was.
    Number(i64),
    /// As it is.
    Word(String),
}

impl NumberOrWord {
    /// The status of a layout that is in use: 0 through v4, `active` from v5 on (the types of SDK 2.1 and 5.0).
    pub fn active(version: Version) -> Self {
        Self::by(version < Version::V5, 0, "active")
    }

    /// The tab key goes from left to right: 2 through v5, a word from v6 on (the types of SDK 5.0 and 6.0; which number it
    /// is nobody recorded).
    pub fn left_to_right(version: Version) -> Self {
        Self::by(version < Version::V6, 2, "left_to_right")
    }

    fn by(is_number: bool, number: i64, word: &str) -> Self {
        if is_number { NumberOrWord::Number(number) } else { NumberOrWord::Word(word.to_owned()) }
    }
}
