"""Random tables as Python's csv writes them."""

import csv
import io
from typing import NamedTuple

DELIMITERS = ",;:|\t"
LINE_ENDS = ["\n", "\r\n", "\r"]
QUOTINGS = {"minimal": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL, "not numbers": csv.QUOTE_NONNUMERIC}
# Charsets by the engine's name and Python's, with letters that they have.
CHARSETS = [
    ("", "utf-8", "äß東😀\u00a0"), ("UTF-8", "utf-8-sig", "äß東😀"), ("UTF-16LE", "utf-16-le", "ä東😀"), ("UTF-16BE", "utf-16-be", "ä東😀"), ("windows-1252", "cp1252", "äß€"),
    ("Shift_JIS", "cp932", "表ソ能ｱ"), ("GB18030", "gb18030", "我𠀀ä"), ("Big5", "big5", "功蓋"), ("ISO-2022-JP", "iso2022_jp", "表い"), ("KOI8-R", "koi8_r", "яЖ"),
]
COLUMNS_MAX = 6
ROWS_MAX = 12
CELL_PARTS_MAX = 8


class Way(NamedTuple):
    """How a table is written."""

    delimiter: str
    line_end: str
    quoting: str
    charset: str
    codec: str
    letters: str


def ways():
    """Every delimiter, line end and quoting, each in one charset after the other."""
    plain = [(delimiter, line_end, quoting) for delimiter in DELIMITERS for line_end in LINE_ENDS for quoting in QUOTINGS]
    return [Way(*way, *charset) for way in plain for charset in CHARSETS]


def table(chance, way):
    """A file, and its rows with the line and the byte where each begins."""
    columns = chance.randint(1 if way.delimiter == "," else 2, COLUMNS_MAX)
    header = [f"H{number}" for number in range(columns)]
    content, line, rows = b"", 1, []
    for number in range(chance.randint(1, ROWS_MAX) + 1):
        cells = [cell(chance, way) for _ in range(columns)] if number else header
        text = written(cells, way)
        rows.append({"cells": cells, "line": line, "byte": len(content)})
        content += text.encode(way.codec if not content else way.codec.replace("-sig", ""))
        line += lines_of(text)
        if chance.random() < 0.1:
            content += way.line_end.encode(way.codec.replace("-sig", ""))
            line += 1
    if chance.random() < 0.3 and rows[-1]["cells"] != [""]:
        content = without_line_end(content, way)
    return content, rows


def cell(chance, way):
    """Text of what can be mistaken."""
    # Until Python 3.13, a line end is put in quotes only if the lines of the file end in it.
    line_ends = list(way.line_end) if way.quoting == "minimal" else ["\r", "\n", "\r\n"]
    parts = [*way.letters, *DELIMITERS, *line_ends, '"', '""', " ", "a", "0", "x y", "\0", "'", "\\"]
    return "".join(chance.choice(parts) for _ in range(chance.randint(0, CELL_PARTS_MAX)))


def written(cells, way):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=way.delimiter, lineterminator=way.line_end, quoting=QUOTINGS[way.quoting]).writerow(cells)
    return out.getvalue()


def lines_of(text):
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


def without_line_end(content, way):
    line_end = way.line_end.encode(way.codec.replace("-sig", ""))
    while content.endswith(line_end):
        content = content[: -len(line_end)]
    return content


def difference(rows, told):
    """What differs first, if anything does."""
    if "refused" in told:
        return told["refused"]
    if told["header"] != rows[0]["cells"]:
        return f"the header is {told['header']!r}"
    if len(told["rows"]) != len(rows) - 1:
        return f"{len(rows) - 1} rows were written, and {len(told['rows'])} read"
    for number, (row, found) in enumerate(zip(rows[1:], told["rows"]), 1):
        for key in row:
            if row[key] != found[key]:
                return f"{key} of row {number}: {row[key]!r} was written, and {found[key]!r} read"
        if found["problem"]:
            return f"row {number}: {found['problem']}"
    # That another reader agrees shows that what was written means something.
    written = [row["cells"] for row in rows]
    return "" if told["csv_crate"] == written else f"the csv crate: {written!r} was written, and {told['csv_crate']!r} read"
