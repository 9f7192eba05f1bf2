#!/usr/bin/env python3
"""Holds what `tocsin test rules --coverage-json` writes to coverage.schema.json, and --coverage-junit to the shape that
Jenkins' junit-10.xsd and GitLab demand. Usage: check_coverage_schemas.py TOCSIN"""
import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "cli/testdata/coverage"
COUNTS = ("tests", "failures", "errors")


def coverage(flag, *arguments):
    """One file on standard output, without what is printed besides."""
    command = [pathlib.Path(sys.argv[1]).resolve(), "test", "rules", flag, "/dev/stderr", *arguments, "down.yml", "few.yml"]
    return subprocess.run(command, cwd=DATA, capture_output=True, text=True).stderr.split("error: coverage")[0]


def check_json():
    schema = json.loads((HERE / "coverage.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for arguments in ([], ["--coverage-min", "80%"]):
        report = json.loads(coverage("--coverage-json", *arguments))
        validator.validate(report)
        rules = [rule for file in report["files"] for group in file["groups"] for rule in group["rules"]]
        marks = [mark for rule in rules for mark in rule["marks"]]
        assert {mark["kind"] for mark in marks} == set(schema["$defs"]["mark"]["properties"]["kind"]["enum"])
        assert all(("missing" in mark) != mark["covered"] for mark in marks)
        assert report["points"] == len(marks) and report["covered"] == sum(mark["covered"] for mark in marks)
    # The schema must be able to refuse.
    marks[0]["kind"] = "perhaps"
    assert not validator.is_valid(report)


def check_junit(failing, *arguments):
    root = ElementTree.fromstring(coverage("--coverage-junit", *arguments))
    assert root.tag == "testsuites"
    assert set(root.attrib) == {"name", *COUNTS, "time"}, root.attrib
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]{1,3})?", node.get("time")) for node in root.iter() if "time" in node.attrib)
    keys, totals = set(), dict.fromkeys(COUNTS, 0)
    for suite in root:
        assert suite.tag == "testsuite" and suite.get("name")
        assert set(suite.attrib) == {"name", *COUNTS, "skipped", "time"}, suite.attrib
        cases = suite.findall("testcase")
        assert len(cases) == int(suite.get("tests")) > 0
        assert len(suite.findall("testcase/failure")) == int(suite.get("failures"))
        assert len(suite.findall("testcase/skipped")) == int(suite.get("skipped"))
        for case in cases:
            assert set(case.attrib) == {"name", "classname", "time"}, case.attrib
            keys.add((case.get("classname"), case.get("name")))
        for total in totals:
            totals[total] += int(suite.get(total))
    assert totals == {name: int(root.get(name)) for name in totals}
    assert len(keys) == totals["tests"]
    assert (totals["failures"] > 0) == failing


check_json()
check_junit(False)
check_junit(False, "--coverage-min", "50%")
check_junit(True, "--coverage-min", "99%")
