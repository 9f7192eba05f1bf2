#!/usr/bin/env python3
"""Holds what `tocsin test rules` writes with --json and --coverage-json to results.schema.json and coverage.schema.json,
and --junit and --coverage-junit to the shape that Jenkins' junit-10.xsd and GitLab demand.
Usage: check_schemas.py TOCSIN"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "cli/testdata/coverage"
COUNTS = ("tests", "failures", "errors")


def written(flag, *arguments, files=("down.yml", "few.yml")):
    """What the flag writes into its file."""
    with tempfile.NamedTemporaryFile("r+") as file:
        command = [pathlib.Path(sys.argv[1]).resolve(), "test", "rules", flag, file.name, *arguments, *files]
        subprocess.run(command, cwd=DATA, capture_output=True, text=True)
        return pathlib.Path(file.name).read_text()


def check_json():
    schema = json.loads((HERE / "coverage.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for arguments in ([], ["--coverage-min", "80%"]):
        report = json.loads(written("--coverage-json", *arguments))
        validator.validate(report)
        rules = [rule for file in report["files"] for group in file["groups"] for rule in group["rules"]]
        marks = [mark for rule in rules for mark in rule["marks"]]
        assert {mark["kind"] for mark in marks} == set(schema["$defs"]["mark"]["properties"]["kind"]["enum"])
        assert all(("missing" in mark) != mark["covered"] for mark in marks)
        assert report["points"] == len(marks) and report["covered"] == sum(mark["covered"] for mark in marks)
    # The schema must be able to refuse.
    marks[0]["kind"] = "perhaps"
    assert not validator.is_valid(report)


def check_results_json(files):
    schema = json.loads((HERE / "results.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    report = json.loads(written("--json", files=files))
    validator.validate(report)
    tests = [test for file in report["files"] for test in file["tests"]]
    assert report["passed"] == sum(test["passed"] for test in tests) > 0
    assert report["failed"] == sum(test["failed"] for test in tests) > 0
    assert any("refused" in file for file in report["files"])
    outcomes = [case["outcome"] for test in tests for case in test["cases"]]
    assert outcomes.count("passed") == report["passed"] and outcomes.count("failed") == report["failed"]
    tests[0]["cases"][0]["outcome"] = "perhaps"
    assert not validator.is_valid(report)


def check_junit(failing, flag, *arguments, files=("down.yml", "few.yml")):
    root = ElementTree.fromstring(written(flag, *arguments, files=files))
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
check_junit(False, "--coverage-junit")
check_junit(False, "--coverage-junit", "--coverage-min", "50%")
check_junit(True, "--coverage-junit", "--coverage-min", "99%")
with tempfile.TemporaryDirectory() as folder:
    wrong = pathlib.Path(folder) / "wrong.yml"
    wrong.write_text((DATA / "down.yml").read_text().replace("Down", "Dwon").replace("rule_files: [", f"rule_files: [{DATA}/"))
    refused = pathlib.Path(folder) / "refused.yml"
    refused.write_text("tests: [{nonsense: 1}]\n")
    check_results_json(["down.yml", str(wrong), str(refused)])
    check_junit(True, "--junit", files=["down.yml", str(wrong), str(refused)])
check_junit(False, "--junit")
