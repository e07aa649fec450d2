"""Runs the checks with one SDK: reads where the server is, asks it whose credentials these are, counts what held.

A script for an SDK hands over an object with these methods, each of which uses nothing but the SDK's public classes:

    connect(server, folder, access_token, code)
                                            initialise the SDK for this server; it may keep files in the folder. It uses the
                                            access token, or gets one for the code, else for the server's refresh token
    upload(path, feature, org)              -> (file_id, code); a header that is None is not sent
    create(job)                             -> (job_id, code); a job is a dict as in cases.json, with the file_id
    details(job_id)                         -> Details
    download(url, folder)                   -> path of the file that the SDK wrote
    search(module, criteria, field)         -> the field's values in the records that were found
    layouts(module)                         -> a list of (name, sections), of which each is (name, API names of fields)

An answer of 400 or more is raised as Refused.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import traceback
import urllib.error
import urllib.parse
import urllib.request
from collections import namedtuple

# The fixed credentials of `bulkwright dev`.
DEV_CLIENT_ID = "1000.BULKWRIGHTDEV"
DEV_CLIENT_SECRET = "bulkwright-dev-secret"
DEV_REFRESH_TOKEN = "1000.bulkwright-dev-refresh"
DEV_ADMIN_SECRET = "bulkwright-dev-admin"

# Where `dev` sends consents to: any loopback address. Nobody listens there.
REDIRECT_URL = "http://127.0.0.1:1/consented"
SCOPES = "ZohoFiles.files.ALL,ZohoCRM.bulk.ALL,ZohoCRM.modules.ALL,ZohoCRM.org.READ,ZohoCRM.users.READ"

Server = namedtuple("Server", "base_url token_url client_id client_secret refresh_token zgid email is_dev")
Details = namedtuple(
    "Details",
    "id status operation module created_by created_time character_encoding callback mappings file download_url",
)
Counts = namedtuple("Counts", "status name added updated skipped total")


class Refused(Exception):
    """An answer of 400 or more, as the SDK parsed it. Codes that an SDK does not know it takes for no API error."""

    def __init__(self, status, code, message, details, is_api_error):
        super().__init__("%s %s: %s %s" % (status, code, message, details))
        self.status, self.code, self.message, self.details = status, code, message, details
        self.is_api_error = is_api_error


class Outcome:
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

    def raised(self):
        """Whatever an SDK raises is a failed check, with its story."""
        self.failed += 1
        traceback.print_exc(file=sys.stdout)


def main(sdk_for_version):
    from checks import run

    outcome = Outcome()
    options = arguments()
    start = os.getcwd()
    logging.raiseExceptions = False  # The SDKs log some refusals in a way that logging itself cannot print.
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # The SDKs leave a log where they run.
        try:
            run(sdk_for_version(options.version), find_server(options), outcome, folder)
        except Exception:
            outcome.raised()
        os.chdir(start)
    print("%d passed, %d failed" % (outcome.passed, outcome.failed))
    sys.exit(1 if outcome.failed else 0)


def arguments():
    parser = argparse.ArgumentParser(description="Runs an SDK of the vendor's against a Bulk Write server.")
    given = os.environ.get
    parser.add_argument("version", help="of the SDK that is installed, such as 8.0")
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
        # Only `dev` has the recorded job, and a token without scopes.
        is_dev=options.refresh_token == DEV_REFRESH_TOKEN,
    )


def consent(server):
    """The code that the client gets once the user has said yes on the consent page of `dev`."""
    form = {
        "client_id": server.client_id,
        "response_type": "code",
        "access_type": "offline",
        "redirect_uri": REDIRECT_URL,
        "scope": SCOPES,
        "decision": "accept",
        "email": server.email,
        "secret": DEV_ADMIN_SECRET,
    }
    request = urllib.request.Request(server.base_url + "/oauth/v2/auth", data=urllib.parse.urlencode(form).encode())
    try:
        urllib.request.build_opener(NoRedirect).open(request, timeout=30)
    except urllib.error.HTTPError as answer:
        query = urllib.parse.urlsplit(answer.headers["Location"]).query
        return urllib.parse.parse_qs(query)["code"][0]
    raise AssertionError("the consent led nowhere")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def read_json(request):
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)
