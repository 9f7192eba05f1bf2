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
    # The golden has what is optional, and the schema must be able to refuse it.
    routed = next(one for one in report["scenarios"] if one.get("notifications"))
    assert report["pages"]["pages"] == sum(one["pages"]["pages"] for one in report["scenarios"] if "pages" in one) > 0
    for pages in [report["pages"]] + report["pages"]["receivers"] + [routed["pages"]] + routed["pages"]["receivers"]:
        assert pages["pages"] == pages["first"] + pages["updates"] + pages["repeats"], pages
    assert sum(routed["pages"]["by_hour"]) == routed["pages"]["pages"]
    spoilt = [
        (report["scenarios"][0], "outcome", "maybe"),
        (report["scenarios"][0], "pages", {}),
        (report["pages"], "pages", -1),
        (routed["pages"], "surprise", 1),
        (routed["notifications"][0], "kind", "late"),
        (routed["expectations"][0], "kind", "hope"),
    ]
    for where, key, value in spoilt:
        before = dict(where)
        where[key] = value
        assert not validator.is_valid(report), key
        where.clear()
        where.update(before)
    validator.validate(report)


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
        # junit-10.xsd has the properties first.
        assert [child.tag for child in suite] == sorted((child.tag for child in suite), key="properties testcase".split().index)
        for one in suite.findall("properties/property"):
            assert set(one.attrib) == {"name", "value"}, one.attrib
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
    assert root.find("testsuite/properties/property[@name='pages']") is not None
    assert totals == {name: int(root.get(name)) for name in totals}


check_json()
check_junit()
