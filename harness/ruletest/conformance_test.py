#!/usr/bin/env python3
"""Holds `tocsin test rules` to promtool's verdicts on real test files.

Usage: conformance_test.py TOCSIN

The files are read in place: TOCSIN_CONFORMANCE_DIR, or the folder shared/conformance beside the clone. Without it the
test is skipped (77). verdicts.tsv there says how promtool ends on each file, today's and the 2.x one;
testdata/disputed_verdicts.txt says where that cannot be right for today's.
"""
import os
import pathlib
import subprocess
import sys

SKIPPED = 77
TIMEOUT = 300


def corpus():
    named = os.environ.get("TOCSIN_CONFORMANCE_DIR")
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared" / "conformance"
    return (pathlib.Path(named) if named else beside) / "rules"


def disputed():
    lines = (pathlib.Path(__file__).parent / "testdata" / "disputed_verdicts.txt").read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def verdicts(table):
    rows = table.read_text().splitlines()
    names = rows[0].split("\t")
    for row in rows[1:]:
        yield dict(zip(names, row.split("\t")))


def check(tocsin, path, version, expected):
    """None when the verdict is as expected, else what was seen. promtool knows 0 and 1 only."""
    command = [tocsin, "test", "rules", "--promql", version, path.name]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=TIMEOUT)
    good = {"0": {0}, "1": {1, 2}}[expected]
    if done.returncode in good:
        return None
    return f"{path} --promql {version}: exit {done.returncode}, promtool {expected}\n{done.stdout}{done.stderr}"


def main():
    folder = corpus()
    table = folder / "verdicts.tsv"
    if not table.exists():
        print(f"no {table}")
        return SKIPPED
    tocsin = str(pathlib.Path(sys.argv[1]).resolve())
    checked, wrong, against = 0, [], disputed()
    for row in verdicts(table):
        for version, column in (("3", "expected_exit"), ("2", "expected_exit_with_promql_2")):
            if not row[column]:
                continue
            checked += 1
            expected = "1" if version == "3" and row["path"] in against else row[column]
            seen = check(tocsin, folder / row["path"], version, expected)
            if seen:
                wrong.append(seen)
    print("\n".join(wrong))
    print(f"{checked} verdicts, {len(wrong)} differ")
    return 1 if wrong or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
