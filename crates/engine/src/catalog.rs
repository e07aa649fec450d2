//! Modules and fields as data.
//!
//! The built-in modules are the files of `crates/engine/modules`, compiled in. A file of one's own adds modules, fields,
//! marks and layouts to them ([`Catalog::with_own`]). Both are refused where their numbers or names are not unambiguous,
//! with the line.

mod file;
mod numbers;
mod own;

use std::collections::HashMap;

pub use file::CatalogError;
pub use numbers::GivenNumbers;

/// API name of the field that is a record's id: usable in find_by, never writable.
pub const ID_FIELD: &str = "id";

/// From a layout's id to its first section's, and from one section's id to the next one's: more than the built-in modules' ids are apart.
const SECTION_ID_STEP: i64 = 100;

/// Numbers of modules of one's own start here; those below are for built-in ones.
pub const OWN_MODULE_NUMBER_MIN: u16 = 1000;
/// Numbers of fields of one's own start here; those below are for built-in ones.
pub const OWN_FIELD_NUMBER_MIN: u16 = 2000;

const BUILTIN: [&str; 15] = [
    include_str!("../modules/leads.toml"),
    include_str!("../modules/contacts.toml"),
    include_str!("../modules/accounts.toml"),
    include_str!("../modules/deals.toml"),
    include_str!("../modules/campaigns.toml"),
    include_str!("../modules/cases.toml"),
    include_str!("../modules/solutions.toml"),
    include_str!("../modules/products.toml"),
    include_str!("../modules/vendors.toml"),
    include_str!("../modules/price_books.toml"),
    include_str!("../modules/quotes.toml"),
    include_str!("../modules/sales_orders.toml"),
    include_str!("../modules/purchase_orders.toml"),
    include_str!("../modules/invoices.toml"),
    include_str!("../modules/tasks.toml"),
];

/// A module's number in the store: given once in the catalog's file, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleNumber(pub u16);

/// A field's number inside its module: the key of its value in stored bodies. Given once, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldNumber(pub u16);

/// All modules of an installation.
#[derive(Clone, Debug)]
pub struct Catalog {
    modules: Vec<Module>,
    by_name: HashMap<String, usize>,
}

impl Catalog {
    /// The standard modules, from Leads to Tasks.
    pub fn builtin() -> Self {
        let modules = BUILTIN.iter().map(|text| file::module(text).expect("a test reads every built-in file"));
        Self::of(modules.collect()).expect("a test puts the built-in files together")
    }

    /// Reads the files of several modules, one module each.
    ///
    /// # Errors
    /// The first fault, with its line where it has one.
    pub fn parse(files: &[&str]) -> Result<Self, CatalogError> {
        Self::of(files.iter().map(|text| file::module(text)).collect::<Result<_, _>>()?)
    }

    /// These modules with what a file of one's own adds to them.
    ///
    /// # Errors
    /// The first fault of the file, with its line where it has one.
    pub fn with_own(&self, text: &str) -> Result<Self, CatalogError> {
        Self::of(own::add(&self.modules, text)?)
    }

    /// The same modules, with layouts that demand no more than every layout does.
    pub fn undemanding(&self) -> Self {
        let mut catalog = self.clone();
        let layouts = catalog.modules.iter_mut().flat_map(|module| &mut module.layouts);
        layouts.for_each(|layout| layout.mandatory.clear());
        catalog
    }

    fn of(modules: Vec<Module>) -> Result<Self, CatalogError> {
        file::check_modules(&modules)?;
        let by_name = modules.iter().enumerate().map(|(place, module)| (module.api_name.clone(), place)).collect();
        Ok(Catalog { modules, by_name })
    }

    /// The modules, in the order of the files.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The module of that API name, spelled exactly.
    pub fn module(&self, api_name: &str) -> Option<&Module> {
        self.by_name.get(api_name).map(|&place| &self.modules[place])
    }

    /// The module of that number.
    pub fn by_number(&self, number: ModuleNumber) -> Option<&Module> {
        self.modules.iter().find(|module| module.number == number)
    }
}

/// A kind of record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its number in the store.
    pub number: ModuleNumber,
    /// Its id on the wire.
    pub id: i64,
    /// `Leads`.
    pub api_name: String,
    /// `Lead`.
    pub singular_label: String,
    /// `Leads`.
    pub plural_label: String,
    /// Its fields, in the order of the catalog's file.
    pub fields: Vec<Field>,
    /// API name of the field whose value stands for a record where another one points to it.
    pub display_field: String,
    /// Its layouts; at least one, and the first is that of records that name none.
    pub layouts: Vec<Layout>,
    /// The field whose values place its records ([`crate::placement`]); fixed when the module is made.
    pub placement: Option<FieldNumber>,
}

impl Module {
    /// Whether it is none of the built-in ones.
    pub fn is_own(&self) -> bool {
        self.number.0 >= OWN_MODULE_NUMBER_MIN
    }

    /// The field of that API name, spelled exactly.
    pub fn field(&self, api_name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.api_name == api_name)
    }

    /// The field of that number.
    pub fn by_number(&self, number: FieldNumber) -> Option<&Field> {
        self.fields.iter().find(|field| field.number == number)
    }

    /// The layout of records that name none.
    pub fn standard_layout(&self) -> &Layout {
        &self.layouts[0]
    }

    /// The layout of that id.
    pub fn layout(&self, id: i64) -> Option<&Layout> {
        self.layouts.iter().find(|layout| layout.id == id)
    }

    /// The field whose value stands for a record where another one points to it; `None` if a module's file marks none
    /// that there is.
    pub fn display(&self) -> Option<&Field> {
        self.field(&self.display_field)
    }

    /// The fields that have an index: those of `duplicate_check` and the unique ones.
    pub fn indexed(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.is_indexed())
    }
}

/// What a module's records are shown with, and what they need to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Its id on the wire.
    pub id: i64,
    /// `Standard`.
    pub name: String,
    /// Its sections, in the order of the catalog's file. Each field but the record's id is in one.
    pub sections: Vec<Section>,
    /// Fields that it demands beside those that are mandatory in every layout.
    pub mandatory: Vec<FieldNumber>,
}

impl Layout {
    /// Whether records of this layout need a value of the field.
    pub fn demands(&self, field: &Field) -> bool {
        field.mandatory || self.mandatory.contains(&field.number)
    }

    /// The id of its section at that place, from 0.
    pub fn section_id(&self, place: usize) -> i64 {
        let steps = i64::try_from(place).unwrap_or(i64::MAX).saturating_add(1);
        self.id.saturating_add(steps.saturating_mul(SECTION_ID_STEP))
    }
}

/// Fields that a layout shows together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// `Address Information`.
    pub name: String,
    /// Its fields, in the layout's order.
    pub fields: Vec<FieldNumber>,
}

/// One typed attribute of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The key of its value in stored bodies.
    pub number: FieldNumber,
    /// Its id on the wire.
    pub id: i64,
    /// `Last_Name`.
    pub api_name: String,
    /// `Last Name`.
    pub label: String,
    /// What its values are.
    pub kind: FieldKind,
    /// Whether every layout demands a value (contract 7.2 and 12, row 26).
    pub mandatory: bool,
    /// Usable in find_by and indexed; values may repeat (contract 7.3 and 12, row 25).
    pub duplicate_check: bool,
    /// No two records may carry the same value (contract 12, row 25).
    pub unique: Option<Unique>,
    /// An id that another system gave: unique, and usable in find_by.
    pub external: bool,
    /// Not writable by an import.
    pub read_only: bool,
    /// The two fields whose values it is, with a blank between them; always read-only. Nothing of it is stored.
    pub joins: Option<[FieldNumber; 2]>,
}

impl Field {
    /// Whether records can be found by its values.
    pub fn is_indexed(&self) -> bool {
        self.duplicate_check || self.unique.is_some()
    }

    /// Whether keys of its index that differ in case are different keys.
    pub fn is_case_sensitive(&self) -> bool {
        self.unique.is_some_and(|unique| unique.case_sensitive)
    }

    /// Whether it was added to its module by a file of one's own.
    pub fn is_own(&self) -> bool {
        self.number.0 >= OWN_FIELD_NUMBER_MIN
    }

    /// Whether a layout can demand it: an import can give it a value.
    pub(crate) fn is_demandable(&self) -> bool {
        !self.read_only && !matches!(self.kind, FieldKind::Other { .. })
    }

    /// Whether it is the record's id.
    pub fn is_id(&self) -> bool {
        self.api_name == ID_FIELD
    }
}

/// How a unique field compares its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unique {
    /// Whether values that differ in case are different.
    pub case_sensitive: bool,
}

/// The data types of contract section 7.1 with what bounds their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text; `length` in code points.
    Text {
        /// Code points at most.
        length: u32,
    },
    /// Text of several lines.
    Textarea {
        /// Code points at most.
        length: u32,
    },
    /// An address that matches R1.
    Email {
        /// Code points at most.
        length: u32,
    },
    /// A number that matches R2 (with parentheses, contract 12, row 45).
    Phone {
        /// Code points at most.
        length: u32,
    },
    /// An address that matches R3.
    Website {
        /// Code points at most.
        length: u32,
    },
    /// A whole number.
    Integer {
        /// Digits at most.
        digits: u8,
    },
    /// A decimal number, stored exactly.
    Double {
        /// Digits before the point at most.
        digits: u8,
        /// Digits after the point; more are rounded half up.
        decimal_places: u8,
    },
    /// An amount, stored exactly.
    Currency {
        /// Digits before the point at most.
        digits: u8,
        /// Digits after the point; more are rounded half up.
        decimal_places: u8,
    },
    /// A whole number that JSON shows as a string.
    BigInt {
        /// Digits at most.
        digits: u8,
    },
    /// A share of a hundred, stored exactly.
    Percent {
        /// Digits before the point at most.
        digits: u8,
        /// Digits after the point; more are rounded half up.
        decimal_places: u8,
    },
    /// True or false; never set reads as false.
    Boolean,
    /// A day.
    Date,
    /// A moment.
    DateTime,
    /// One of a list of values that grows (contract 12, row 14).
    Picklist {
        /// The values of the catalog's file.
        values: Vec<String>,
    },
    /// Several of a list of values that grows.
    MultiSelect {
        /// The values of the catalog's file.
        values: Vec<String>,
    },
    /// A record of another module, or of this one.
    Lookup {
        /// API names of the modules it can point into; of several, each row says which (a polymorphic look-up).
        modules: Vec<String>,
    },
    /// The user a record belongs to.
    Owner,
    /// Some user.
    User,
    /// The layout of the record.
    Layout,
    /// A type of the API that an import cannot write; refused by name when mapped.
    Other {
        /// The wire's `data_type`.
        data_type: String,
    },
}

impl FieldKind {
    /// The wire's `data_type`.
    pub fn data_type(&self) -> &str {
        match self {
            FieldKind::Text { .. } => "text",
            FieldKind::Textarea { .. } => "textarea",
            FieldKind::Email { .. } => "email",
            FieldKind::Phone { .. } => "phone",
            FieldKind::Website { .. } => "website",
            FieldKind::Integer { .. } => "integer",
            FieldKind::Double { .. } => "double",
            FieldKind::Currency { .. } => "currency",
            FieldKind::BigInt { .. } => "bigint",
            FieldKind::Percent { .. } => "percent",
            FieldKind::Boolean => "boolean",
            FieldKind::Date => "date",
            FieldKind::DateTime => "datetime",
            FieldKind::Picklist { .. } => "picklist",
            FieldKind::MultiSelect { .. } => "multiselectpicklist",
            FieldKind::Lookup { .. } => "lookup",
            FieldKind::Owner => "ownerlookup",
            FieldKind::User => "userlookup",
            FieldKind::Layout => "layout",
            FieldKind::Other { data_type } => data_type,
        }
    }
}

#[cfg(test)]
mod tests;
