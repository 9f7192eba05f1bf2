#!/usr/bin/env python3
"""Holds alertmanager.yml of each documented system to its rules.yml and to amtool.

Each alert of the rules stands in routes.test.yml with the labels that its rule gives it, the tests pass, amtool accepts the
configuration and sends the tests' labels to the same receivers. A test whose receiver is the root's must say why that is no
accident: by a setting that only its route has, or because the root is all there is.
Without amtool its part is left out, visibly. Usage: systems_test.py TOCSIN SCENARIOS"""
import pathlib
import shutil
import subprocess
import sys

import yaml

TOCSIN, SCENARIOS = sys.argv[1:]
TIMERS = ("group_wait", "group_interval", "repeat_interval", "group_by")
failures = []
checks = 0


def expect(holds, text):
    global checks
    checks += 1
    if not holds:
        failures.append(text)


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr


def alerts_of(rules):
    """Name and labels of each alert."""
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                yield {"alertname": rule["alert"], **rule.get("labels", {})}


def is_told(alert, test):
    """Whether a test is about this alert, as it is when nothing else fires."""
    labels = test["labels"]
    return "receivers" in test and "while" not in test and all(labels.get(name) == value for name, value in alert.items())


def check_accident(root, test, where):
    """The root's receiver is reached on purpose."""
    if root["receiver"] not in test["receivers"] or "routes" not in root:
        return
    told = test.get("routes") or [{}]
    differs = any(name in told[0] and told[0][name] != root.get(name) for name in TIMERS)
    expect(differs or "severity" not in test["labels"], f"{where}: {test['labels']} may fall to the root's receiver by accident")


def check_amtool(config, test, where):
    labels = [f"{name}={value}" for name, value in test["labels"].items()]
    code, text = run("amtool", "config", "routes", "test", f"--config.file={config}", *labels)
    expect(code == 0 and text.split() == [",".join(test["receivers"])], f"{where}: amtool sends {labels} to {text.strip()}")


def check_system(folder):
    config, tests_file = folder / "alertmanager.yml", folder / "routes.test.yml"
    tests = yaml.safe_load(tests_file.read_text())["tests"]
    root = yaml.safe_load(config.read_text())["route"]
    for alert in alerts_of(yaml.safe_load((folder / "rules.yml").read_text())):
        expect(any(is_told(alert, test) for test in tests), f"{tests_file} does not say who is told of {alert}")
    code, text = run(TOCSIN, "test", "routes", tests_file)
    expect(code == 0, text)
    for test in tests:
        if "receivers" in test and "while" not in test:
            check_accident(root, test, tests_file)
    if not shutil.which("amtool"):
        print("left out: amtool is not installed")
        return
    code, text = run("amtool", "check-config", config)
    expect(code == 0, text)
    for test in tests:
        if "receivers" in test:
            check_amtool(config, test, tests_file)


folders = sorted(path.parent for path in pathlib.Path(SCENARIOS).glob("*/rules.yml"))
expect(len(folders) >= 5, f"only {folders}")
for one in folders:
    check_system(one)
for failure in failures:
    print(f"FAIL {failure}")
print(f"{checks - len(failures)} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
