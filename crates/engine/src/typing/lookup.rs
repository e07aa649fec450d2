//! Look-ups: a cell names a record of another module, or of this one, by its id or by the value of a field. Typing makes
//! the key by which [`crate::decide`] finds it; whether there is such a record is no question of the cell alone.

use super::{Rule, Value, read, record_id, trimmed};
use crate::catalog::ModuleNumber;
use crate::key;
use crate::reader::Row;
use crate::record_store::IndexId;
use crate::verdict::Reason;

/// How the cells of a look-up become keys.
#[derive(Clone, Debug)]
pub struct LookupRule {
    /// Where records are looked for; of several, a row's module says which, or else all of them are asked.
    pub targets: Vec<LookupTarget>,
    /// The column of the file, from 0, whose cells name a row's module.
    pub module_column: Option<usize>,
}

/// One module that a look-up can point into.
#[derive(Clone, Debug)]
pub struct LookupTarget {
    /// The module.
    pub module: ModuleNumber,
    /// Its API name.
    pub module_name: String,
    /// What finds its records.
    pub by: TargetKey,
}

/// What finds the records that a look-up points to.
#[derive(Clone, Debug)]
pub enum TargetKey {
    /// Their id.
    Id,
    /// The value of an indexed field, read by that field's own rule.
    Index {
        /// The index.
        index: IndexId,
        /// How its values are spelled.
        rule: Box<Rule>,
    },
}

/// Which of a rule's targets a row's key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The one at this place.
    One(u16),
    /// Every one.
    All,
}

impl LookupRule {
    /// The cell that names a row's module, where there is such a column and it is not empty.
    pub(crate) fn module_cell<'r>(&self, row: &Row<'r>) -> Option<&'r str> {
        self.module_column.map(|column| trimmed(row.cell(column))).filter(|cell| !cell.is_empty())
    }

    /// Which target a row asks, by the cell that names its module.
    pub(crate) fn asked(&self, module: Option<&str>) -> Result<Asked, Reason> {
        let place = match module {
            Some(name) => {
                let is_named = |target: &LookupTarget| target.module_name.eq_ignore_ascii_case(name);
                self.targets.iter().position(is_named).ok_or(Reason::LookUpNotFound)?
            }
            None if self.targets.len() == 1 => 0,
            None if self.targets.iter().all(|target| matches!(target.by, TargetKey::Id)) => return Ok(Asked::All),
            None => return Err(Reason::LookUpNotFound),
        };
        Ok(Asked::One(place as u16))
    }

    /// Appends the key of a trimmed cell that is not empty. Targets that are asked together have one form of key.
    pub(crate) fn key_into(
        &self,
        asked: Asked,
        cell: &str,
        scratch: &mut String,
        keys: &mut Vec<u8>,
    ) -> Result<(), Reason> {
        let place = match asked {
            Asked::One(place) => usize::from(place),
            Asked::All => 0,
        };
        self.targets[place].key_into(cell, scratch, keys)
    }

    /// Whether a default can be the key of every row, whichever module that names.
    pub(super) fn check(&self, cell: &str) -> Result<(), Reason> {
        let mut scratch = String::new();
        self.targets.iter().try_for_each(|target| target.key_into(cell, &mut scratch, &mut Vec::new()))
    }
}

impl LookupTarget {
    fn key_into(&self, cell: &str, scratch: &mut String, keys: &mut Vec<u8>) -> Result<(), Reason> {
        match &self.by {
            TargetKey::Id => {
                let id = record_id(cell)?;
                keys.extend_from_slice(id.to_string().as_bytes());
            }
            TargetKey::Index { index, rule } => {
                let value = read(rule, cell, scratch).map_err(|_| Reason::LookUpNotFound)?;
                key::fold_into(Value::as_str(value), index.case_sensitive, keys);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::FieldNumber;

    fn target(name: &str, number: u16, by: TargetKey) -> LookupTarget {
        LookupTarget { module: ModuleNumber(number), module_name: name.to_owned(), by }
    }

    fn by_name(module: u16) -> TargetKey {
        let index = IndexId { module: ModuleNumber(module), field: FieldNumber(1), case_sensitive: false, joins: None };
        TargetKey::Index { index, rule: Box::new(Rule::Text { length: 5 }) }
    }

    fn key(rule: &LookupRule, module: Option<&str>, cell: &str) -> Result<String, Reason> {
        let mut keys = Vec::new();
        rule.key_into(rule.asked(module)?, cell, &mut String::new(), &mut keys)?;
        Ok(String::from_utf8(keys).unwrap())
    }

    #[test]
    fn a_cell_is_a_key_of_its_target() {
        let one = LookupRule { targets: vec![target("Accounts", 3, by_name(3))], module_column: None };
        assert_eq!(key(&one, None, "Acme"), Ok("acme".to_owned()));
        assert_eq!(key(&one, None, "Acme Ltd"), Err(Reason::LookUpNotFound), "no record has a name that long");
        let id = LookupRule { targets: vec![target("Accounts", 3, TargetKey::Id)], module_column: None };
        assert_eq!(key(&id, None, "0012"), Ok("12".to_owned()));
        assert_eq!(key(&id, None, "Acme"), Err(Reason::NotAnId));
        assert_eq!(key(&id, None, "-1"), Err(Reason::NotAnId));
    }

    #[test]
    fn a_rows_module_says_which_target_is_asked() {
        let targets = vec![target("Accounts", 3, by_name(3)), target("Deals", 4, TargetKey::Id)];
        let rule = LookupRule { targets, module_column: Some(1) };
        assert_eq!(key(&rule, Some("accounts"), "Acme"), Ok("acme".to_owned()));
        assert_eq!(key(&rule, Some("Deals"), "7"), Ok("7".to_owned()));
        assert_eq!(key(&rule, Some("Leads"), "7"), Err(Reason::LookUpNotFound));
        assert_eq!(rule.asked(None), Err(Reason::LookUpNotFound), "a name means something in one module only");
        let ids = vec![target("Accounts", 3, TargetKey::Id), target("Deals", 4, TargetKey::Id)];
        assert_eq!(LookupRule { targets: ids, module_column: None }.asked(None), Ok(Asked::All));
        assert_eq!(rule.check("7"), Ok(()));
        assert_eq!(rule.check("Acme"), Err(Reason::NotAnId));
    }
}
