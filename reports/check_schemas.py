#!/usr/bin/env python3
"""Validates the golden reports: report.json against report.schema.json, and junit.xml's shape as
Jenkins' junit-10.xsd and GitLab demand it. Usage: check_schemas.py REPORTS_DIR"""
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

import jsonschema

ROOT = pathlib.Path(sys.argv[1])


def check_json():
    schema = json.loads((ROOT / "report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    report = json.loads((ROOT / "testdata/report.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(report)
    # The schema must be able to refuse.
    report["scenarios"][0]["outcome"] = "maybe"
    assert not validator.is_valid(report)


def check_junit():
    root = ElementTree.parse(ROOT / "testdata/junit.xml").getroot()
    assert root.tag == "testsuites"
    # Jenkins' schema knows these attributes, and times of three decimals.
    assert set(root.attrib) == {"name", "tests", "failures", "errors", "time"}, root.attrib
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    keys = set()
    assert all(re.fullmatch(r"[0-9]+(\.[0-9]{1,3})?", node.get("time")) for node in root.iter() if "time" in node.attrib)
    for suite in root:
        assert suite.tag == "testsuite" and suite.get("name")
        assert set(suite.attrib) <= {"name", "tests", "failures", "errors", "skipped", "time"}, suite.attrib
        cases = suite.findall("testcase")
        assert len(cases) == int(suite.get("tests")) > 0
        assert len(suite.findall("testcase/failure")) == int(suite.get("failures"))
        assert len(suite.findall("testcase/skipped")) == int(suite.get("skipped"))
        for case in cases:
            assert set(case.attrib) == {"name", "classname", "time"}, case.attrib
            assert {child.tag for child in case} <= {"failure", "skipped", "system-out"}
            key = (case.get("classname"), case.get("name"))
            assert key not in keys, f"GitLab would drop one of two {key}"
            keys.add(key)
        for total in totals:
            totals[total] += int(suite.get(total))
    assert totals == {name: int(root.get(name)) for name in totals}


check_json()
check_junit()
