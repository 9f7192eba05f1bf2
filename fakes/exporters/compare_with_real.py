#!/usr/bin/env python3
"""The mock exporters beside Debian's real ones, family by family: type, help and label names must be equal.

compare_with_real.py TOCSIN FOLDER KIND [PAGE]: KIND is node, postgres or redis, or another one with a PAGE that the
real one showed; FOLDER holds KIND/system.yaml of a mock in the real one's situation, and KIND/differences.txt: what
only one of the two shows on some machines. UPDATE_GOLDEN=1 writes the families that the mock lacks into it. Skipped
(77) where the real programs are not installed, or the page is not at hand."""

import os
import pathlib
import re
import sys
import tempfile

from real_exporters import REAL, mocks, page_of, skip


def families(page):
    """By name: type, help, names of labels that are not empty in some sample."""
    found = {}
    last = None
    for line in page.splitlines():
        if match := re.match(r"# HELP (\S+) ?(.*)", line):
            found.setdefault(match[1], ["untyped", "", set()])[1] = match[2]
        elif match := re.match(r"# TYPE (\S+) (\S+)", line):
            last = match[1]
            found.setdefault(last, ["untyped", "", set()])[0] = match[2]
        elif line and not line.startswith("#"):
            for name, _ in re.findall(r'(\w+)="((?:[^"\\]|\\.)+)"', line.rsplit("} ", 1)[0]):
                found[last][2].add(name)
    return found


def captured(path):
    if not os.path.exists(path):
        skip(f"there is no {path}")
    return pathlib.Path(path).read_text()


def main():
    tocsin, folder, kind = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        if len(sys.argv) > 4:
            real = families(captured(sys.argv[4]))
        else:
            start, ready = REAL[kind]
            with start(scratch) as url:
                real = families(page_of(url, lambda page: ready in page))
        with mocks(tocsin, folder / kind, scratch) as urls:
            mock = families(page_of(urls[kind] + "/metrics"))
    return compare(kind, real, mock, folder / kind / "differences.txt")


def compare(kind, real, mock, listed):
    problems = []
    lines = [line for line in listed.read_text().splitlines() if line and not line.startswith("#")]
    lacking = {line[2:] for line in lines if line.startswith("- ")}
    elsewhere = [line[2:] for line in lines if line.startswith("+ ")]
    for name, (type_, help_, labels) in mock.items():
        if name not in real:
            if not any(re.fullmatch(pattern, name) for pattern in elsewhere):
                problems.append(f"{name}: the real exporter has no such family")
            continue
        for what, of_real, of_mock in zip(("type", "help", "labels"), real[name], (type_, help_, labels)):
            if of_real != of_mock:
                problems.append(f"{name}: {what} is {of_mock}, the real one's {of_real}")
    missing = sorted(set(real) - set(mock))
    print(f"{kind}: {len(real)} real families, {len(mock)} of the mock, which lacks {len(missing)}: {' '.join(missing)}")
    if os.environ.get("UPDATE_GOLDEN"):
        kept = [line for line in listed.read_text().splitlines() if not line.startswith("- ")]
        listed.write_text("\n".join(kept + ["- " + name for name in sorted(lacking | set(missing))]) + "\n")
    else:
        problems += [f"{name}: the mock lacks it" for name in missing if name not in lacking]
    for problem in problems:
        print("FAILED: " + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
