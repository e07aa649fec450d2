//! Lists for the eye: plain aligned columns under their names.

use std::ops::Range;

/// Columns under a header, numbers to the right. Nothing at all without rows.
pub(crate) fn lines<const N: usize>(header: [&str; N], rows: Vec<[String; N]>, numbers: &Range<usize>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let rows: Vec<[String; N]> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    let widths: Vec<usize> = (0..N).map(|at| rows.iter().map(|row| chars(&row[at])).max().unwrap_or(0)).collect();
    rows.iter().map(|row| aligned(row, &widths, numbers)).collect()
}

fn aligned(row: &[String], widths: &[usize], numbers: &Range<usize>) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(at, (cell, &width))| match numbers.contains(&at) {
        true => format!("{cell:>width$}"),
        false => format!("{cell:<width$}"),
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// A text that is cut where a column would become too wide.
pub(crate) fn shortened(text: &str, chars_max: usize) -> String {
    if chars(text) <= chars_max {
        return text.to_owned();
    }
    text.chars().take(chars_max - 1).chain(['…']).collect()
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![["a".to_owned(), "1".to_owned()], ["größe".to_owned(), "1,000".to_owned()]];
        assert_eq!(lines(["NAME", "COUNT"], rows, &(1..2)), ["NAME   COUNT", "a          1", "größe  1,000"]);
        assert_eq!(lines(["NAME"], Vec::new(), &(0..0)), Vec::<String>::new());
        assert_eq!((shortened("abc", 3), shortened("abcd", 3)), ("abc".to_owned(), "ab…".to_owned()));
    }
}
