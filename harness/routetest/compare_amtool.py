#!/usr/bin/env python3
"""Asks the real amtool about the configurations of testdata/configs.yaml.

Usage: compare_amtool.py [AMTOOL]

Without an amtool the test is skipped (77). Debian 12's is 0.25; its verdicts stand under `debian` where they differ.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def read_items(text):
    """The file keeps to one shape, so that no YAML reader is needed: a key a line, values are JSON."""
    items = []
    for key, value in re.findall(r"^ +(?:- )?(name|ok|debian|sid|raw): (.*)$", text, re.MULTILINE):
        if key == "name":
            items.append({})
        items[-1][key] = json.loads(value)
    return items


def version_of(amtool):
    text = subprocess.run([amtool, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\d+)\.(\d+)", text.stdout + text.stderr)
    return (int(found[1]), int(found[2])) if found else None


def expected(item, version):
    if version < (0, 26):
        return item.get("debian", item["ok"])
    return item.get("sid", item["ok"]) if version < (0, 34) else item["ok"]


def accepts(amtool, text, folder):
    path = pathlib.Path(folder) / "alertmanager.yml"
    path.write_text(text)
    return subprocess.run([amtool, "check-config", path], capture_output=True, check=False).returncode == 0


def main():
    amtool = sys.argv[1] if len(sys.argv) > 1 else shutil.which("amtool")
    version = version_of(amtool) if amtool else None
    # Between these two nobody looked.
    if version is None or (0, 25) < version < (0, 33):
        print(f"skipped: no amtool 0.25 or 0.33 (found {amtool} {version})")
        return SKIPPED
    path = pathlib.Path(__file__).parent / "testdata" / "configs.yaml"
    items = read_items(path.read_text())
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for item in items:
            if accepts(amtool, item["raw"], folder) != expected(item, version):
                wrong += 1
                print(f"amtool disagrees about: {item['name']}")
    print(f"{len(items)} configurations, {wrong} disagreements with amtool {version[0]}.{version[1]}")
    return 1 if wrong or not items else 0


if __name__ == "__main__":
    sys.exit(main())
