//! The numbers that an installation has given to modules and fields of its own.
//!
//! They key stored values, so none may come to mean something else, not even after its field is gone from the file.
//! One line each, in rising order: `1000 Ships`, and `1000.2000 double Draught` for a field.

use std::collections::BTreeMap;
use std::fmt;

use super::{Catalog, CatalogError, FieldNumber, ModuleNumber};

/// Every number of one's own that was ever given, and what for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GivenNumbers {
    modules: BTreeMap<ModuleNumber, String>,
    fields: BTreeMap<(ModuleNumber, FieldNumber), GivenField>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct GivenField {
    data_type: String,
    api_name: String,
}

impl GivenNumbers {
    /// Reads what their `Display` wrote; `None` if it did not.
    pub fn parse(text: &str) -> Option<Self> {
        let mut given = GivenNumbers::default();
        for line in text.lines() {
            let (number, rest) = line.split_once(' ')?;
            match number.split_once('.') {
                None => {
                    given.modules.insert(ModuleNumber(number.parse().ok()?), rest.to_owned());
                }
                Some((module, field)) => {
                    let (data_type, api_name) = rest.split_once(' ')?;
                    let key = (ModuleNumber(module.parse().ok()?), FieldNumber(field.parse().ok()?));
                    let field = GivenField { data_type: data_type.to_owned(), api_name: api_name.to_owned() };
                    given.fields.insert(key, field);
                }
            }
        }
        Some(given)
    }

    /// What the module was called that a number was given to.
    pub fn module(&self, number: ModuleNumber) -> Option<&str> {
        self.modules.get(&number).map(String::as_str)
    }

    /// Takes in the numbers of a catalog. A field may have another name than before, not another type.
    ///
    /// # Errors
    /// The first number that was given to something else.
    pub fn take_in(&mut self, catalog: &Catalog) -> Result<(), CatalogError> {
        for module in catalog.modules() {
            if module.is_own() {
                let known = self.modules.entry(module.number).or_insert_with(|| module.api_name.clone());
                if *known != module.api_name {
                    let reason = format!(
                        "number {} of {} was given to the module {known}, whose records keep it; give {} a number that \
                         was never used",
                        module.number.0, module.api_name, module.api_name
                    );
                    return Err(CatalogError { line: None, reason });
                }
            }
            for field in module.fields.iter().filter(|field| field.is_own()) {
                let now = GivenField { data_type: field.kind.data_type().to_owned(), api_name: field.api_name.clone() };
                let before = self.fields.insert((module.number, field.number), now);
                match before.filter(|before| before.data_type != field.kind.data_type()) {
                    Some(before) => return Err(retyped(&module.api_name, field, &before)),
                    None => continue,
                }
            }
        }
        Ok(())
    }
}

fn retyped(module: &str, field: &super::Field, before: &GivenField) -> CatalogError {
    let GivenField { data_type, api_name } = before;
    let reason = format!(
        "number {} of field {} of {module} was given to {api_name} of type {data_type}, and records may hold values of \
         that; give {} a number that was never used",
        field.number.0, field.api_name, field.api_name
    );
    CatalogError { line: None, reason }
}

impl fmt::Display for GivenNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, api_name) in &self.modules {
            writeln!(f, "{} {api_name}", number.0)?;
        }
        for ((module, field), GivenField { data_type, api_name }) in &self.fields {
            writeln!(f, "{}.{} {data_type} {api_name}", module.0, field.0)?;
        }
        Ok(())
    }
}
