//! Which of the names that there are was very likely meant by one that is none of them.

/// How alike two names are from which one is taken for a slip of the other, from 0 to 1.
const ALIKE: f64 = 0.6;
/// Code points of a name that is compared: no name of ours is longer, and comparing takes the product of both lengths.
const NAME_CHARS_MAX: usize = 200;

/// The name that was very likely meant, whatever its case.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let folded = name.to_lowercase();
    nearest_by(name, names, |other| likeness(&folded, &other.to_lowercase()))
}

/// The most alike of the names by a measure from 0 to 1, if it is alike enough.
pub fn nearest_by<'n>(
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
    measure: impl Fn(&str) -> f64,
) -> Option<&'n str> {
    if name.chars().count() > NAME_CHARS_MAX {
        return None;
    }
    let measured = names.into_iter().map(|other| (measure(other), other));
    let best = measured.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, other)| other)
}

/// How alike two words are, from 0 to 1: letters left out, put in, changed and swapped.
pub fn likeness(one: &str, other: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(one, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nothing_finds_what_is_unlike() {
        let names = ["Last_Name", "Email", "Phone"];
        let check = |name: &str, expected: Option<&str>| assert_eq!(nearest(name, names), expected, "{name}");
        check("last_nmae", Some("Last_Name"));
        check("Emial", Some("Email"));
        check("Colour", None);
        check("", None);
        check(&"Email".repeat(50), None);
    }
}
