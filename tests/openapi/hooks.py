"""What a document cannot say of its values: zips that really are some."""

import io
import zipfile

import schemathesis
from hypothesis import strategies


def zipped(name, csv):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, csv)
    return out.getvalue()


LEADS = "Last_Name,Email,Annual_Revenue\nNg,ng@example.com,1200.50\n,no-name@example.com,7\nÖz,not an address,x\n"
ZIPS = [
    zipped("leads.csv", LEADS),
    zipped("leads.csv", "Last_Name\nNg\n"),
    zipped("empty.csv", "Last_Name,Email\n"),
    zipped("colours.csv", "Colour,Size\nred,4\n"),
    zipped("nothing.csv", ""),
    zipped("notes.txt", "no table"),
    b"PK\x03\x04 cut off",
    b"",
]
# A longer URL is answered by the HTTP library, outside of the document.
QUERY_CHARS_MAX = 4000


@schemathesis.hook
def filter_query(context, query):
    return len(str(query)) < QUERY_CHARS_MAX


schemathesis.openapi.media_type("application/zip", strategies.sampled_from(ZIPS) | strategies.binary(max_size=64))
