#!/usr/bin/env python3
"""Runs what the gates run, on the example and on the example with something wrong (variants.yaml): the steps of the GitHub
action, the jobs of the GitLab template, the stages of the Jenkinsfile, the container of the Kubernetes Job.
Usage: run_test.py TOCSIN"""
import json
import pathlib
import re
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import bench
import expressions
import jenkinsfile
import lint_gitlab
from documents import Tree

TREE = Tree(bench.ROOT)
TOCSIN = pathlib.Path(sys.argv[1]).resolve()
VARIANTS = TREE.yaml("ci/gates/test/variants.yaml")
STEPS = ["check", "rules", "routes", "prove", "run"]
FAILURES = bench.Failures()


def check_junit(path, what):
    try:
        root = ElementTree.parse(path).getroot()
        FAILURES.expect(root.tag == "testsuites" and root.findall("testsuite/testcase"), f"{what}: {path.name} has no cases")
    except (OSError, ElementTree.ParseError) as error:
        FAILURES.expect(False, f"{what}: {error}")


# GitHub

class Action:
    """One run of the composite action, as the runner does it."""

    def __init__(self, folder, inputs, path):
        self.folder = folder
        self.path = path
        self.action = TREE.yaml("ci/gates/github/action.yml")
        declared = {name: str(entry.get("default", "")) for name, entry in self.action["inputs"].items()}
        assert set(inputs) <= set(declared), inputs
        self.contexts = {f"inputs.{name}": value for name, value in {**declared, **inputs}.items()}
        self.summary = ""
        self.log = ""
        self.exit = 0

    def run(self):
        for step in self.action["runs"]["steps"]:
            evaluator = expressions.Evaluator(self.contexts)
            # A step without an if is skipped once one has failed.
            if self.exit == 0 and ("if" not in step or evaluator.value(step["if"])):
                self.step(step, evaluator)
        return self

    def step(self, step, evaluator):
        output, summary = self.folder / ".output", self.folder / ".summary"
        output.write_text("")
        summary.write_text("")
        environment = {name: evaluator.expand(value) for name, value in (step.get("env") or {}).items()}
        environment |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "PATH": self.path,
                        "GITHUB_ACTION_PATH": str(bench.GATES / "github")}
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
        self.exit, log = bench.run_shell(shell, step["run"], self.folder, environment)
        self.log += log
        self.summary += summary.read_text()
        for line in output.read_text().splitlines():
            name, _, value = line.partition("=")
            self.contexts[f"steps.{step['id']}.outputs.{name}"] = value

    def output(self, name):
        return expressions.Evaluator(self.contexts).expand(self.action["outputs"][name]["value"])

    def codes(self):
        return [int(self.contexts.get(f"steps.{step}.outputs.code", "-1")) for step in STEPS]


def workflow_inputs():
    workflow = TREE.yaml("ci/gates/github/workflow.yml")
    return next(step["with"] for step in workflow["jobs"]["tocsin"]["steps"] if step.get("id") == "tocsin")


def github_variant(variant):
    what = f"github, {variant['name']}"
    with tempfile.TemporaryDirectory() as folder:
        folder = bench.make_repository(folder, variant.get("change"))
        action = Action(folder, workflow_inputs(), bench.path_with(TOCSIN)).run()
        FAILURES.same(action.codes(), variant["codes"], f"{what}: codes")
        FAILURES.same(action.exit, variant["exit"], f"{what}: exit code")
        FAILURES.same(action.output("verdict"), variant["verdict"], f"{what}: verdict")
        FAILURES.same(action.output("exit-code"), str(variant["exit"]), f"{what}: exit-code")
        for text in variant["printed"]:
            FAILURES.expect(text in action.summary, f"{what}: the summary lacks {text!r}:\n{action.summary}")
        reports = folder / action.output("reports")
        if variant["exit"] != 2:
            for name in ("check.xml", "rules.xml", "routes.xml", "prove.xml", "run/junit.xml"):
                check_junit(reports / name, what)
        sarif = json.loads((folder / action.output("sarif")).read_text())
        findings = len(sarif["runs"][0]["results"])
        FAILURES.expect((findings > 0) == (variant["codes"][0] == 1), f"{what}: {findings} findings in SARIF")
        check_matcher(reports / "check.txt", findings, what)


def check_matcher(text, findings, what):
    """The problem matcher takes each finding of the console, with its place."""
    matcher = TREE.json("ci/gates/github/problem-matcher.json")["problemMatcher"][0]["pattern"][0]
    matches = [match for line in text.read_text().splitlines() if (match := re.match(matcher["regexp"], line))]
    FAILURES.same(len(matches), findings, f"{what}: findings that the problem matcher sees")
    for match in matches:
        path = match.group(matcher["file"])
        FAILURES.expect(path.startswith("monitoring/shop/") and match.group(matcher["severity"]) in ("error", "warning")
                        and int(match.group(matcher["line"])) > 0 and match.group(matcher["message"]), f"{what}: {match.group()}")


# What the steps end with, what the action makes of it: inputs, codes, exit code, verdict.
PRETENDED = [
    ({}, {"check": 3}, 3, "inconclusive"),
    ({"allow-inconclusive": "true"}, {"check": 3}, 0, "inconclusive"),
    ({"allow-inconclusive": "true"}, {"check": 3, "run": 1}, 1, "failed"),
    ({}, {"check": 1, "run": 3}, 1, "failed"),
    ({}, {"check": 3, "run": 1}, 1, "failed"),
    ({}, {"check": 2, "run": 1}, 2, "refused"),
    ({}, {"check": 1, "run": 2, "prove": 3}, 2, "refused"),
    ({"allow-inconclusive": "true"}, {"prove": 139}, 1, "failed"),
    ({}, {"check": 3, "prove": 127, "run": 3}, 1, "failed"),
    ({}, {}, 0, "passed"),
]


def github_pretended():
    for inputs, codes, wanted, verdict in PRETENDED:
        with tempfile.TemporaryDirectory() as folder:
            folder = bench.make_repository(folder)
            fake = bench.pretend(folder / "bin", codes)
            action = Action(folder, {**workflow_inputs(), **inputs}, bench.path_with(fake)).run()
            what = f"github, {inputs} {codes}"
            FAILURES.same((action.exit, action.output("verdict")), (wanted, verdict), what)
            if wanted == 0 and verdict == "inconclusive":
                FAILURES.expect("::warning title=Tocsin::" in action.log, f"{what}: no warning")


def github_rest():
    with tempfile.TemporaryDirectory() as folder:
        folder = bench.make_repository(folder)
        action = Action(folder, {}, bench.path_with(TOCSIN)).run()
        FAILURES.same((action.exit, action.output("verdict")), (2, "refused"), "github, nothing asked")
        FAILURES.expect("nothing was asked" in action.log, "github, nothing asked: no word about it")

        action = Action(folder, workflow_inputs(), "/usr/bin:/bin").run()
        FAILURES.same(action.exit, 2, "github, without tocsin")
        FAILURES.expect("tocsin is not in PATH" in action.log, "github, without tocsin: no word about it")

        evil = Action(folder, {"scenarios": "$(touch pwned) `touch pwned` ; touch pwned"}, bench.path_with(TOCSIN)).run()
        FAILURES.expect(not (folder / "pwned").exists() and evil.exit == 2, "github: an input was run as code")

        action = Action(folder, {"mutate": "monitoring/*/rules.test.yml", "min-score": "83"}, bench.path_with(TOCSIN)).run()
        FAILURES.same(action.exit, 0, "github, mutate")
        FAILURES.expect("score 83.3%" in action.summary, "github, mutate: no score in the summary")
        action = Action(folder, {"mutate": "monitoring/*/rules.test.yml", "min-score": "84"}, bench.path_with(TOCSIN)).run()
        FAILURES.same(action.exit, 1, "github, mutate above the score")

        action = Action(folder, {"check": "monitoring/nothing/*.yml"}, bench.path_with(TOCSIN)).run()
        FAILURES.same(action.exit, 2, "github, a glob that finds nothing")


def github_long_summary():
    """GitHub drops a summary of more than 1 MiB."""
    with tempfile.TemporaryDirectory() as folder:
        folder = bench.make_repository(folder)
        fake = bench.pretend(folder / "bin", {})
        fake.write_text('#!/bin/sh\nmkdir -p tocsin-reports/run\n'
                        'for f in run/report.md prove.md coverage.md; do yes long | head -c 2000000 >tocsin-reports/$f; done\n'
                        'yes long | head -c 2000000\n')
        action = Action(folder, {**workflow_inputs(), "mutate": "x"}, bench.path_with(fake)).run()
        size = len(action.summary.encode())
        FAILURES.expect(500_000 < size < 1 << 20, f"github: a summary of {size} bytes")
        FAILURES.same(action.exit, 0, "github, long texts")


# GitLab

def gitlab_jobs():
    """Each with what it extends; hidden ones are left out."""
    document = TREE.yaml(lint_gitlab.TEMPLATE)
    jobs = {name: job for name, job in document.items() if name not in lint_gitlab.GLOBAL_KEYS}
    for name, job in jobs.items():
        if not name.startswith("."):
            parent = jobs[job["extends"]]
            yield name, {**parent, **job, "artifacts": {**parent["artifacts"], **job.get("artifacts", {})}}


def gitlab_variant(variant):
    variables = {name: entry["value"] for name, entry in TREE.yaml(lint_gitlab.TEMPLATE)["variables"].items()}
    variables |= TREE.yaml(lint_gitlab.EXAMPLE)["variables"]
    codes = []
    for name, job in gitlab_jobs():
        what = f"gitlab, {variant['name']}, {name}"
        asked = variables[job["rules"][0]["if"].lstrip("$")]
        if not asked:
            FAILURES.same(name, "tocsin: mutate", "gitlab: job that is left out")
            continue
        with tempfile.TemporaryDirectory() as folder:
            folder = bench.make_repository(folder, variant.get("change"))
            lines = "\n".join(job["before_script"] + job["script"])
            environment = {**variables, "PATH": bench.path_with(TOCSIN)}
            code, log = bench.run_shell(["bash", "-eo", "pipefail"], lines, folder, environment)
            codes.append(code)
            for kind, path in job["artifacts"].get("reports", {}).items() if code != 2 else ():
                if kind == "junit":
                    check_junit(folder / path, what)
                else:
                    issues = json.loads((folder / path).read_text())
                    FAILURES.expect((len(issues) > 0) == (code == 1), f"{what}: {len(issues)} issues")
            if "coverage" in job:
                found = re.search(job["coverage"].strip("/"), log)
                FAILURES.expect(found and re.search(r"\d", found.group()), f"{what}: no coverage in the log")
    FAILURES.same(codes, variant["codes"], f"gitlab, {variant['name']}: codes")


# Jenkins

def jenkins_variant(variant):
    statements = jenkinsfile.parse("Jenkinsfile", TREE.text("ci/gates/jenkins/Jenkinsfile"))
    pipeline = next(one for one in statements if one.name == "pipeline")
    variables = {one.name: one.strings()[0].value() for one in pipeline.child("environment").body}
    codes = []
    with tempfile.TemporaryDirectory() as folder:
        folder = bench.make_repository(folder, variant.get("change"))
        for stage in pipeline.child("stages").body:
            for step in stage.child("steps").body if not stage.child("when") else ():
                script = step.strings()[0].value()
                # The step sh runs a script without #! like this.
                code, log = bench.run_shell(["sh", "-xe"], script, folder, {**variables, "PATH": bench.path_with(TOCSIN)})
                if step.name == "gate":
                    codes.append(code)
                else:
                    FAILURES.expect(code == 0, f"jenkins, {variant['name']}: {script} ends with {code}: {log}")
        FAILURES.same(codes, variant["codes"], f"jenkins, {variant['name']}: codes")
        if variant["exit"] != 2:
            reports = sorted(str(path.relative_to(folder)) for path in folder.glob("tocsin-reports/**/*.xml"))
            FAILURES.same(reports, [f"tocsin-reports/{name}.xml" for name in ("check", "prove", "routes", "rules", "run/junit")],
                          f"jenkins, {variant['name']}: JUnit files")
        sarif = folder / "tocsin-reports/check.sarif"
        FAILURES.expect(sarif.exists(), f"jenkins, {variant['name']}: no SARIF")


# Kubernetes

def kubernetes():
    """The container's command, on a ConfigMap laid out as the kubelet lays it out: links through ..data."""
    container = TREE.yaml("ci/gates/kubernetes/job.yaml")["spec"]["template"]["spec"]["containers"][0]
    config = TREE.yaml("ci/gates/kubernetes/configmap.yaml")["data"]
    for change, wanted in [("", 0), ("> 0.4", 1)]:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            mount = folder / "monitoring/shop"
            versioned = mount / "..2026_01_28_09_00_00.000000001"
            versioned.mkdir(parents=True)
            (mount / "..data").symlink_to(versioned.name)
            for name, text in config.items():
                (versioned / name).write_text(text.replace("> 0.1", change) if change else text)
                (mount / name).symlink_to(f"..data/{name}")
            (folder / "reports").mkdir()
            words = [f"{folder}{word}" if word.startswith("/") else word for word in container["args"]]
            code, log = bench.run_shell(["sh"], f"exec tocsin {' '.join(words)}", folder, {"PATH": bench.path_with(TOCSIN)})
            FAILURES.same(code, wanted, f"kubernetes {change}: {log}")
            FAILURES.expect("\n1 scenario: " in log, f"kubernetes {change}: not one scenario: {log}")
            check_junit(folder / "reports/junit.xml", f"kubernetes {change}")


for one in VARIANTS:
    github_variant(one)
    gitlab_variant(one)
    jenkins_variant(one)
github_pretended()
github_rest()
github_long_summary()
kubernetes()
sys.exit(FAILURES.conclude())
