"""Rows too short and too long, many columns, large cells, long values."""

from .case import csv, job, large, table

COLUMNS = [f"C{number}" for number in range(200)]


def wide(columns, cells):
    return ",".join(columns) + "\n" + ",".join(cells) + "\n"


def cases():
    yield csv("ragged", "Rows with too few and too many cells are skipped, with the place; others go on.",
              "Name,Note,Code\nA\nB,two\nC,three,3\nD,four,4,\nE,five,5,x,y,z\n,,\n,,,\nF,six,6\n")
    yield csv("ragged_quoted", "The cell too many is quoted and has line ends before it.", 'Name,Note\n"A\nA","one\ntwo","three"\nB,two\n')
    yield csv("very_ragged", "Thousands of cells more than the header.", "Name,Note\nA,one" + ",x" * 5000 + "\nB,two\n")
    yield csv("columns_200", "200 columns are read.", wide(["Name", *COLUMNS[1:]], ["A", *COLUMNS[1:]]), job("Name"))
    yield csv("columns_201", "201 columns are refused.", wide(["Name", *COLUMNS], ["A", *COLUMNS]), job("Name"))
    yield csv("columns_201_quoted", "Empty and quoted ones count.", '"Name"' + ',""' * 200 + "\nA" + "," * 200 + "\n", job("Name"))
    yield csv("last_of_200", "The last of 200 columns is mapped.", wide(COLUMNS[:199] + ["Last"], COLUMNS[:199] + ["A"]),
              {"mappings": [{"field": "Name", "index": 199}]})
    mib = 1 << 20
    yield large("cell_of_1_mib", "A cell of 1 MiB is read, in a column that is not mapped.", ("Name,Other\nA,", 1), ("x", mib), ("\nB,two\n", 1), job=job("Name"))
    yield large("cell_over_1_mib", "A cell of one byte more spoils its row, and only that.", ("Name,Other\nA,", 1), ("x", mib + 1), ("\nB,two\n", 1), job=job("Name"))
    yield large("quoted_cell_over_1_mib", "The same in quotes, with line ends.", ('Name,Other\nA,"', 1), ("x\r\n", mib // 3 + 1), ('"\nB,two\n', 1), job=job("Name"))
    yield large("row_over_1_mib", "Cells that are together over 1 MiB are read.", ("Name,Other,More\nA,", 1), ("x", mib - 1), (",", 1), ("y", mib - 1), ("\nB,two,2\n", 1), job=job("Name"))
    yield large("row_of_20_mib", "A row that is not held in memory: its first cells are shown.", ("Name,Other\nA", 1), (",xxxxxxxxxxxxxxx", 20 * mib // 16), ("\nB,two\n", 1), job=job("Name"))
    yield large("header_of_20_mib", "A header that is not held in memory: refused.", ("Name,", 1), ("x", 20 * mib), ("\nA,one\n", 1), job=job("Name"))
    yield large("rows_25_000", "25,000 rows are the limit.", ("Name\n", 1), ("A\n", 25_000), job=job("Name"))
    yield large("rows_25_001", "One more: failed, and nothing is written.", ("Name\n", 1), ("A\n", 25_001), job=job("Name"))
    yield large("rows_25_000_and_lines", "Empty lines behind them are none.", ("Name\n", 1), ("A\n", 25_000), ("\r\n", 30), job=job("Name"))
    line = "A," + "x" * 70 + "\n"
    yield large("wrong_crc", "A wrong CRC that is met behind the rows: failed, nothing is written, and all rows are UNPROCESSED.", ("Name,Other\n", 1), (line, 20_000), job=job("Name"), damage="wrong CRC")
    yield table("lengths", "Lengths count code points; over it is INVALID_DATA.", ["Name", "Code"], [
        ["x" * 20, "exactly"], ["x" * 21, "one more"], ["ö" * 20, "two bytes"], ["ö" * 21, "two bytes more"],
        ["😀" * 20, "four bytes"], ["😀" * 21, "four bytes more"], ["e\u0301" * 10, "combined"], ["e\u0301" * 10 + "x", "combined more"],
        ["  " + "x" * 20 + "  ", "blanks around"],
    ])
    yield csv("textarea", "A textarea takes 32,000 code points.", "Name,Note\nA," + "ö" * 32000 + "\nB," + "x" * 32001 + "\n")
