"""Zips as programs, people and attackers make them."""

import io
import struct
import zipfile
import zlib

from .case import job, zipped

CSV = b"Name,Note\nA,one\nB,two\n"
DAY = (2026, 1, 31, 10, 0, 0)
# CSV through deflate, as one zlib made it: others may choose other bytes.
DEFLATED = bytes.fromhex("f34bcc4dd5f1cb2f49e572d4c9cf4be572d22929cfe70200")


def info(name, method=zipfile.ZIP_STORED):
    made = zipfile.ZipInfo(name, DAY)
    made.compress_type = method
    made.create_system = 3
    return made


def pack(*entries, comment=b""):
    """A zip of stored entries: names with their bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries:
            archive.writestr(info(name), content)
        archive.comment = comment
    return out.getvalue()


class Unseekable(io.RawIOBase):
    """What makes zipfile write data descriptors."""

    def __init__(self):
        self.bytes = bytearray()

    def writable(self):
        return True

    def write(self, content):
        self.bytes += content
        return len(content)


def by_hand(name=b"rows.csv", data=CSV, method=0, flags=0, crc=None, unpacked=None, packed=None, version=20, local_name=None, extra=b"", behind=b"", offset=0, outside=0o644 << 16, local_sizes=True):
    """A zip of one entry, each field of it as told."""
    crc = zlib.crc32(CSV) if crc is None else crc
    unpacked = len(CSV) if unpacked is None else unpacked
    packed = len(data) if packed is None else packed
    sizes = (crc, packed, unpacked) if local_sizes else (0, 0, 0)
    name_there = name if local_name is None else local_name
    local = struct.pack("<4s5H3I2H", b"PK\3\4", version, flags, method, 0x5000, 0x5c3f, *sizes, len(name_there), 0) + name_there + data + behind
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 0x0314, version, flags, method, 0x5000, 0x5c3f, crc, packed, unpacked, len(name), len(extra), 0, 0, 0, outside, offset) + name + extra
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + end


def cases():
    for case in [*good(), *names(), *refused_at_upload(), *refused_at_creation(), *damaged()]:
        case.job = job("Name", "Note")
        yield case


def good():
    yield zipped("stored", "A stored CSV.", pack(("rows.csv", CSV)))
    yield zipped("deflated", "A deflated CSV.", by_hand(data=DEFLATED, method=8))
    yield zipped("deflated_stored_blocks", "Deflate that packs nothing.", by_hand(data=b"\x01" + struct.pack("<HH", len(CSV), len(CSV) ^ 0xFFFF) + CSV, method=8))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        with archive.open(info("rows.csv"), "w", force_zip64=True) as entry:
            entry.write(CSV)
    yield zipped("zip64", "Sizes in a zip64 field.", out.getvalue())
    yield zipped("zip64_directory", "Sizes of the directory in a zip64 field.",
                 by_hand(unpacked=0xFFFFFFFF, packed=0xFFFFFFFF, version=45, extra=struct.pack("<HHQQ", 1, 16, len(CSV), len(CSV)), local_sizes=False, flags=8,
                         behind=struct.pack("<4sIQQ", b"PK\7\x08", zlib.crc32(CSV), len(CSV), len(CSV))))
    yield zipped("zip64_end_record", "A zip64 end record, which the plain one points to.", with_zip64_end(by_hand()))
    streamed = Unseekable()
    with zipfile.ZipFile(streamed, "w") as archive:
        archive.writestr(info("rows.csv"), CSV)
    yield zipped("data_descriptor", "Sizes behind the data, in a data descriptor.", bytes(streamed.bytes))
    descriptor = struct.pack("<3I", zlib.crc32(CSV), len(DEFLATED), len(CSV))
    yield zipped("data_descriptor_unsigned", "A data descriptor without its signature.", by_hand(data=DEFLATED, method=8, flags=8, behind=descriptor, local_sizes=False))
    yield zipped("comment", "A comment behind the directory.", pack(("rows.csv", CSV), comment=b"made by hand"))
    yield zipped("prefixed", "Bytes before the zip, as self-extracting ones have.", b"#!/bin/sh\nexit\n" + pack(("rows.csv", CSV)))


def with_zip64_end(whole):
    """The same zip with an end record for very large ones."""
    size, start = struct.unpack("<2I", whole[-10:-2])
    end = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(whole) - 22, 1)
    return whole[:-22] + end + locator + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def names():
    yield zipped("directory", "A folder beside the CSV.", pack(("data/", b""), ("data/rows.csv", CSV)))
    yield zipped("macosx", "What macOS adds is passed over.", pack(("rows.csv", CSV), ("__MACOSX/", b""), ("__MACOSX/._rows.csv", b"\0\5\x16\7"), ("._rows.csv", b"\0")))
    yield zipped("other_files", "Other files beside the CSV are passed over.", pack(("readme.txt", b"read me"), ("rows.csv", CSV), ("rows.json", b"{}")))
    yield zipped("upper_case", "The name's end in any case.", pack(("ROWS.CSV", CSV)))
    yield zipped("utf_8_name", "A name in UTF-8.", pack(("żółw 東京.csv", CSV)))
    yield zipped("cp437_name", "A name in CP437.", by_hand(name="größe é.csv".encode("cp437")))
    yield zipped("utf_8_name_unmarked", "A name in UTF-8 that does not say so is seen to be UTF-8.", by_hand(name="größe.csv".encode()))
    path = "größe.csv".encode("cp437")
    extra = struct.pack("<HHBI", 0x7075, 5 + len("größer.csv".encode()), 1, zlib.crc32(path)) + "größer.csv".encode()
    yield zipped("unicode_path", "A name in an Info-ZIP Unicode path.", by_hand(name=path, extra=extra))
    yield zipped("absolute_name", "An absolute name: refused.", pack(("/etc/rows.csv", CSV)))
    yield zipped("climbing_name", "A name that climbs: refused.", pack(("../rows.csv", CSV)))
    yield zipped("climbing_inside", "Also in the middle.", pack(("a/../../rows.csv", CSV)))
    yield zipped("climbing_backslash", "Also with backslashes.", by_hand(name=b"..\\rows.csv"))
    yield zipped("drive_name", "A name with a drive: refused.", by_hand(name=b"C:\\rows.csv"))
    yield zipped("control_name", "A name with a line end: refused.", by_hand(name=b"ro\nws.csv"))
    yield zipped("nul_name", "A name with a NUL: refused.", by_hand(name=b"rows.csv\0.txt"))
    yield zipped("empty_name", "No name: refused.", by_hand(name=b""))
    yield zipped("climbing_other", "A dangerous name of another file is refused too.", pack(("rows.csv", CSV), ("../other.txt", b"x")))


def refused_at_upload():
    whole = pack(("rows.csv", CSV))
    yield zipped("no_zip", "A CSV that is called a zip.", CSV)
    yield zipped("no_bytes", "No bytes at all.", b"")
    yield zipped("truncated_end", "The last byte is missing.", whole[:-1])
    yield zipped("truncated_half", "The second half is missing.", whole[: len(whole) // 2])
    yield zipped("only_local", "No directory.", whole[: 30 + 8 + len(CSV)])
    yield zipped("directory_moved", "The directory is not where the end record says.", whole[:-6] + struct.pack("<I", 5) + whole[-2:])
    yield zipped("several_disks", "A part of several disks.", whole[:-18] + struct.pack("<HH", 1, 1) + whole[-14:])


def refused_at_creation():
    yield zipped("empty", "A zip of nothing.", pack())
    yield zipped("no_csv", "No CSV.", pack(("rows.txt", CSV)))
    yield zipped("several", "Two CSVs.", pack(("a.csv", CSV), ("b.csv", CSV)))
    yield zipped("nested", "A zip inside the zip.", pack(("inner.zip", pack(("rows.csv", CSV)))))
    yield zipped("nested_beside", "Also beside a CSV.", pack(("rows.csv", CSV), ("inner.zip", pack(("rows.csv", CSV)))))
    yield zipped("zero_bytes", "A CSV of no bytes.", pack(("rows.csv", b"")))
    yield zipped("encrypted", "An encrypted CSV.", by_hand(flags=1, data=b"\0" * 12 + CSV))
    yield zipped("strongly_encrypted", "Encrypted by AES.", by_hand(flags=1, method=99))
    yield zipped("bzip2", "Packed in a way that is not read.", by_hand(method=12))
    yield zipped("same_name", "Two entries of one name.", by_name_twice())
    yield zipped("link", "A symbolic link.", by_hand(outside=0o120777 << 16))
    yield zipped("sizes_differ", "Stored, with two sizes.", by_hand(unpacked=len(CSV) + 5))
    yield zipped("outside_file", "An entry that lies outside the file.", by_hand(packed=5000, unpacked=5000))
    yield zipped("local_missing", "No local header where the directory says.", by_hand(offset=7))
    yield zipped("workbook", "A workbook that is called a CSV.", pack(("rows.csv", pack(("xl/workbook.xml", b"<x/>")))))
    yield zipped("declared_huge", "It says that it unpacks to 2 GiB.", by_hand(data=DEFLATED, method=8, unpacked=2 << 30))


def by_name_twice():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info("rows.csv"), CSV)
        archive.writestr(info("rows.csz"), CSV)
    return out.getvalue().replace(b"rows.csz", b"rows.csv")


def damaged():
    yield zipped("wrong_crc", "A wrong CRC, met while the header is read: refused. Of a larger file it is met later, see widths/wrong_crc.", by_hand(crc=1))
    yield zipped("wrong_crc_deflated", "The same, deflated.", by_hand(data=DEFLATED, method=8, crc=1))
    yield zipped("broken_deflate", "Deflate that is broken.", by_hand(data=b"\xff" * 20, method=8))
    yield zipped("cut_deflate", "Deflate that is cut off.", by_hand(data=DEFLATED[:-6], method=8))
    yield zipped("too_short", "It unpacks to less than it says.", by_hand(data=DEFLATED, method=8, unpacked=len(CSV) + 1))
    yield zipped("too_long", "It unpacks to more than it says.", by_hand(data=DEFLATED, method=8, unpacked=len(CSV) - 1))
    yield zipped("local_name_differs", "The local header has another name.", by_hand(local_name=b"pows.csv"))
    yield zipped("flipped", "A byte of the data is another one.", by_hand(data=CSV.replace(b"two", b"twp")))
