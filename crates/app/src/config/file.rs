//! The configuration file: from its text to values of known settings, each with its place.

use bulkwright_engine::nearest::nearest;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bulkwright_client::Exit;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::kind::Given;
use super::table::{SETTINGS, tables};
use super::{Origin, Statement};
use crate::exit::Failure;

/// A place in a file, counted from 1; columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    path: PathBuf,
    line: usize,
    column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}, column {}", self.path.display(), self.line, self.column)
    }
}

/// What the file says. A key that is not known is refused: a slip would pass for the default.
pub(super) fn statements(path: &Path, text: &str) -> Result<Vec<Statement>, Failure> {
    let source = Source { path, text };
    let root = DeTable::parse(text).map_err(|error| source.not_toml(&error))?;
    let mut statements = Vec::new();
    source.read_table("", root.get_ref(), &mut statements)?;
    Ok(statements)
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    /// Reads a table and those under it; `name` is empty for the file itself.
    fn read_table(&self, name: &str, table: &DeTable<'_>, statements: &mut Vec<Statement>) -> Result<(), Failure> {
        for (key, value) in table {
            let full = if name.is_empty() { key.get_ref().to_string() } else { format!("{name}.{}", key.get_ref()) };
            if tables().any(|known| known == full) {
                let inner = value.get_ref().as_table();
                let inner = inner.ok_or_else(|| self.no_table(&full, &value.span()))?;
                self.read_table(&full, inner, statements)?;
                continue;
            }
            let known = SETTINGS.iter().position(|setting| setting.table == name && setting.key == key.get_ref());
            let setting = known.ok_or_else(|| self.unknown(name, key))?;
            let given = given_by(value.get_ref()).ok_or_else(|| self.no_value(&full, &value.span()))?;
            statements.push(Statement { setting, given, origin: Origin::File(self.place(&value.span())) });
        }
        Ok(())
    }

    fn unknown(&self, table: &str, key: &Spanned<std::borrow::Cow<'_, str>>) -> Failure {
        let place = self.place(&key.span());
        let inside = if table.is_empty() { String::new() } else { format!("in [{table}] ") };
        let message = format!("unknown key `{}` {inside}of {place}", key.get_ref());
        Failure::new(Exit::Usage, message, meant(table, key.get_ref()))
    }

    fn not_toml(&self, error: &toml::de::Error) -> Failure {
        let place = self.place(&error.span().unwrap_or_default());
        // The parser's message may take several lines; what failed is in the first.
        let reason = error.message().lines().next().unwrap_or_default();
        Failure::new(Exit::Usage, format!("{place}: {reason}"), "write KEY = VALUE, and texts in double quotes")
    }

    fn no_table(&self, name: &str, span: &Range<usize>) -> Failure {
        let message = format!("`{name}` of {} is no table", self.place(span));
        Failure::new(Exit::Usage, message, format!("write [{name}] and its settings under it"))
    }

    fn no_value(&self, name: &str, span: &Range<usize>) -> Failure {
        let message = format!("`{name}` of {} is no text, no number and no list of texts", self.place(span));
        Failure::new(Exit::Usage, message, "`bulkwright serve --print-config` shows how it is written")
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Place {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

fn given_by(value: &DeValue<'_>) -> Option<Given> {
    match value {
        DeValue::Array(items) => {
            items.iter().map(|item| text_of(item.get_ref())).collect::<Option<_>>().map(Given::Many)
        }
        single => text_of(single).map(Given::One),
    }
}

/// A single value as a text. What kind of text is wanted is for the setting to say.
fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Integer(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// What very likely was meant by a key that is not known.
fn meant(table: &str, key: &str) -> String {
    let elsewhere = SETTINGS.iter().find(|setting| setting.key == key);
    if let Some(setting) = elsewhere {
        return format!("it belongs in [{}]", setting.table);
    }
    let settings_here = SETTINGS.iter().filter(|setting| setting.table == table).map(|setting| setting.key);
    let tables_here = tables().filter_map(|name| match name.rsplit_once('.') {
        Some((parent, last)) => (parent == table).then_some(last),
        None => table.is_empty().then_some(name),
    });
    let near_here = nearest(key, settings_here.chain(tables_here)).map(|name| format!("did you mean `{name}`?"));
    let near_elsewhere = || {
        let name = nearest(key, SETTINGS.iter().map(|setting| setting.key))?;
        let setting = SETTINGS.iter().find(|setting| setting.key == name)?;
        Some(format!("did you mean `{name}` in [{}]?", setting.table))
    };
    let none = || "`bulkwright serve --print-config` shows the keys that there are".to_owned();
    near_here.or_else(near_elsewhere).unwrap_or_else(none)
}
