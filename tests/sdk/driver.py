"""What every SDK has to be able to do with a server: upload, create, poll, details, download, and see errors as errors.

A script for one SDK hands over an object with these methods, each of which uses nothing but the SDK's public classes:

    connect(server, folder)               initialise the SDK for this server; it may keep files in the folder
    upload(path) -> (file_id, code)       raises Refused
    create(operation, file_id, find_by, mappings) -> (job_id, code)
    details(job_id) -> Details
    download(url, folder) -> path of the file that the SDK wrote
"""

import argparse
import csv
import io
import json
import os
import sys
import tempfile
import time
import traceback
import urllib.parse
import urllib.request
import uuid
import zipfile
from collections import namedtuple

# The fixed credentials of `bulkwright dev`.
DEV_CLIENT_ID = "1000.BULKWRIGHTDEV"
DEV_CLIENT_SECRET = "bulkwright-dev-secret"
DEV_REFRESH_TOKEN = "1000.bulkwright-dev-refresh"

POLL_SECONDS = 0.05
FINISH_SECONDS = 60

Server = namedtuple("Server", "base_url token_url client_id client_secret refresh_token zgid email")
Details = namedtuple("Details", "id status operation module created_by created_time mappings file download_url")
Counts = namedtuple("Counts", "status name added updated skipped total")


class Refused(Exception):
    """The SDK parsed an answer as an API error."""

    def __init__(self, status, code, message, details):
        super().__init__("%s %s: %s %s" % (status, code, message, details))
        self.status, self.code, self.message, self.details = status, code, message, details


class Checks:
    """Counts what held and what did not, and goes on."""

    def __init__(self):
        self.passed = self.failed = 0

    def equal(self, name, found, expected):
        self.that(name, found == expected, "found %r, expected %r" % (found, expected))

    def that(self, name, holds, otherwise):
        if holds:
            self.passed += 1
            print("ok %s" % name)
        else:
            self.failed += 1
            print("FAILED %s: %s" % (name, otherwise))


def main(sdk):
    checks = Checks()
    try:
        server = find_server(arguments())
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)  # The SDKs leave a log where they run.
            sdk.connect(server, folder)
            run(sdk, checks, folder)
            os.chdir(os.path.dirname(os.path.abspath(__file__)))
    except Exception:  # Whatever an SDK raises is a failed test, with its story.
        traceback.print_exc(file=sys.stdout)
        checks.failed += 1
    print("%d passed, %d failed" % (checks.passed, checks.failed))
    sys.exit(1 if checks.failed else 0)


def arguments():
    parser = argparse.ArgumentParser(description="Runs an SDK of the vendor's against a Bulk Write server.")
    given = os.environ.get
    parser.add_argument("--base-url", default=given("BULKWRIGHT_BASE_URL"), help="such as http://127.0.0.1:8080")
    parser.add_argument("--credentials", metavar="FILE", help="credentials.json of a server; else those of `dev`")
    parser.add_argument("--client-id", default=given("BULKWRIGHT_CLIENT_ID", DEV_CLIENT_ID))
    parser.add_argument("--client-secret", default=given("BULKWRIGHT_CLIENT_SECRET", DEV_CLIENT_SECRET))
    parser.add_argument("--refresh-token", default=given("BULKWRIGHT_REFRESH_TOKEN", DEV_REFRESH_TOKEN))
    options = parser.parse_args()
    if options.credentials:
        with open(options.credentials, encoding="utf-8") as file:
            known = json.load(file)
        for key in ("base_url", "client_id", "client_secret", "refresh_token"):
            setattr(options, key, known[key])
    if not options.base_url:
        parser.error("--base-url or --credentials is needed")
    return options


def find_server(options):
    """Asks the server whose credentials these are: the SDKs have to be told the organisation and the user's address."""
    base = options.base_url.rstrip("/")
    token_url = base + "/oauth/v2/token"
    form = {
        "grant_type": "refresh_token",
        "client_id": options.client_id,
        "client_secret": options.client_secret,
        "refresh_token": options.refresh_token,
    }
    token = read_json(urllib.request.Request(token_url, data=urllib.parse.urlencode(form).encode()))["access_token"]
    headers = {"Authorization": "Zoho-oauthtoken " + token}
    org = read_json(urllib.request.Request(base + "/crm/v8/org", headers=headers))["org"][0]
    users = read_json(urllib.request.Request(base + "/crm/v8/users?type=CurrentUser", headers=headers))["users"]
    return Server(
        base_url=base,
        token_url=token_url,
        client_id=options.client_id,
        client_secret=options.client_secret,
        refresh_token=options.refresh_token,
        zgid=org["zgid"],
        email=users[0]["email"],
    )


def read_json(request):
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def run(sdk, checks, folder):
    # Addresses of this run only, so that the checks hold on a server that has seen others.
    tag = uuid.uuid4().hex[:12]
    rows = [
        ["Last_Name", "Email", "Company", "Annual_Revenue"],
        ["Núñez, \"Pepe\"", "pepe.%s@example.com" % tag, "Río Verde", "1250000.50"],
        ["佐藤", "sato.%s@example.com" % tag, "Nordwind\nLogistics", "12"],
        ["", "nobody.%s@example.com" % tag, "No last name", "1"],
    ]
    mappings = [("Last_Name", 0), ("Email", 1), ("Company", 2), ("Annual_Revenue", 3)]
    upload = write_zip(folder, "leads-%s" % tag, rows)

    file_id = upload_checks(sdk, checks, upload)
    inserted = job_checks(sdk, checks, file_id, mappings, "insert", folder, ["ADDED", "ADDED", "SKIPPED"])
    updated = job_checks(sdk, checks, file_id, mappings, "upsert", folder, ["UPDATED", "UPDATED", "SKIPPED"])
    checks.that("the upsert met the inserted records", record_ids(inserted) == record_ids(updated), "other ids")
    error_checks(sdk, checks, folder, file_id, mappings)


def upload_checks(sdk, checks, path):
    file_id, code = sdk.upload(path)
    checks.equal("upload answers FILE_UPLOAD_SUCCESS", code, "FILE_UPLOAD_SUCCESS")
    checks.that("file_id is a number in 64 bits", is_id(file_id), repr(file_id))
    return str(file_id)


def job_checks(sdk, checks, file_id, mappings, operation, folder, verdicts):
    job_id, code = sdk.create(operation, file_id, "Email", mappings)
    checks.equal(operation + ": create answers SUCCESS", code, "SUCCESS")
    checks.that(operation + ": the job's id is a number in 64 bits", is_id(job_id), repr(job_id))
    details = finished(sdk, str(job_id))
    detail_checks(checks, operation, job_id, details, mappings, verdicts)
    result = read_result(sdk.download(details.download_url, folder))
    checks.equal(operation + ": the result has the three columns and the verdict", result[0],
                 ["Last_Name", "Email", "Company", "STATUS", "RECORD_ID", "ERRORS"])
    checks.equal(operation + ": every row has its verdict", [row[3] for row in result[1:]], verdicts)
    checks.equal(operation + ": the result says why", result[3][5], "MANDATORY_NOT_FOUND-Last_Name")
    checks.that(operation + ": written rows have an id", all(map(is_id, record_ids(result)[:2])), record_ids(result))
    # The form without a host, to which SDKs prepend a slash of their own, so that it arrives with two.
    relative = urllib.parse.urlsplit(details.download_url).path
    checks.equal(operation + ": the link works without its host", read_result(sdk.download(relative, folder)), result)
    return result


def detail_checks(checks, operation, job_id, details, mappings, verdicts):
    count = verdicts.count
    checks.equal(operation + ": the job is COMPLETED", details.status, "COMPLETED")
    checks.equal(operation + ": details are of this job", str(details.id), str(job_id))
    checks.equal(operation + ": details name the operation", details.operation, operation)
    checks.equal(operation + ": details name the module", details.module, "Leads")
    checks.that(operation + ": details name the creator", bool(details.created_by), repr(details.created_by))
    checks.that(operation + ": created_time is a time", hasattr(details.created_time, "utcoffset"),
                repr(details.created_time))
    checks.equal(operation + ": the mappings are echoed", sorted(details.mappings), sorted(mappings))
    expected = (count("ADDED"), count("UPDATED"), count("SKIPPED"), len(verdicts))
    checks.equal(operation + ": the counts add up", tuple(details.file[2:]), expected)
    checks.equal(operation + ": the file is COMPLETED", details.file.status, "COMPLETED")


def error_checks(sdk, checks, folder, file_id, mappings):
    no_zip = os.path.join(folder, "no.zip")
    with open(no_zip, "w") as file:
        file.write("Last_Name\nThis is no zip\n")
    refused(checks, "a file that is no zip", "INVALID_FILE_FORMAT", lambda: sdk.upload(no_zip))
    refused(checks, "an unknown job", "RESOURCE_NOT_FOUND", lambda: sdk.details("999999999999999999"))
    wrong = mappings + [("No_Such_Field", 0)]
    refused(checks, "a field that does not exist", "INVALID_FIELD",
            lambda: sdk.create("insert", file_id, "Email", wrong))


def refused(checks, name, code, call):
    try:
        answer = call()
        checks.that(name + " is refused", False, "the SDK read a success: %r" % (answer,))
    except Refused as refusal:
        checks.equal(name + " is refused", refusal.code, code)
        checks.equal(name + " has the status error", refusal.status, "error")


def finished(sdk, job_id):
    deadline = time.monotonic() + FINISH_SECONDS
    while True:
        details = sdk.details(job_id)
        if details.status in ("COMPLETED", "FAILED", "SKIPPED"):
            return details
        if time.monotonic() > deadline:
            raise TimeoutError("job %s is still %s after %d s" % (job_id, details.status, FINISH_SECONDS))
        time.sleep(POLL_SECONDS)


def write_zip(folder, name, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path = os.path.join(folder, name + ".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name + ".csv", text.getvalue().encode("utf-8"))
    return path


def read_result(path):
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline="")))


def record_ids(result):
    return [row[4] for row in result[1:]]


def is_id(value):
    return str(value).isdigit() and 0 < int(value) < 2**63
