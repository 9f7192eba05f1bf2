"""What the tests that run gates share: a repository made from the example, shells, a tocsin that only pretends."""
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
GATES = HERE.parent
ROOT = HERE.parents[2]
TIME_LIMIT_S = 60


class Failures:
    def __init__(self):
        self.texts = []
        self.checks = 0

    def expect(self, holds, text):
        self.checks += 1
        if not holds:
            self.texts.append(text)
            print(f"FAIL {text}")

    def same(self, seen, wanted, what):
        self.expect(seen == wanted, f"{what}: expected {wanted!r}, got {seen!r}")

    def conclude(self):
        print(f"{self.checks - len(self.texts)} passed, {len(self.texts)} failed")
        return 1 if self.texts or not self.checks else 0


def make_repository(folder, change=None):
    """`monitoring/shop` as in the example, but for `change`: file to texts to what stands in for them."""
    shop = pathlib.Path(folder) / "monitoring" / "shop"
    shutil.copytree(GATES / "example/shop", shop)
    for name, texts in (change or {}).items():
        text = (shop / name).read_text()
        for old, new in texts.items():
            assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
            text = text.replace(old, new)
        (shop / name).write_text(text)
    return pathlib.Path(folder)


def path_with(tocsin):
    return f"{pathlib.Path(tocsin).resolve().parent}:{os.environ['PATH']}"


def pretend(folder, codes):
    """A tocsin that writes no report, prints its arguments, and ends with the code that its command has here."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cases = "\n".join(f"  '{command}'*) exit {code} ;;" for command, code in codes.items())
    file = folder / "tocsin"
    file.write_text(f'#!/bin/sh\necho "pretending: $*"\ncase "$*" in\n{cases}\nesac\n')
    file.chmod(0o755)
    return file


def run_shell(words, script, folder, environment):
    """A script in a file, as CI systems run it. stdout and stderr together."""
    file = pathlib.Path(folder) / ".script.sh"
    file.write_text(script)
    done = subprocess.run([*words, str(file)], cwd=folder, env={"LANG": "C.UTF-8", "HOME": str(folder), **environment},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIME_LIMIT_S)
    file.unlink()
    return done.returncode, done.stdout
