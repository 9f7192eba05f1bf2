#!/usr/bin/env python3
"""Holds what `tocsin prove --json` writes to proof.schema.json, and --junit and --markdown to their shapes.
Usage: check_schema.py TOCSIN"""
import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
SYSTEM = HERE.parent / "cli/testdata/proving"


def written(folder, flag):
    file = folder / "out"
    command = [pathlib.Path(sys.argv[1]).resolve(), "prove", SYSTEM, flag, file]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 1, ended.stderr
    return file.read_text()


def check_json(text):
    schema = json.loads((HERE / "proof.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    report = json.loads(text)
    validator.validate(report)
    proofs = [proof for system in report["systems"] for proof in system["proofs"]]
    verdicts = [proof["verdict"] for proof in proofs]
    assert report["causes"] == len(proofs) > 0
    for count, verdict in (("agree", "agrees"), ("differ", "differs"), ("not_driven", "not-driven")):
        assert report[count] == verdicts.count(verdict) > 0
    assert all(bool(proof["findings"]) == (proof["verdict"] != "agrees") for proof in proofs)
    # The system breaks its contract in every way that there is, but for being late.
    kinds = {finding["kind"] for proof in proofs for finding in proof["findings"]}
    known = set(schema["$defs"]["finding"]["properties"]["kind"]["enum"])
    assert kinds == known, known - kinds
    # The schema must be able to refuse.
    proofs[0]["verdict"] = "perhaps"
    assert not validator.is_valid(report)
    return len(proofs)


def check_junit(text, count):
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites" and int(root.get("tests")) == len(root.findall("testsuite/testcase")) == count
    assert int(root.get("failures")) == len(root.findall("testsuite/testcase/failure")) > 0


def check_markdown(text, count):
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == count + 2
    assert len({row.count(" |") for row in rows}) == 1, "rows of different length"


with tempfile.TemporaryDirectory() as name:
    scratch = pathlib.Path(name)
    proofs = check_json(written(scratch, "--json"))
    check_junit(written(scratch, "--junit"), proofs)
    check_markdown(written(scratch, "--markdown"), proofs)
