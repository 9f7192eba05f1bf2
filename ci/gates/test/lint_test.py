#!/usr/bin/env python3
"""Lints the gates, and the gates with each of the mistakes of broken.yaml. Usage: lint_test.py TOCSIN"""
import pathlib
import re
import sys

import commands as commands_of
import lint_compose
import lint_dockerfile
import lint_github
import lint_gitlab
import lint_jenkins
import lint_kubernetes
import lint_precommit
from documents import Broken, Finding, Tree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
LINTERS = [lint_github, lint_gitlab, lint_jenkins, lint_precommit, lint_dockerfile, lint_compose, lint_kubernetes]
GATES = "ci/gates"
README = f"{GATES}/README.md"
IMAGE = re.compile(r"[\w.]+/tocsin:[\w.]+")


def lint_images(tree, commands):
    """All gates take the same image, of this version."""
    version = re.search(r"project\(tocsin VERSION ([\d.]+)", tree.text("CMakeLists.txt")).group(1)
    expected = f"registry.example.com/tocsin:{version}"
    findings, seen = [], 0
    for path in tree.files(GATES, "**/*"):
        if path.startswith(f"{GATES}/test/"):
            continue
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            for image in IMAGE.findall(line):
                seen += 1
                if image != expected:
                    findings.append(Finding(path, number, f"{image}: the image of the other gates is {expected}"))
    assert seen > 8, f"only {seen} images are named"
    return findings


def lint_readme(tree, commands):
    """Commands in the README's code blocks, and the files that it names."""
    findings = []
    for number, line in enumerate(tree.text(README).split("\n"), 1):
        if line.startswith("    "):
            for found in commands_of.in_shell(line):
                findings += [Finding(README, number, complaint) for complaint in commands.complaints(found.words)]
        for path in re.findall(r"`((?:github|gitlab|jenkins|pre-commit|docker|compose|kubernetes|example)/[\w./-]*)`", line):
            if not tree.exists(f"{GATES}/{path}"):
                findings.append(Finding(README, number, f"there is no {path}"))
    return findings


def lint_all(tree, commands):
    findings = []
    for lint in [linter.lint for linter in LINTERS] + [lint_images, lint_readme]:
        try:
            findings += lint(tree, commands)
        except Broken as broken:
            findings.append(broken.finding)
    return findings


def check_broken(commands):
    cases = Tree(ROOT).yaml(f"{GATES}/test/broken.yaml")
    failures = []
    for case, line in zip(cases, cases.lines):
        where = f"broken.yaml:{line}"
        text = Tree(ROOT).text(case["file"])
        times = case.get("times", 1)
        if text.count(case["replace"]) != times:
            failures.append(f"{where}: {case['file']} has {case['replace']!r} {text.count(case['replace'])} times")
            continue
        found = lint_all(Tree(ROOT, {case["file"]: text.replace(case["replace"], case["with"])}), commands)
        if not any(case["says"] in str(finding) for finding in found):
            failures.append(f"{where}: nobody says {case['says']!r}; said: {[str(finding) for finding in found[:3]]}")
    return failures, len(cases)


def main():
    commands = commands_of.Commands(sys.argv[1])
    failures = [str(finding) for finding in lint_all(Tree(ROOT), commands)]
    more, cases = check_broken(commands)
    failures += more
    for failure in failures:
        print(failure)
    passed = cases + len(LINTERS) + 2 - len(failures)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


sys.exit(main())
