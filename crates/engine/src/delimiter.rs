//! Which byte separates the cells of a file, told by its header.

/// What can separate cells, in the order in which ties are settled (contract 12, row 40).
pub const CANDIDATES: [Delimiter; 5] =
    [Delimiter::Comma, Delimiter::Semicolon, Delimiter::Tab, Delimiter::Pipe, Delimiter::Colon];

/// A byte that separates cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// The tab character.
    Tab,
    /// `|`
    Pipe,
    /// `:`
    Colon,
}

impl Delimiter {
    /// The byte in the file.
    pub fn byte(self) -> u8 {
        match self {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
            Delimiter::Tab => b'\t',
            Delimiter::Pipe => b'|',
            Delimiter::Colon => b':',
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        CANDIDATES.into_iter().find(|candidate| candidate.byte() == byte)
    }
}

/// The candidate that stands most often outside quotes in the header, which is the first line of `head` (without a
/// byte order mark) that is not empty; a comma if there is none.
pub fn detect(head: &[u8]) -> Delimiter {
    let counts = count_in_header(head);
    let most = counts.iter().copied().max().unwrap_or(0);
    CANDIDATES.into_iter().zip(counts).find(|&(_, count)| count == most).map_or(Delimiter::Comma, |(found, _)| found)
}

/// Occurrences of each candidate in the header. A quote opens a quoted cell only where a cell can begin.
fn count_in_header(head: &[u8]) -> [usize; CANDIDATES.len()] {
    let mut counts = [0; CANDIDATES.len()];
    let start = head.iter().position(|byte| !matches!(byte, b'\n' | b'\r')).unwrap_or(head.len());
    let (mut quoted, mut before) = (false, None);
    for &byte in &head[start..] {
        let delimiter = Delimiter::of_byte(byte);
        match byte {
            b'"' if quoted => quoted = false,
            // The second of two quotes opens what the first one seemed to close.
            b'"' => quoted = matches!(before, None | Some(b'"')) || before.and_then(Delimiter::of_byte).is_some(),
            _ if quoted => {}
            b'\n' | b'\r' => break,
            _ => {
                counts.iter_mut().zip(CANDIDATES).filter(|(_, one)| Some(*one) == delimiter).for_each(|(n, _)| *n += 1)
            }
        }
        before = Some(byte);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_the_delimiter() {
        let check = |head: &str, expected: Delimiter| assert_eq!(detect(head.as_bytes()), expected, "{head:?}");
        check("a,b;c,d\n", Delimiter::Comma);
        check("a;b,c;d\n", Delimiter::Semicolon);
        check("a\tb\r\n", Delimiter::Tab);
        check("a|b|c\r1,2,3,4,5", Delimiter::Pipe);
        check("a:b", Delimiter::Colon);
        // Ties are settled in the order of the candidates.
        check("a:b|c\td;e,f\n", Delimiter::Comma);
        check("a:b|c\td;e\n", Delimiter::Semicolon);
        check("a:b|c\td\n", Delimiter::Tab);
        check("a:b|c\n", Delimiter::Pipe);
        // None at all: one column.
        check("Name\n1;2;3\n", Delimiter::Comma);
        check("", Delimiter::Comma);
        // Quotes hide what is in them, also line ends and doubled quotes.
        check("\"a,b,c\";d\n", Delimiter::Semicolon);
        check("\"a,\n,\r\n,c\"|d\n", Delimiter::Pipe);
        check("\"say \"\"a,b,c\"\" ,\";d\n", Delimiter::Semicolon);
        // A quote inside a bare cell is only text.
        check("Size 5\",a,b;c\n", Delimiter::Comma);
        // Empty lines are no header.
        check("\n\r\n\na;b\n", Delimiter::Semicolon);
    }
}
