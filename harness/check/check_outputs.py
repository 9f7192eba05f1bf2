#!/usr/bin/env python3
"""Holds what `tocsin check` writes to its formats: --json to check.schema.json, --sarif to what SARIF 2.1.0 and GitHub's
code scanning demand, --code-quality to what GitLab reads, --junit to JUnit's shape, and CHECKS.md to
`--list --markdown` (UPDATE_GOLDEN=1 writes it).
Usage: check_outputs.py TOCSIN"""
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ElementTree

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE / "testdata/vcf"
TOCSIN = pathlib.Path(sys.argv[1]).resolve()

# The parts of the SARIF 2.1.0 schema (OASIS, oasis-tcs/sarif-spec) that apply to what is written, and GitHub's demands
# on top: see "SARIF support for code scanning" in its documentation.
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
SHORT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 1024}}}
COUNT = {"type": "integer", "minimum": 1}
RULE = {"type": "object", "required": ["id", "shortDescription", "fullDescription", "help", "defaultConfiguration"],
        "properties": {"id": {"type": "string", "maxLength": 255}, "shortDescription": SHORT, "fullDescription": SHORT,
                       "help": TEXT, "defaultConfiguration": {"properties": {"level": {"enum": ["note", "warning", "error"]}}}}}
RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
    "properties": {
        "level": {"enum": ["note", "warning", "error"]},
        "message": TEXT,
        "partialFingerprints": {"type": "object", "required": ["primaryLocationLineHash"], "additionalProperties": {"type": "string"}},
        "locations": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["physicalLocation"],
            "properties": {"physicalLocation": {
                "type": "object", "required": ["artifactLocation", "region"],
                "properties": {
                    "artifactLocation": {"required": ["uri"], "properties": {"uri": {"pattern": "^[^/\\\\ ][^\\\\ ]*$"}}},
                    "region": {"required": ["startLine", "startColumn", "endLine", "endColumn"], "additionalProperties": False, "properties": {
                        "startLine": COUNT, "startColumn": COUNT, "endLine": COUNT, "endColumn": COUNT}}}}}}},
    },
}
SARIF = {
    "type": "object", "required": ["version", "runs"], "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["tool", "results"],
            "properties": {
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "tool": {"properties": {"driver": {"type": "object", "required": ["name", "semanticVersion", "rules"],
                                                   "properties": {"rules": {"type": "array", "items": RULE}}}}},
                "results": {"type": "array", "items": RESULT}}}}},
}

CODE_QUALITY = {"type": "array", "items": {
    "type": "object", "additionalProperties": False,
    "required": ["description", "check_name", "fingerprint", "severity", "location"],
    "properties": {
        "type": {"const": "issue"}, "description": {"type": "string", "minLength": 1}, "check_name": {"pattern": "^[a-z]+/[a-z-]+$"},
        "fingerprint": {"type": "string", "minLength": 1}, "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {"type": "object", "required": ["path", "lines"], "properties": {
            "path": {"pattern": "^[^./][^\\\\]*$"},
            "lines": {"type": "object", "required": ["begin"], "properties": {"begin": COUNT}}}}}}}


def written(flag, *arguments):
    with tempfile.NamedTemporaryFile("r+") as file:
        command = [TOCSIN, "check", "rules.documented.yml", flag, file.name, *arguments]
        done = subprocess.run(command, cwd=DATA, capture_output=True, text=True)
        assert done.returncode == 1, done
        return pathlib.Path(file.name).read_text()


def check_json():
    schema = json.loads((HERE / "check.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    report = json.loads(written("--json"))
    validator.validate(report)
    severities = [finding["severity"] for finding in report["findings"]]
    assert all(severities.count(key) == report["counts"][key] for key in ("info", "warning", "error"))
    assert report["files"] == ["rules.documented.yml"] and report["rules"] == 10
    report["findings"][0]["severity"] = "perhaps"
    assert not validator.is_valid(report)


def check_sarif():
    validator = jsonschema.Draft202012Validator(SARIF)
    report = json.loads(written("--sarif", "--min-severity", "info"))
    validator.validate(report)
    run = report["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    prints = [json.dumps(result["partialFingerprints"]) for result in run["results"]]
    assert len(set(prints)) == len(prints) > 5
    for result in run["results"]:
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (region["endLine"], region["endColumn"]) > (region["startLine"], region["startColumn"]), region
    check_full_schema(report)
    del run["results"][0]["message"]["text"]
    assert not validator.is_valid(report)


def check_full_schema(report):
    """The schema of the standard itself (oasis-tcs/sarif-spec, sarif-schema-2.1.0.json), where TOCSIN_SARIF_SCHEMA names it."""
    path = os.environ.get("TOCSIN_SARIF_SCHEMA")
    if not path:
        return
    schema = json.loads(pathlib.Path(path).read_text())
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    validator.validate(report)
    broken = json.loads(json.dumps(report))
    broken["runs"][0]["results"][0]["level"] = "perhaps"
    assert not validator.is_valid(broken)
    print("SARIF: valid by the schema of the standard")


def check_code_quality():
    """As GitLab's documentation of Code Quality reports has it; it ignores other keys."""
    validator = jsonschema.Draft202012Validator(CODE_QUALITY)
    report = json.loads(written("--code-quality", "--min-severity", "info"))
    validator.validate(report)
    assert len({issue["fingerprint"] for issue in report}) == len(report) > 5
    assert {issue["severity"] for issue in report} == {"info", "major", "critical"}
    everything = json.loads(written("--json"))["findings"]
    silenced = sum("silenced" in finding for finding in everything)
    assert len(report) == len(everything) - silenced
    assert len(json.loads(written("--code-quality"))) < len(report)
    del report[0]["location"]["lines"]
    assert not validator.is_valid(report)


def check_junit():
    root = ElementTree.fromstring(written("--junit"))
    cases = root.findall("testsuite/testcase")
    assert root.tag == "testsuites" and len(cases) > 5
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    failed = [case for case in cases if case.find("failure") is not None]
    assert len(failed) == int(root.get("failures")) and all(case.find("failure").get("message") for case in failed)


def check_list():
    path = HERE / "CHECKS.md"
    listed = subprocess.run([TOCSIN, "check", "--list", "--markdown"], capture_output=True, text=True, check=True).stdout
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(listed)
    assert path.read_text() == listed, f"{path} differs: run this with UPDATE_GOLDEN=1"
    headings = re.findall(r"^## (\S+)$", listed, re.M)
    plain = subprocess.run([TOCSIN, "check", "--list"], capture_output=True, text=True, check=True).stdout
    assert headings == re.findall(r"^(\S+/\S+) \(", plain, re.M) and len(headings) > 30


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = {"/metrics": ("text/plain; version=0.0.4", "# TYPE queue_length gauge\nqueue_length 4\n"),
                 "/": ("text/html; charset=utf-8", "<html></html>")}
        kind, text = known.get(self.path, ("text/plain", ""))
        self.send_response(200 if self.path in known else 404)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def check_silences():
    """A comment that silences something is in use, whatever is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        rules = pathlib.Path(folder) / "rules.yml"
        rules.write_text("groups:\n- name: g\n  rules:\n"
                         "  # tocsin:ignore rule/missing-for: it must ring at once\n"
                         "  - {alert: A, expr: queue_length > 9, labels: {severity: page}}\n")
        for only in ([], ["--only", "silence/*"]):
            done = subprocess.run([TOCSIN, "check", rules, "--min-severity", "info", *only], capture_output=True,
                                  text=True)
            assert "silence/unused" not in done.stdout, done.stdout


def check_pages():
    """Rules against the page of a running target, and a finding that is known."""
    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}"
        rules = pathlib.Path(folder) / "rules.yml"
        rules.write_text("groups:\n- name: g\n  rules:\n  - {alert: A, expr: queue_lenght > 9}\n"
                         "  - {alert: B, expr: queue_length > 9}\n"
                         "  # tocsin:known rule/unknown-metric: comes with the next version\n"
                         "  - {alert: C, expr: queue_age > 9}\n")

        def check(*pages):
            report = pathlib.Path(folder) / "report.json"
            pages = [argument for page in pages for argument in ("--metrics", page)]
            done = subprocess.run([TOCSIN, "check", rules, *pages, "--only", "rule/unknown-metric", "--json", report],
                                  capture_output=True, text=True)
            return done, json.loads(report.read_text()) if done.returncode < 2 else None

        done, report = check(url + "/metrics")
        found = {finding["about"]: finding for finding in report["findings"]}
        assert done.returncode == 1 and set(found) == {"alert A", "alert C"}, report
        assert found["alert A"]["way_out"] == "did you mean queue_length?"
        assert found["alert C"]["known"] == "comes with the next version" and report["counts"]["known"] == 1
        assert "known: comes with the next version" in done.stdout and "1 error, 0 warnings, 1 known" in done.stdout
        jsonschema.Draft202012Validator(json.loads((HERE / "check.schema.json").read_text())).validate(report)
        done, _ = check(url)
        assert done.returncode == 2 and f"metrics are likely at {url}/metrics" in done.stderr, done
        done, _ = check(url + "/nope", url + "/metrics")
        assert done.returncode == 2 and "answers 404 Not Found" in done.stderr, done
        server.shutdown()
        done, _ = check("http://127.0.0.1:1/metrics", folder + "/nothing.prom")
        assert done.returncode == 2 and "connection refused" in done.stderr and "nothing.prom" in done.stderr, done


check_json()
check_silences()
check_pages()
check_sarif()
check_code_quality()
check_junit()
check_list()
