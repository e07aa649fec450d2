//! Reasons in words: a short name for programs, what is wrong, and what to do about it.

use super::{Reason, RowCode};

/// What is told of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Its name in our own result, for programs.
    pub name: &'static str,
    /// What is wrong, as a sentence that begins with the value or the row.
    pub message: &'static str,
    /// What to do, in one sentence.
    pub advice: &'static str,
}

impl Reason {
    /// The reason in words.
    pub const fn words(self) -> Words {
        match self {
            Reason::Unspecified => words(
                "unspecified",
                "the value does not fit the field",
                "Write a value that fits the field; the job is from before reasons were kept, so run it again to learn more.",
            ),
            Reason::Empty => words(
                "empty",
                "the cell is empty and the field needs a value",
                "Fill the cell, or give the mapping a default_value.",
            ),
            Reason::TooFewCells => words(
                "too_few_cells",
                "the row has fewer cells than the header",
                "Give the row a cell for each column, empty ones too.",
            ),
            Reason::TooManyCells => words(
                "too_many_cells",
                "the row has more cells than the header",
                "Put cells that hold the delimiter in quotes.",
            ),
            Reason::TextAfterQuote => words(
                "text_after_quote",
                "text follows the closing quote of a cell",
                "Double each quote inside a quoted cell.",
            ),
            Reason::OpenQuote => words(
                "open_quote",
                "a quote is never closed, so that the rest of the file is in its cell",
                "Close the quote, or double it if it belongs to the text.",
            ),
            Reason::Undecodable => words(
                "undecodable",
                "bytes mean nothing in the file's charset",
                "Save the file as UTF-8, or name its charset in character_encoding.",
            ),
            Reason::TooLarge => words(
                "too_large",
                "the cell or the row is larger than is held in memory",
                "Shorten the cell; an unclosed quote before it may be why it is so long.",
            ),
            Reason::TooLong => words(
                "too_long",
                "the value has more characters than the field takes",
                "Shorten the value to the length of the field.",
            ),
            Reason::NotAnEmail => {
                words("not_an_email", "the value is no e-mail address", "Write an address like name@example.com.")
            }
            Reason::NotAPhone => {
                words("not_a_phone", "the value is no phone number", "Write a number like +1 555 010 4477.")
            }
            Reason::NotAWebsite => {
                words("not_a_website", "the value is no web address", "Write an address like www.example.com.")
            }
            Reason::NotAnInteger => {
                words("not_an_integer", "the value is no whole number", "Write a whole number like 1200.")
            }
            Reason::NotANumber => words(
                "not_a_number",
                "the value is no number",
                "Write a number like 1200.50, or give the mapping the number's format.",
            ),
            Reason::TooManyDigits => words(
                "too_many_digits",
                "the number has more digits than the field takes",
                "Write a number with fewer digits.",
            ),
            Reason::NotABoolean => {
                words("not_a_boolean", "the value is neither true nor false", "Write true or false.")
            }
            Reason::NotADate => words(
                "not_a_date",
                "the value is no date in a form that is read",
                "Write a date like 2026-11-30, or give the mapping the date's format.",
            ),
            Reason::NotAMoment => words(
                "not_a_moment",
                "the value is no date and time in a form that is read",
                "Write a time like 2026-11-30T12:00:00+00:00, or give the mapping its format.",
            ),
            Reason::NoSuchDay => words(
                "no_such_day",
                "the value is a day or a time that no calendar has",
                "Correct the day, the month or the time.",
            ),
            Reason::NotInFormat => words(
                "not_in_format",
                "the value is not in the form that the mapping's format says",
                "Write the value as the format says, or correct the format.",
            ),
            Reason::NotInList => words(
                "not_in_list",
                "the value is not in the field's list, and nothing may be added to it",
                "Write one of the field's values.",
            ),
            Reason::NotAUser => words(
                "not_a_user",
                "no user of the organisation has this id or e-mail address",
                "Write the id or the e-mail address of a user.",
            ),
            Reason::NotAnId => words("not_an_id", "the value is no record's id", "Write the digits of a record's id."),
            Reason::LookUpNotFound => words(
                "look_up_not_found",
                "no record that the field can point to has this value",
                "Create that record first, or correct the value.",
            ),
            Reason::LookUpAmbiguous => words(
                "look_up_ambiguous",
                "several records that the field can point to have this value",
                "Write the id of the one that is meant, or look it up by a unique field.",
            ),
            Reason::KeyTaken => words(
                "key_taken",
                "a record with this key exists already, or an earlier row of the file made one",
                "Drop the row, or run the job as upsert to change that record.",
            ),
            Reason::ValueTaken => words(
                "value_taken",
                "another record holds this value of a unique field",
                "Write another value, or change the record that holds it.",
            ),
            Reason::SeveralRecords => words(
                "several_records",
                "several records carry this key, and none was touched",
                "Find the record by its id or by a unique field.",
            ),
            Reason::NoRecord => words(
                "no_record",
                "no record carries this key",
                "Correct the key, or run the job as upsert by another field than id to make the record.",
            ),
            Reason::NoSuchLayout => words(
                "no_such_layout",
                "the module has no layout of this name",
                "Write the name of one of the module's layouts, or leave the cell empty for the standard one.",
            ),
        }
    }

    /// The reason of this name, in any case, its words parted by `_`, `-` or blanks.
    pub fn named(name: &str) -> Option<Reason> {
        let plain = name.trim().to_lowercase().replace(['-', ' '], "_");
        Reason::ALL.into_iter().find(|reason| reason.words().name == plain)
    }

    /// The code that rows at fault for this reason carry; `None` for [`Reason::Unspecified`], which any code may have.
    pub const fn code(self) -> Option<RowCode> {
        match self {
            Reason::Unspecified => None,
            Reason::Empty => Some(RowCode::MandatoryNotFound),
            Reason::KeyTaken | Reason::ValueTaken | Reason::SeveralRecords => Some(RowCode::DuplicateData),
            Reason::NoRecord => Some(RowCode::ResourceNotFound),
            _ => Some(RowCode::InvalidData),
        }
    }
}

const fn words(name: &'static str, message: &'static str, advice: &'static str) -> Words {
    Words { name, message, advice }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_has_words_of_its_own() {
        let mut seen = HashSet::new();
        for reason in Reason::ALL {
            let Words { name, message, advice } = reason.words();
            assert!(seen.insert(name) && seen.insert(message) && seen.insert(advice), "{reason:?}");
            assert!(advice.ends_with('.') && !message.ends_with('.'), "{reason:?}");
            assert_eq!(Reason::named(name), Some(reason));
        }
    }

    #[test]
    fn names_are_read_as_people_write_them() {
        let check = |text: &str, expected| assert_eq!(Reason::named(text), expected, "{text}");
        check("Not-An-Email", Some(Reason::NotAnEmail));
        check(" too few cells ", Some(Reason::TooFewCells));
        check("notanemail", None);
        check("", None);
    }
}
