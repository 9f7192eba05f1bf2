#!/usr/bin/env python3
"""Holds what `tocsin backtest --json` writes to backtest.schema.json. Usage: check_schema.py TOCSIN"""
import json
import pathlib
import subprocess
import sys

import jsonschema

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "cli/testdata/backtest"


def backtest(*arguments):
    command = [pathlib.Path(sys.argv[1]).resolve(), "backtest", "--samples", "samples.om", "--format", "json", *arguments]
    return json.loads(subprocess.run(command, cwd=DATA, check=True, capture_output=True).stdout)


def main():
    schema = json.loads((HERE / "backtest.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for arguments in (["rules.yml"], ["other.yml"], ["other.yml", "--against", "rules.yml"]):
        report = backtest(*arguments)
        validator.validate(report)
    # All that can be there was there, and the schema can refuse.
    assert report["result"]["failures"] and report["result"]["notes"] and report["changes"]
    report["changes"][0]["fate"] = "perhaps"
    assert not validator.is_valid(report)


main()
