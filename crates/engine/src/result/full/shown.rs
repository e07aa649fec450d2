//! Texts of a file where people see them: in a terminal, a page or a sheet.

/// Characters of a value that are shown; what was cut ends in `…`.
pub const VALUE_CHARS_MAX: usize = 200;

/// The text, cut, with characters that move a terminal's cursor or turn the direction of a line written out as `\u{1b}`.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(VALUE_CHARS_MAX));
    for (place, character) in text.chars().enumerate() {
        if place == VALUE_CHARS_MAX {
            shown.push('…');
            break;
        }
        match character {
            '\n' | '\r' | '\t' => shown.extend(character.escape_default()),
            _ if is_unseen(character) => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

/// Control characters, the marks of direction and order, and the byte order mark.
fn is_unseen(character: char) -> bool {
    let turns =
        matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || turns || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_moves_nothing() {
        let check = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text:?}");
        check("größe 🦀 = 'x' \"y\" \\", "größe 🦀 = 'x' \"y\" \\");
        check("a\r\nb\tc", r"a\r\nb\tc");
        check("\u{1b}[31mred\u{9b}0m\0", r"\u{1b}[31mred\u{9b}0m\u{0}");
        check("\u{202e}txt.exe\u{feff}", r"\u{202e}txt.exe\u{feff}");
    }

    #[test]
    fn what_is_long_is_cut_between_characters() {
        let long = "ä".repeat(VALUE_CHARS_MAX);
        assert_eq!(shown(&long), long);
        assert_eq!(shown(&format!("{long}x")), format!("{long}…"));
    }
}
