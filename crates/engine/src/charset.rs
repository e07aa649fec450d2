//! Which characters a file's bytes mean, settled once, on its first bytes.
//!
//! The order is fixed (contract 12, row 39): a charset that is named wins, then a byte order mark, then what the bytes
//! themselves show (`detect`). A name that a mark proves wrong is refused: to follow either of them might store a whole
//! file of wrong letters without a word.

mod detect;
#[cfg(test)]
mod tests;

use encoding_rs::{Decoder, Encoding, GB18030, GBK, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE};
use thiserror::Error;

/// Bytes from the start of a file that the charset is judged on (contract 12, row 39: 1 MiB).
pub const HEAD_BYTES: usize = 1 << 20;

const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";
const UTF_16LE_MARK: &[u8] = b"\xFF\xFE";
const UTF_16BE_MARK: &[u8] = b"\xFE\xFF";
/// U+FEFF in GB18030. It proves nothing in other charsets: there its bytes are letters and digits.
const GB18030_MARK: &[u8] = b"\x84\x31\x95\x33";
/// Marks of charsets that are not read. That of UTF-32LE begins like that of UTF-16LE, so it is looked for first.
const FOREIGN_MARKS: [(&[u8], &str); 2] = [(b"\xFF\xFE\0\0", "UTF-32LE"), (b"\0\0\xFE\xFF", "UTF-32BE")];
/// Labels of UTF-16 that leave the order of the bytes to the mark. Without one it is little-endian (the standard).
const UTF_16_LABELS: [&str; 5] = ["utf-16", "unicode", "ucs-2", "iso-10646-ucs-2", "csunicode"];

/// A charset whose files can be read: one of the WHATWG Encoding Standard, whose meaning of labels holds. So ISO-8859-1
/// is windows-1252, and GB2312 is GBK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

/// Why no charset could be settled on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CharsetProblem {
    /// The label names no charset at all.
    #[error("there is no charset {label:?}; name one of the WHATWG Encoding Standard, such as UTF-8, or leave it out")]
    Unknown {
        /// The label as it was given.
        label: String,
    },
    /// The file starts with the mark of another charset than the one that is named.
    #[error(
        "the file starts with the byte order mark of {mark}, and the charset {named} is named; \
         name {mark} or leave it out"
    )]
    Contradicted {
        /// The canonical name of the named charset.
        named: &'static str,
        /// The canonical name of the mark's charset.
        mark: &'static str,
    },
    /// The file starts with the mark of a charset that is not read.
    #[error("the file starts with the byte order mark of {name}, which is not supported; save the file as UTF-8")]
    ForeignMark {
        /// The name of the mark's charset.
        name: &'static str,
    },
}

/// How line ends stand in the bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Units {
    /// Bytes that are those of ASCII and nothing else.
    Bytes,
    /// Two bytes each, the low one first.
    LowFirst,
    /// Two bytes each, the high one first.
    HighFirst,
}

impl Units {
    /// Bytes of each.
    pub(crate) fn bytes(self) -> usize {
        if self == Units::Bytes { 1 } else { 2 }
    }
}

impl Charset {
    /// UTF-8, which is read as it stands.
    pub const UTF_8: Charset = Charset(&encoding_rs::UTF_8_INIT);

    /// The canonical name, as job details tell it.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The charset a label means, in the WHATWG's meaning of labels.
    ///
    /// # Errors
    /// [`CharsetProblem::Unknown`], also for labels of charsets that the standard keeps from being read (`hz-gb-2312`).
    pub fn by_label(label: &str) -> Result<Self, CharsetProblem> {
        let found = Encoding::for_label_no_replacement(label.as_bytes());
        found.map(Charset).ok_or_else(|| CharsetProblem::Unknown { label: label.to_owned() })
    }

    /// Bytes of this charset's byte order mark at the start of a file; 0 if there is none.
    pub fn mark_bytes(self, head: &[u8]) -> usize {
        let mark: &[u8] = match self.0 {
            own if own == UTF_8 => UTF_8_MARK,
            own if own == UTF_16LE => UTF_16LE_MARK,
            own if own == UTF_16BE => UTF_16BE_MARK,
            own if own == GB18030 || own == GBK => GB18030_MARK,
            _ => return 0,
        };
        if head.starts_with(mark) { mark.len() } else { 0 }
    }

    /// Whether its files are read as they stand.
    pub fn is_utf8(self) -> bool {
        self == Charset::UTF_8
    }

    /// Whether letters are switched, and have to be switched back before a line ends (RFC 1468).
    pub(crate) fn switches_back_in_lines(self) -> bool {
        self.0 == ISO_2022_JP
    }

    pub(crate) fn units(self) -> Units {
        match self.0 {
            own if own == UTF_16LE => Units::LowFirst,
            own if own == UTF_16BE => Units::HighFirst,
            _ => Units::Bytes,
        }
    }

    pub(crate) fn decoder(self) -> Decoder {
        self.0.new_decoder_without_bom_handling()
    }

    /// Bytes of a file as text, for showing: what cannot be decoded is U+FFFD.
    pub fn decode_for_show(self, bytes: &[u8]) -> String {
        self.0.decode_without_bom_handling(bytes).0.into_owned()
    }
}

/// Settles the charset of a file by its first [`HEAD_BYTES`] and the label that the request named, if any.
///
/// # Errors
/// Every [`CharsetProblem`]; each says what to do.
pub fn settle(head: &[u8], named: Option<&str>) -> Result<Charset, CharsetProblem> {
    let named = named.map(|label| Ok((label, Charset::by_label(label)?))).transpose()?;
    if let Some(&(_, name)) = FOREIGN_MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Err(CharsetProblem::ForeignMark { name });
    }
    let marked = marked(head);
    match (named, marked) {
        (Some((label, charset)), Some(mark)) => agreed(label, charset, mark),
        (Some((_, charset)), None) => Ok(charset),
        (None, Some(mark)) => Ok(mark),
        (None, None) if head.starts_with(GB18030_MARK) => Ok(Charset(GB18030)),
        (None, None) => Ok(detect::charset_of(head)),
    }
}

/// The charset that a byte order mark proves.
fn marked(head: &[u8]) -> Option<Charset> {
    [UTF_8, UTF_16LE, UTF_16BE].map(Charset).into_iter().find(|charset| charset.mark_bytes(head) > 0)
}

fn agreed(label: &str, named: Charset, mark: Charset) -> Result<Charset, CharsetProblem> {
    let leaves_order_open = || UTF_16_LABELS.contains(&label.trim().to_ascii_lowercase().as_str());
    if named == mark || mark.units() != Units::Bytes && leaves_order_open() {
        return Ok(mark);
    }
    Err(CharsetProblem::Contradicted { named: named.name(), mark: mark.name() })
}
