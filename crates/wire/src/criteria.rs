//! Search criteria: `((Last_Name:equals:Burns\,B)and(Email:equals:b@example.com))`, as the vendor's documentation of
//! searches spells them.
//!
//! A condition or a group stands in brackets; groups may stand in groups. Brackets, commas and backslashes of a value are
//! written with a backslash before them. One group joins by `and` or by `or`: what a mixture means is written nowhere, so
//! it is refused rather than guessed.

use std::fmt;

/// Conditions of one search at most (the vendor's own bound).
pub const CONDITIONS_MAX: usize = 10;
/// Groups inside one another at most.
const DEPTH_MAX: usize = 10;
/// Characters of a value that are written with a backslash before them.
const ESCAPED: [char; 4] = ['(', ')', ',', '\\'];

/// What the records that are looked for fulfil.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Criteria {
    /// A condition.
    Is(Condition),
    /// All of these.
    All(Vec<Criteria>),
    /// One of these.
    Any(Vec<Criteria>),
}

/// `Email:equals:b@example.com`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `Email`
    pub field: String,
    /// `equals`
    pub comparator: String,
    /// Without white space around it, and without the backslashes. Never empty.
    pub value: String,
}

/// Criteria that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CriteriaError {
    /// The character at fault, from 1.
    pub character: usize,
    /// What is wrong, for a person.
    pub reason: String,
}

impl fmt::Display for CriteriaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "criteria, character {}: {}", self.character, self.reason)
    }
}

impl Criteria {
    /// Reads criteria, already decoded from the URL.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn parse(text: &str) -> Result<Self, CriteriaError> {
        let mut parser = Parser { text, at: 0, conditions: 0 };
        let criteria = parser.joined(0)?;
        if parser.at < text.len() {
            return Err(parser.fault("`and`, `or` or the end is expected"));
        }
        Ok(criteria)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    And,
    Or,
}

struct Parser<'t> {
    text: &'t str,
    /// The next byte.
    at: usize,
    conditions: usize,
}

impl Parser<'_> {
    /// One or more in brackets, joined by the same word.
    fn joined(&mut self, depth: usize) -> Result<Criteria, CriteriaError> {
        let first = self.bracketed(depth)?;
        let Some(join) = self.join() else { return Ok(first) };
        let mut joined = vec![first, self.bracketed(depth)?];
        loop {
            let before = self.at;
            match self.join() {
                Some(next) if next == join => joined.push(self.bracketed(depth)?),
                Some(_) => {
                    self.at = before;
                    return Err(self.fault("`and` and `or` stand side by side; put brackets around one of them"));
                }
                None => break,
            }
        }
        Ok(if join == Join::And { Criteria::All(joined) } else { Criteria::Any(joined) })
    }

    fn bracketed(&mut self, depth: usize) -> Result<Criteria, CriteriaError> {
        self.skip_blanks();
        if depth == DEPTH_MAX {
            return Err(self.fault(format!("more than {DEPTH_MAX} brackets are inside one another")));
        }
        self.take('(')?;
        self.skip_blanks();
        if !self.rest().starts_with('(') {
            return self.condition().map(Criteria::Is);
        }
        let inner = self.joined(depth + 1)?;
        self.take(')')?;
        Ok(inner)
    }

    /// The condition behind its opening bracket, and the closing one.
    fn condition(&mut self) -> Result<Condition, CriteriaError> {
        self.conditions += 1;
        if self.conditions > CONDITIONS_MAX {
            return Err(self.fault(format!("more than {CONDITIONS_MAX} conditions")));
        }
        let (field, comparator) = (self.name()?, self.name()?);
        Ok(Condition { field, comparator, value: self.value()? })
    }

    /// Up to the colon, and over it.
    fn name(&mut self) -> Result<String, CriteriaError> {
        let rest = self.rest();
        let end = rest.find([':', '(', ')']).filter(|&end| end > 0 && rest[end..].starts_with(':'));
        let Some(end) = end else { return Err(self.fault("a condition has the form (Field:equals:value)")) };
        let name = rest[..end].trim().to_owned();
        self.at += end + 1;
        Ok(name)
    }

    /// Up to the closing bracket, and over it.
    fn value(&mut self) -> Result<String, CriteriaError> {
        let start = self.at;
        let mut value = String::new();
        while let Some(next) = self.next() {
            match next {
                ')' if value.trim().is_empty() => {
                    self.at = start;
                    return Err(self.fault("the value is missing"));
                }
                ')' => return Ok(value.trim().to_owned()),
                '(' => {
                    self.at -= 1;
                    return Err(self.fault(r"a bracket of a value is written with a backslash: \("));
                }
                '\\' if self.rest().starts_with(ESCAPED) => value.extend(self.next()),
                other => value.push(other),
            }
        }
        Err(self.fault("a closing bracket is missing"))
    }

    /// The joining word, if one is next.
    fn join(&mut self) -> Option<Join> {
        self.skip_blanks();
        let is_next = |word: &str| self.rest().get(..word.len()).is_some_and(|next| next.eq_ignore_ascii_case(word));
        let (join, length) = if is_next("and") {
            (Join::And, "and".len())
        } else if is_next("or") {
            (Join::Or, "or".len())
        } else {
            return None;
        };
        self.at += length;
        Some(join)
    }

    fn take(&mut self, bracket: char) -> Result<(), CriteriaError> {
        self.skip_blanks();
        if self.rest().starts_with(bracket) {
            self.at += bracket.len_utf8();
            return Ok(());
        }
        let which = if bracket == '(' { "an opening" } else { "a closing" };
        Err(self.fault(format!("{which} bracket is expected")))
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn fault(&self, reason: impl Into<String>) -> CriteriaError {
        CriteriaError { character: self.text[..self.at].chars().count() + 1, reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Criteria as a person would say them, to compare shapes at a glance.
    fn said(criteria: &Criteria) -> String {
        let joined = |list: &[Criteria], word: &str| {
            format!("[{}]", list.iter().map(said).collect::<Vec<_>>().join(&format!(" {word} ")))
        };
        match criteria {
            Criteria::Is(Condition { field, comparator, value }) => format!("{field} {comparator} {value:?}"),
            Criteria::All(list) => joined(list, "and"),
            Criteria::Any(list) => joined(list, "or"),
        }
    }

    #[test]
    fn criteria_are_read() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Criteria::parse(text).map(|criteria| said(&criteria)), Ok(expected.to_owned()), "{text}");
        };
        check("(Email:equals:a@b.cd)", r#"Email equals "a@b.cd""#);
        check("((Email:equals:a@b.cd))", r#"Email equals "a@b.cd""#);
        check("(Email:equals: a@b.cd )", r#"Email equals "a@b.cd""#);
        check("(A:equals:1)and(B:equals:2)", r#"[A equals "1" and B equals "2"]"#);
        check("((A:equals:1) AND (B:equals:2))", r#"[A equals "1" and B equals "2"]"#);
        check("((A:equals:1)or(B:equals:2)or(C:equals:3))", r#"[A equals "1" or B equals "2" or C equals "3"]"#);
        check(
            "((A:equals:1)and((B:equals:2)or((C:equals:3)and(D:equals:4))))",
            r#"[A equals "1" and [B equals "2" or [C equals "3" and D equals "4"]]]"#,
        );
        check(
            "((A:equals:1)or(B:equals:2))and((C:equals:3)or(D:equals:4))",
            r#"[[A equals "1" or B equals "2"] and [C equals "3" or D equals "4"]]"#,
        );
        check(r"(Last_Name:equals:Burns\,B)", r#"Last_Name equals "Burns,B""#);
        check(r"(Last_Name:equals:Patricia\(Boyle\))", r#"Last_Name equals "Patricia(Boyle)""#);
        check(r"(A:equals:\\\))", r#"A equals "\\)""#);
        // A backslash before anything else, and a comma alone, are themselves.
        check(r"(A:equals:C:\dir, D)", r#"A equals "C:\\dir, D""#);
        check("(A:starts_with:andorra)", r#"A starts_with "andorra""#);
        check("(A:equals:Núñez 佐藤)", r#"A equals "Núñez 佐藤""#);
    }

    #[test]
    fn faults_are_told_with_their_place() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Criteria::parse(text).map_err(|error| error.to_string()), Err(expected.to_owned()), "{text}");
        };
        let form = "a condition has the form (Field:equals:value)";
        check("", "criteria, character 1: an opening bracket is expected");
        check("Email:equals:a", "criteria, character 1: an opening bracket is expected");
        check("()", &format!("criteria, character 2: {form}"));
        check("(Email)", &format!("criteria, character 2: {form}"));
        check("(Email:equals)", &format!("criteria, character 8: {form}"));
        check("(:equals:a)", &format!("criteria, character 2: {form}"));
        check("(Email:equals:)", "criteria, character 15: the value is missing");
        check("(Email:equals: )", "criteria, character 15: the value is missing");
        check("(Email:equals:a", "criteria, character 16: a closing bracket is missing");
        check(r"(Email:equals:a\)", "criteria, character 18: a closing bracket is missing");
        check("(ñ:equals:a(b)", r"criteria, character 12: a bracket of a value is written with a backslash: \(");
        check("(A:equals:1)xor(B:equals:2)", "criteria, character 13: `and`, `or` or the end is expected");
        check("(A:equals:1))", "criteria, character 13: `and`, `or` or the end is expected");
        check("(A:equals:1)and", "criteria, character 16: an opening bracket is expected");
        check("((A:equals:1)and(B:equals:2)", "criteria, character 29: a closing bracket is expected");
        check(
            "(A:equals:1)and(B:equals:2)or(C:equals:3)",
            "criteria, character 28: `and` and `or` stand side by side; put brackets around one of them",
        );
    }

    #[test]
    fn criteria_have_bounds() {
        let chain = |count: usize| vec!["(A:equals:1)"; count].join("or");
        assert!(Criteria::parse(&chain(CONDITIONS_MAX)).is_ok());
        assert_eq!(Criteria::parse(&chain(CONDITIONS_MAX + 1)).unwrap_err().reason, "more than 10 conditions");
        let nested = |depth: usize| format!("{}A:equals:1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(Criteria::parse(&nested(DEPTH_MAX)).is_ok());
        let error = Criteria::parse(&nested(DEPTH_MAX + 1)).unwrap_err();
        assert_eq!(error.reason, "more than 10 brackets are inside one another");
    }
}
