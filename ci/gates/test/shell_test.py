#!/usr/bin/env python3
"""shellcheck over all shell text of the gates and of ci/ itself; what the image installs against what the binary is linked
with. What needs a program that is not there is left out, visibly. Usage: shell_test.py TOCSIN"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import bench
import dockerfile
import jenkinsfile
import lint_dockerfile
import lint_gitlab
import lint_precommit
from documents import Tree

TREE = Tree(bench.ROOT)
TOCSIN = pathlib.Path(sys.argv[1]).resolve()
FAILURES = bench.Failures()
# Words and globs are wanted of the variables that hold paths.
WORDS_WANTED = ["--exclude=SC2086"]


def texts():
    """Name, shell, text and more arguments for shellcheck."""
    for step in TREE.yaml("ci/gates/github/action.yml")["runs"]["steps"]:
        yield f"github, {step['name']}", "bash", step["run"], []
    for name, job in TREE.yaml(lint_gitlab.TEMPLATE).items():
        scripts = [job[key] for key in ("before_script", "script") if key in job and name != "variables"]
        lines = [line for script in scripts for line in script]
        if lines:
            yield f"gitlab, {name}", "bash", "\n".join(lines), WORDS_WANTED
    for stage in jenkins_stages():
        for step in stage.child("steps").body:
            yield f"jenkins, {stage.strings()[0].value()}", "sh", step.strings()[0].value(), WORDS_WANTED
    for hook in TREE.yaml(lint_precommit.MANIFEST):
        yield f"pre-commit, {hook['id']}", "bash", hook["entry"], []
        inner = re.search(r"bash -c '(.*)'", hook["entry"])
        if inner:
            yield f"pre-commit, {hook['id']}", "bash", inner.group(1), []
    for one in dockerfile.parse(TREE.text(lint_dockerfile.PATH)):
        if one.name == "RUN":
            yield f"image, line {one.line}", "bash", one.text, []
    for name in ("setup", "build", "test", "drill", "fuzz", "bench", "check_format.sh"):
        yield f"ci/{name}", "bash", TREE.text(f"ci/{name}"), []


def jenkins_stages():
    statements = jenkinsfile.parse("Jenkinsfile", TREE.text("ci/gates/jenkins/Jenkinsfile"))
    return next(one for one in statements if one.name == "pipeline").child("stages").body


def shellcheck(shell, text, arguments):
    """Its complaints."""
    done = subprocess.run(["shellcheck", f"--shell={shell}", "--format=json", *arguments, "-"], input=text + "\n",
                          capture_output=True, text=True)
    return [f"line {one['line']}: SC{one['code']} {one['message']}" for one in json.loads(done.stdout)]


def check_shell():
    if not shutil.which("shellcheck"):
        print("left out: shellcheck is not installed")
        return
    seen = 0
    for name, shell, text, arguments in texts():
        seen += 1
        FAILURES.same(shellcheck(shell, text, arguments), [], name)
    FAILURES.expect(seen > 20, f"only {seen} shell texts")
    FAILURES.expect(shellcheck("bash", 'if [ $x = 1 ]; then echo "a; fi', []), "shellcheck takes anything")


def check_packages():
    """Every library that the binary needs comes with a package that the image installs, or that Debian slim has."""
    if not shutil.which("dpkg-query") or not os.path.exists("/etc/debian_version"):
        print("left out: this is not Debian")
        return
    linked = re.findall(r"=> (/\S+)", subprocess.run(["ldd", TOCSIN], capture_output=True, text=True, check=True).stdout)
    FAILURES.expect(len(linked) > 5, f"only {linked} are linked")
    needed = set()
    for library in linked:
        found = subprocess.run(["dpkg-query", "-S", os.path.realpath(library)], capture_output=True, text=True)
        if found.returncode != 0:  # /lib is a link to /usr/lib, and dpkg may know either
            found = subprocess.run(["dpkg-query", "-S", library.removeprefix("/usr")], capture_output=True, text=True)
        FAILURES.expect(found.returncode == 0, f"no package has {library}")
        needed.add(found.stdout.split(":")[0])
    installed = set(lint_dockerfile.runtime_packages(TREE))
    base = {"libc6", "libgcc-s1"}
    FAILURES.same(needed - installed - base, set(), "packages that the image lacks")
    FAILURES.same(installed - needed, {"ca-certificates", "tzdata"}, "packages that the image has beyond those")


check_shell()
check_packages()
sys.exit(FAILURES.conclude())
