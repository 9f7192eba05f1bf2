#!/usr/bin/env python3
"""Runs the hooks with pre-commit itself, in a git repository made for it, on the example and on the example with something
wrong. Skipped (77) without pre-commit. Usage: precommit_test.py TOCSIN"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import bench

PRE_COMMIT = "/usr/bin/pre-commit" if os.path.exists("/usr/bin/pre-commit") else shutil.which("pre-commit")
if not PRE_COMMIT or not shutil.which("git"):
    print("skipped: pre-commit or git is not installed")
    sys.exit(77)

TOCSIN = pathlib.Path(sys.argv[1]).resolve()
FAILURES = bench.Failures()
VERDICT = re.compile(r"^(tocsin [a-z ]+?)\.+(?:\(.*\))?(Passed|Failed|Skipped)$", re.M)


class Home:
    """A folder with the hooks' repository and one that uses them."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.environment = {
            "PATH": bench.path_with(TOCSIN), "HOME": str(self.folder), "PRE_COMMIT_HOME": str(self.folder / "cache"),
            "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com"}
        hooks = self.folder / "hooks"
        hooks.mkdir()
        shutil.copy(bench.ROOT / ".pre-commit-hooks.yaml", hooks)
        self.commit(hooks)
        self.run(hooks, "git", "tag", "v0.1.0")
        self.repository = self.folder / "repository"
        bench.make_repository(self.repository)
        # YAML that is none of Tocsin's business.
        (self.repository / "deployment.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\n")
        config = (bench.GATES / "pre-commit/pre-commit-config.yaml").read_text()
        assert config.count("https://git.example.com/tocsin") == 1
        config = config.replace("https://git.example.com/tocsin", str(hooks))
        (self.repository / ".pre-commit-config.yaml").write_text(config)
        self.commit(self.repository)

    def run(self, folder, *words, check=True):
        done = subprocess.run(words, cwd=folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=bench.TIME_LIMIT_S)
        assert not check or done.returncode == 0, f"{words}: {done.stdout}"
        return done

    def commit(self, folder):
        self.run(folder, "git", "init", "-q")
        self.run(folder, "git", "add", "-A")
        self.run(folder, "git", "commit", "-qm", "all", "--no-verify")

    def hooks(self, *arguments):
        """Exit code, and what each hook came to: its name to Passed, Failed or Skipped."""
        done = self.run(self.repository, PRE_COMMIT, "run", "--color=never", *arguments, check=False)
        verdicts = dict(VERDICT.findall(done.stdout))
        return done.returncode, verdicts, done.stdout

    def change(self, name, old, new):
        file = self.repository / "monitoring/shop" / name
        text = file.read_text()
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))
        self.run(self.repository, "git", "add", "-A")

    def restore(self):
        self.run(self.repository, "git", "reset", "-q", "--hard")


def all_hooks(verdict, **others):
    names = ["check", "test rules", "test routes", "prove"]
    return {f"tocsin {name}": others.get(name.replace(" ", "_"), verdict) for name in names}


with tempfile.TemporaryDirectory() as folder:
    home = Home(folder)
    code, verdicts, text = home.hooks("--all-files")
    FAILURES.same((code, verdicts), (0, all_hooks("Passed")), f"as it is: {text}")
    code, verdicts, text = home.hooks("--all-files", "--hook-stage", "push")
    FAILURES.same((code, verdicts.get("tocsin run")), (0, "Passed"), f"before a push: {text}")

    # The rule's file alone is changed, and the tests that fail are elsewhere.
    home.change("rules.yml", "> 0.1", "> 0.4")
    code, verdicts, text = home.hooks()
    FAILURES.same((code, verdicts), (1, all_hooks("Failed", test_routes="Passed")), f"threshold: {text}")
    FAILURES.expect("alert ManyErrors at 5m: expected 1 alert, got 0" in text and "exit code: 1" in text, f"threshold: {text}")
    code, verdicts, text = home.hooks("--hook-stage", "push", "--all-files")
    FAILURES.same((code, verdicts.get("tocsin run")), (1, "Failed"), f"threshold, before a push: {text}")
    # git itself refuses the commit.
    home.run(home.repository, PRE_COMMIT, "install")
    done = home.run(home.repository, "git", "commit", "-m", "raise", check=False)
    FAILURES.expect(done.returncode == 1 and "tocsin prove" in done.stdout, f"git commit: {done.stdout}")
    home.restore()

    home.change("alertmanager.yml", 'severity="critical"', 'severity="crit"')
    code, verdicts, text = home.hooks()
    FAILURES.same((code, verdicts), (1, all_hooks("Passed", test_routes="Failed")), f"route: {text}")
    home.restore()

    # Another folder's YAML wakes no hook.
    (home.repository / "deployment.yaml").write_text("apiVersion: apps/v1\nkind: StatefulSet\n")
    home.run(home.repository, "git", "add", "-A")
    code, verdicts, text = home.hooks()
    FAILURES.same((code, verdicts), (0, all_hooks("Skipped")), f"elsewhere: {text}")
    home.restore()

    # A repository whose tests are gone does not pass.
    home.run(home.repository, "git", "rm", "-q", "monitoring/shop/rules.test.yml")
    code, verdicts, text = home.hooks("--all-files", "tocsin-test-rules")
    FAILURES.same((code, verdicts), (1, {"tocsin test rules": "Failed"}), f"no tests: {text}")

sys.exit(FAILURES.conclude())
