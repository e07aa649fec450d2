"""Runs schemathesis over docs/openapi.yaml, once as a client and once as the administrator, and counts operations."""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs" / "openapi.yaml"
SEED = 20261125

# Documented credentials of `dev`.
TOKEN = "1000.bulkwright-dev-access"
ADMIN = "bulkwright-dev-admin"
# What only the administrator may ask for.
FOR_ADMIN = "^/_bulkwright/(admin/|metrics)"
# It would write to paths of this machine that schemathesis makes up.
NOT_CALLED = "backup"

Budget = dict[str, tuple[int, int]]
# Seconds and examples an operation, as a client and as the administrator. The administrator goes last: he revokes things.
SHORT: Budget = {"client": (50, 25), "admin": (20, 15)}
LONG: Budget = {"client": (700, 400), "admin": (200, 200)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    arguments = parser.parse_args()
    budget = LONG if arguments.long else SHORT
    default = random.randrange(1 << 32) if arguments.long else SEED
    seed = int(os.environ.get("BULKWRIGHT_OPENAPI_SEED", default))
    print(f"-- the document; seed {seed}, repeat with BULKWRIGHT_OPENAPI_SEED={seed}", flush=True)
    outcomes = [validated()]
    runs = [
        ("client", f"Authorization: Zoho-oauthtoken {TOKEN}", ["--exclude-path-regex", FOR_ADMIN]),
        ("admin", f"Authorization: Bearer {ADMIN}", ["--include-path-regex", FOR_ADMIN, "--phases", "examples,coverage,fuzzing"]),
    ]
    for name, header, which in runs:
        print(f"-- schemathesis as {name}", flush=True)
        outcomes += explored(name, header, which, seed, *budget[name])
    passed, failed = sum(outcomes), len(outcomes) - sum(outcomes)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def validated():
    """Whether it is an OpenAPI 3.1 document."""
    return subprocess.run([sys.executable, "-m", "openapi_spec_validator", DOCUMENT]).returncode == 0


def explored(name, header, which, seed, seconds, examples):
    """Whether each operation answers as described."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = [
            sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml", "run", DOCUMENT,
            "--url", os.environ["BULKWRIGHT_BASE_URL"], "--header", header, *which,
            "--exclude-operation-id", NOT_CALLED,
            "--seed", str(seed), "--max-time", str(seconds), "--max-examples", str(examples),
            "--report-junit-path", report, "--warnings", "off", "--no-color", "--request-timeout", "30",
        ]
        code = subprocess.run(command, cwd=folder, env=os.environ | {
            "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE),
        }).returncode
        if not report.exists():
            return [False]
        return [*judged(report), *([False] if code not in (0, 1) else [])]


def judged(report):
    """An outcome for each operation of a report."""
    operations = {}
    for case in ElementTree.parse(report).iter("testcase"):
        has_failed = case.find("failure") is not None or case.find("error") is not None
        operations[case.get("name")] = operations.get(case.get("name"), True) and not has_failed
    return list(operations.values())


if __name__ == "__main__":
    main()
