"""Compares the engine with other readers. See tests/differential/run."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import archives
import made
import tables

CORPUS = Path(__file__).resolve().parent.parent / "corpus"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", required=True)
    arguments.add_argument("--files", type=int, default=3000)
    arguments = arguments.parse_args()
    seed = int(os.environ.get("BULKWRIGHT_DIFFERENTIAL_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"BULKWRIGHT_DIFFERENTIAL_SEED={seed}")

    outcomes = [described()]
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(arguments.rows)
        outcomes += corpus(engine, Path(folder))
        outcomes += at_random(engine, Path(folder), random.Random(seed), arguments.files)
    failed = [outcome for outcome in outcomes if outcome]
    for outcome in failed:
        print(f"FAILED {outcome}")
    print(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


class Engine:
    """The example `rows`."""

    def __init__(self, program):
        self.program = program

    def read(self, files):
        """What it reads in files, told by charset and path."""
        listed = "".join(f"{charset}\t{path}\n" for charset, path in files)
        done = subprocess.run([self.program], input=listed, capture_output=True, encoding="utf-8", check=True)
        told = [json.loads(line) for line in done.stdout.split("\n") if line]
        assert len(told) == len(files)
        return told


def described():
    """The inputs of the corpus are those that are described."""
    done = subprocess.run([sys.executable, CORPUS / "make", "--check"], capture_output=True, text=True)
    return done.stderr.strip()


def corpus(engine, folder):
    """An outcome for each file and reader: what differs, or nothing."""
    for group in sorted(path.parent for path in CORPUS.glob("*/cases.json")):
        cases = json.loads((group / "cases.json").read_text())
        files = [(case["job"].get("charset") or "", path_of(group, case, folder)) for case in cases]
        for case, (charset, path), told in zip(cases, files, engine.read(files)):
            name = f"{group.name}/{case['name']}"
            content = path.read_bytes()
            if path.suffix == ".zip":
                yield judged(name, archives.difference(path, told), archives.DIFFERENT, "zipfile")
            elif "refused" not in told:
                yield judged(name, tables.difference(told, tables.by_python(content, told)), tables.PYTHON, "Python's csv")
                yield judged(name, tables.difference(told, told["csv_crate"]), tables.CSV_CRATE, "the csv crate")


def path_of(group, case, folder):
    """Where the input is; one that is only described is made."""
    if "parts" not in case:
        return group / f"{case['name']}.{case['extension']}"
    path = folder / f"{case['name']}.csv"
    path.write_text("".join(text * times for text, times in case["parts"]), newline="")
    return path


def judged(name, difference, listed, reader):
    """A difference counts unless it is listed, and one that is listed has to be there."""
    if name in listed:
        is_sound = difference or name in archives.SOMETIMES | tables.SOMETIMES
        return "" if is_sound else f"{name}: {reader} is listed as different ({listed[name]}), and it is not"
    return f"{name}: {reader}: {difference}" if difference else ""


def at_random(engine, folder, chance, count):
    """An outcome for each way of writing."""
    ways = made.ways()
    for number, way in enumerate(ways):
        files = [made.table(chance, way) for _ in range(count // len(ways) + 1)]
        paths = []
        for place, (content, _) in enumerate(files):
            path = folder / f"{number}-{place}.csv"
            path.write_bytes(content)
            paths.append((way.charset, path))
        differences = (made.difference(rows, told) for (_, rows), told in zip(files, engine.read(paths)))
        first = next((difference for difference in differences if difference), "")
        yield f"{way}: {first}" if first else ""


if __name__ == "__main__":
    sys.exit(main())
