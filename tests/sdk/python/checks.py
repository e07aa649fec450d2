"""What every SDK has to be able to do with a server: upload, create, poll, details, download, and see errors as errors.

What goes in and what has to come out is in cases.json, which the checks in JavaScript read too; what the recorded job looks
like is the recording's to say.
"""

import csv
import datetime
import io
import json
import os
import time
import urllib.parse
import uuid
import zipfile

from driver import Refused, consent

POLL_SECONDS = 0.02
FINISH_SECONDS = 60

SDK_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CASES = os.path.join(SDK_FOLDER, "cases.json")
RECORDED_JOB_ID = "4150868000005350003"
RECORDED_JOB = os.path.join(SDK_FOLDER, "../../contract/job-details/success.json")


def cases_of(version):
    """What older versions of the API answer differs in codes that are younger than they are."""
    with open(CASES, encoding="utf-8") as file:
        cases = json.load(file)
    for kind in ("refused_uploads", "refused_jobs"):
        cases[kind] = [dict(case, **case.get("before_8", {})) if version < 8 else case for case in cases[kind]]
    return cases


def run(sdk, server, outcome, folder):
    cases = cases_of(sdk.version)
    # Addresses of this run only, so that the checks hold on a server that has seen others.
    tag = uuid.uuid4().hex[:12]
    path = write_zip(folder, "leads-%s" % tag, cases["file"], tag)
    if server.is_dev:
        consent_checks(sdk, outcome, server, folder)
    sdk.connect(server, folder)

    job = dict(cases["job"], file_id=upload_checks(sdk, outcome, path, server))
    results = [job_checks(sdk, outcome, dict(job, operation=run["operation"]), run["verdicts"], cases, folder)
               for run in cases["runs"]]
    same = all(record_ids(result) == record_ids(results[0]) for result in results)
    outcome.that("the later jobs met the inserted records", same, "other ids")

    refusal_checks(sdk, outcome, cases, job, path, server, folder)
    search_checks(sdk, outcome, cases["search"], job["module"], tag)
    layout_checks(sdk, outcome, cases["layout"], job["module"])
    if server.is_dev:
        recorded_job_checks(sdk, outcome, folder)
        token_checks(sdk, outcome, cases, server, folder)


def upload_checks(sdk, outcome, path, server):
    file_id, code = sdk.upload(path, "bulk-write", server.zgid)
    outcome.equal("upload answers FILE_UPLOAD_SUCCESS", code, "FILE_UPLOAD_SUCCESS")
    outcome.that("file_id is a number in 64 bits", is_id(file_id), repr(file_id))
    return str(file_id)


def job_checks(sdk, outcome, job, verdicts, cases, folder):
    operation = job["operation"]
    job_id, code = sdk.create(job)
    outcome.equal(operation + ": create answers SUCCESS", code, "SUCCESS")
    outcome.that(operation + ": the job's id is a number in 64 bits", is_id(job_id), repr(job_id))
    details = finished(sdk, str(job_id))
    detail_checks(outcome, job, job_id, details, verdicts)
    result = read_result(sdk.download(details.download_url, folder))
    outcome.equal(operation + ": the result has three columns and the verdict", result[0], cases["result"]["header"])
    outcome.equal(operation + ": every row has its verdict", [row[3] for row in result[1:]], verdicts)
    outcome.equal(operation + ": the result says why", result[-1][5], cases["result"]["error_of_the_last_row"])
    outcome.that(operation + ": written rows have an id", all(map(is_id, record_ids(result))), record_ids(result))
    # The form without a host, to which SDKs prepend a slash of their own, so that it arrives with two.
    relative = urllib.parse.urlsplit(details.download_url).path
    outcome.equal(operation + ": the link works without its host", read_result(sdk.download(relative, folder)), result)
    return result


def detail_checks(outcome, job, job_id, details, verdicts):
    operation, count = job["operation"], verdicts.count
    outcome.equal(operation + ": the job is COMPLETED", details.status, "COMPLETED")
    outcome.equal(operation + ": details are of this job", str(details.id), str(job_id))
    outcome.equal(operation + ": details name the operation", details.operation, operation)
    outcome.equal(operation + ": details name the module", details.module, job["module"])
    outcome.that(operation + ": details name the creator", all(details.created_by), repr(details.created_by))
    outcome.that(operation + ": created_time is a time", hasattr(details.created_time, "utcoffset"),
                 repr(details.created_time))
    outcome.equal(operation + ": the mappings are echoed", details.mappings, list(map(tuple, job["mappings"])))
    expected = (count("ADDED"), count("UPDATED"), count("SKIPPED"), len(verdicts))
    outcome.equal(operation + ": the counts add up", tuple(details.file[2:]), expected)
    outcome.equal(operation + ": the file is COMPLETED", details.file.status, "COMPLETED")


def refusal_checks(sdk, outcome, cases, job, path, server, folder):
    no_zip = os.path.join(folder, "no.zip")
    with open(no_zip, "w") as file:
        file.write("Last_Name\nThis is no zip\n")
    for case in cases["refused_uploads"]:
        file = path if case.get("zip", True) else no_zip
        headers = case.get("headers", {"feature": "bulk-write", "org": "own"})
        org = server.zgid if headers.get("org") == "own" else headers.get("org")
        refused(outcome, case, lambda: sdk.upload(file, headers.get("feature"), org))
    for case in cases["refused_jobs"]:
        refused(outcome, case, lambda: sdk.create(dict(job, **case["change"])))
    not_found = {"name": "an unknown job", "code": "RESOURCE_NOT_FOUND"}
    refused(outcome, not_found, lambda: sdk.details("999999999999999999"))
    no_result = {"name": "the result of an unknown job", "code": "RESOURCE_NOT_FOUND"}
    link = "/v2/crm/%s/bulk-write/999999999999999999/999999999999999999.zip" % server.zgid
    refused(outcome, no_result, lambda: sdk.download(link, folder))


def recorded_job_checks(sdk, outcome, folder):
    """The job of the recording, read through the SDK, says what the recording says."""
    with open(RECORDED_JOB, encoding="utf-8") as file:
        recorded = json.loads(json.load(file)["response"]["body"])
    details, resource = sdk.details(recorded["id"]), recorded["resource"][0]
    for key in ("status", "operation", "character_encoding"):
        outcome.equal("recorded job: " + key, getattr(details, key), recorded[key])
    outcome.equal("recorded job: id", str(details.id), recorded["id"])
    outcome.equal("recorded job: module", details.module, resource["module"]["api_name"])
    outcome.equal("recorded job: created_by", details.created_by, tuple(recorded["created_by"].values()))
    moment = datetime.datetime.fromisoformat(recorded["created_time"])
    outcome.equal("recorded job: created_time", details.created_time, moment)
    outcome.equal("recorded job: callback", details.callback, tuple(recorded["callback"].values()))
    mappings = [(mapping["api_name"], mapping["index"]) for mapping in resource["field_mappings"]]
    outcome.equal("recorded job: mappings", details.mappings, mappings)
    counts = [resource["file"][key] for key in
              ("status", "name", "added_count", "updated_count", "skipped_count", "total_count")]
    outcome.equal("recorded job: file", list(details.file), counts)
    outcome.equal("recorded job: link", details.download_url, recorded["result"]["download_url"])
    # The link leads to the vendor; its path leads here.
    result = read_result(sdk.download(urllib.parse.urlsplit(details.download_url).path, folder))
    outcome.equal("recorded job: a result for every row", len(result) - 1, resource["file"]["total_count"])


def search_checks(sdk, outcome, case, module, tag):
    found = sdk.search(module, case["criteria"].replace("{tag}", tag), case["field"])
    outcome.equal("criteria find the records that were written", found, case["found"])


def layout_checks(sdk, outcome, expected, module):
    layouts = sdk.layouts(module)
    outcome.equal("the module has one layout", [name for name, _ in layouts], [expected["name"]])
    sections = layouts[0][1]
    outcome.equal("the layout has its sections", [name for name, _ in sections], expected["sections"])
    outcome.equal("a section has its fields", sections[1][1], expected["fields_of_the_second"])


def consent_checks(sdk, outcome, server, folder):
    """A client that has nothing yet but a user's consent. The first of all, as an SDK may take a code only then."""
    sdk.connect(server, folder, code=consent(server))
    details = sdk.details(RECORDED_JOB_ID)
    outcome.equal("a code opens what the user has agreed to", str(details.id), RECORDED_JOB_ID)


def token_checks(sdk, outcome, cases, server, folder):
    for case in cases["refused_tokens"]:
        sdk.connect(server, folder, access_token=case["token"])
        refused(outcome, case, lambda: sdk.details("999999999999999999"))


def refused(outcome, case, call):
    try:
        answer = call()
        outcome.that(case["name"] + " is refused", False, "the SDK read a success: %r" % (answer,))
    except Refused as refusal:
        outcome.equal(case["name"] + " is refused", refusal.code, case["code"])
        outcome.equal(case["name"] + " has the status error", refusal.status, "error")
        outcome.equal(case["name"] + " is an API error", refusal.is_api_error, case.get("known_to_sdks", True))
        outcome.that(case["name"] + " has details", isinstance(refusal.details, dict), repr(refusal.details))
    except Exception:
        outcome.raised()


def finished(sdk, job_id):
    deadline = time.monotonic() + FINISH_SECONDS
    while True:
        details = sdk.details(job_id)
        if details.status in ("COMPLETED", "FAILED", "SKIPPED"):
            return details
        if time.monotonic() > deadline:
            raise TimeoutError("job %s is still %s after %d s" % (job_id, details.status, FINISH_SECONDS))
        time.sleep(POLL_SECONDS)


def write_zip(folder, name, content, tag):
    text = io.StringIO()
    rows = [[cell.replace("{tag}", tag) for cell in row] for row in content["rows"]]
    csv.writer(text, lineterminator="\n").writerows([content["header"]] + rows)
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
    """The ids of the rows that were written."""
    return [row[4] for row in result[1:] if row[3] != "SKIPPED"]


def is_id(value):
    return str(value).isdigit() and 0 < int(value) < 2**63
