//! Modules and fields as data.

use std::collections::HashMap;

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

/// A kind of record.
#[derive(Clone, Debug)]
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
}

/// One typed attribute of a module.
#[derive(Clone, Debug)]
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
    /// Whether the layout demands a value (contract 7.2 and 12, row 26).
    pub mandatory: bool,
    /// Usable in find_by and indexed; values may repeat (contract 7.3 and 12, row 25).
    pub duplicate_check: bool,
    /// No two records may carry the same value (contract 12, row 25).
    pub unique: Option<Unique>,
    /// Not writable by an import.
    pub read_only: bool,
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
    /// The user a record belongs to.
    Owner,
    /// A type of the API that an import cannot write yet; refused by name when mapped.
    Other {
        /// The wire's `data_type`.
        data_type: String,
    },
}
