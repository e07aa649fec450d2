"""Tables of the corpus, read by Python's csv and by the csv crate.

Where a quote stands that RFC 4180 has no meaning for, each reader may read what it likes, and so may it where bytes mean
nothing: the cells of rows that the engine skips for that are not compared. Everything else has to agree, unless it is
listed here.
"""

import csv
import io

csv.field_size_limit(1 << 30)

# Rows whose cells have no defined meaning.
UNDEFINED = {"TextAfterQuote", "OpenQuote", "Undecodable", "TooLarge"}

# Where Python's csv reads something else, and why.
PYTHON = {
    "charsets/broken_15_iso_2022_jp": "behind broken bytes Python goes on in the letters that were switched to; the engine begins each line anew",
    "quoting/nuls": "before Python 3.11 its csv refused NULs",
    "quoting/blank_after_quote": "Python keeps blanks behind a closing quote as part of the cell",
}

# Those that only some versions of Python differ in.
SOMETIMES = {"quoting/nuls"}

# Where the csv crate does.
CSV_CRATE = {
    "quoting/blank_after_quote": "the csv crate keeps blanks behind a closing quote as part of the cell",
    "quoting/mark_twice": "the csv crate takes off a byte order mark, also the second one",
}

# What Python calls the charsets of the WHATWG.
CODECS = {
    "windows-1252": "cp1252", "windows-874": "cp874", "Shift_JIS": "cp932", "EUC-KR": "cp949", "GBK": "gb18030", "UTF-16LE": "utf-16-le",
    "UTF-16BE": "utf-16-be", "windows-1254": "cp1254",
}


def by_python(content, told):
    """The rows that Python reads, by the charset and the delimiter that the engine settled on."""
    text = content.decode(CODECS.get(told["charset"], told["charset"]), errors="replace")
    text = text[1:] if text[:1] == "\ufeff" else text
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=told["delimiter"]))
    except csv.Error as error:
        return [[f"refused: {error}"]]


def difference(told, others):
    """What differs first, if anything does."""
    others = [row for row in others if row]
    if others[0] != told["header"]:
        return f"the header is {told['header']!r} and {others[0]!r}"
    rows, others = told["rows"], others[1:]
    for number, (row, other) in enumerate(zip(rows, others), 1):
        cells = other[: len(told["header"])] if row["problem"] == "TooManyCells" else other
        if row["problem"] not in UNDEFINED and row["cells"] != cells:
            return f"row {number} is {row['cells']!r} and {other!r}"[:500]
    if len(rows) != len(others):
        return f"there are {len(rows)} and {len(others)} rows"
    return ""
