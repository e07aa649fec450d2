//! The layout of a record, named by its name or its id (contract 3).

use std::collections::HashMap;

use crate::catalog::Layout;
use crate::verdict::Reason;

/// The layouts of a module, to be found by name or id.
#[derive(Clone, Debug, Default)]
pub struct LayoutRule {
    /// Names, folded, and ids.
    ids: HashMap<String, String>,
    standard: String,
}

impl LayoutRule {
    /// The layouts; the first is that of records that name none.
    pub fn new(layouts: &[Layout]) -> Self {
        let mut rule = LayoutRule::default();
        for layout in layouts {
            let id = layout.id.to_string();
            if rule.standard.is_empty() {
                rule.standard.clone_from(&id);
            }
            rule.ids.entry(layout.name.to_lowercase()).or_insert_with(|| id.clone());
            rule.ids.insert(id.clone(), id);
        }
        rule
    }

    /// The id of the layout of that name or id, if there is one.
    pub(crate) fn find(&self, cell: &str) -> Option<&str> {
        self.ids.get(&cell.to_lowercase()).map(String::as_str)
    }

    /// The id that is stored. A name that no layout has is the standard one's, as documented; an id that none has
    /// was meant for some other module.
    pub(super) fn read(&self, cell: &str) -> Result<&str, Reason> {
        match self.find(cell) {
            Some(id) => Ok(id),
            None if cell.bytes().all(|byte| byte.is_ascii_digit()) => Err(Reason::NoSuchLayout),
            None => Ok(&self.standard),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_found_by_name_and_id() {
        let layout = |id, name: &str| Layout { id, name: name.to_owned(), sections: Vec::new(), mandatory: Vec::new() };
        let rule = LayoutRule::new(&[layout(71, "Standard"), layout(72, "Partners"), layout(73, "2024")]);
        let check = |cell: &str, expected: Result<&str, Reason>| assert_eq!(rule.read(cell), expected, "{cell}");
        check("partners", Ok("72"));
        check("72", Ok("72"));
        check("2024", Ok("73"));
        check("Retired", Ok("71"));
        check("99", Err(Reason::NoSuchLayout));
        assert_eq!(rule.find("Retired"), None);
    }
}
