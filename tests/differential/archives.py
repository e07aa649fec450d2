"""Zips of the corpus, read by Python's zipfile."""

import zipfile
import zlib

# Where zipfile reads what the engine refuses, or the other way round, and why.
_NAME = "zipfile reads whatever the name is, and makes it harmless only when it unpacks to disk; the engine refuses it"
DIFFERENT = {
    **{f"zips/{name}": _NAME for name in (
        "absolute_name", "climbing_name", "climbing_inside", "climbing_backslash", "climbing_other", "drive_name", "control_name", "nul_name",
    )},
    "zips/utf_8_name_unmarked": "zipfile reads a name without a mark as CP437; the engine first sees whether it is UTF-8",
    "zips/unicode_path": "zipfile did not read Info-ZIP Unicode paths before Python 3.12",
    "zips/several_disks": "zipfile passes over the numbers of the disks",
    "zips/nested_beside": "it is one of our rules that a zip inside the zip is refused, also beside a CSV",
    "zips/zero_bytes": "it is one of our rules that a CSV needs a header",
    "zips/link": "zipfile reads what a link points to as its content",
    "zips/sizes_differ": "zipfile takes the packed size of a stored entry and stops there",
    "zips/declared_huge": "zipfile does not mind that less comes than is declared; the engine has a limit on what is declared",
    "zips/too_short": "zipfile does not mind that less comes than is declared",
    "zips/local_name_differs": "zipfile compares the local header's name; the engine goes by the directory alone",
}


# Those that only some versions of Python differ in.
SOMETIMES = {"zips/unicode_path"}


def difference(path, told):
    """What differs, if anything does."""
    try:
        name, content = by_python(path)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        return "" if "refused" in told else f"the engine reads it, and zipfile says {error!r}"
    if "refused" in told:
        return f"the engine says {told['refused']!r}, and zipfile reads {name!r}"
    if (name, content.hex()) != (told["name"], told["bytes"]):
        return f"{told['name']!r} and {name!r}, {told['bytes']} and {content.hex()}"
    return ""


def by_python(path):
    """The one CSV in a zip, and its bytes."""
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if is_meant(entry)]
        if len(entries) != 1:
            raise zipfile.BadZipFile(f"{len(entries)} CSVs")
        return entries[0].filename.rpartition("/")[2], archive.read(entries[0])


def is_meant(entry):
    """Whether an entry is a CSV, and not one that macOS adds."""
    parts = entry.filename.split("/")
    return parts[-1].lower().endswith(".csv") and parts[0] != "__MACOSX" and not parts[-1].startswith("._")
