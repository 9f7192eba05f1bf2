#!/usr/bin/env python3
"""Runs the command-line cases of testdata/cases and checks COMMANDS.md against the help texts.

Usage: run_cases.py TOCSIN [NAME-PART...]. UPDATE_GOLDEN=1 writes what was seen into the cases and COMMANDS.md.

A case is one file:

    # Why it is here.
    use shop                    copies testdata/shop into the case's folder
    needs promtool              the case is skipped where this program is not installed
    $ tocsin run a.yaml         a line for the shell; `tocsin` is the binary under test
    exit 1                      of the line before; 0 when left out
    -- a.yaml --                a file to write, up to the next such line
    -- stdout --                what all lines together must print, after normalise()
    -- stderr --

It runs in a new folder that holds only what it brings. A missing stdout or stderr section means: nothing printed.
"""
import concurrent.futures
import dataclasses
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
COMMANDS = ["run", "judge", "load", "serve", "query", "test", "test promql", "test routes", "test rules", "check",
            "prove", "mutate", "backtest", "schema"]
SECTION = re.compile(r"^-- (\S+) --$")
UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"
TIME_LIMIT_S = 60

# What differs from run to run or from machine to machine, and what stands for it.
NORMAL_FORMS = [
    (re.compile(r"\b(in|Took) [0-9.]+(ns|us|ms|s|m[0-9.]*s?)(?=[ .\n]|$)"), r"\1 TIME"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
]


def normalise(text, folder):
    text = text.replace(str(folder), "FOLDER")
    for pattern, replacement in NORMAL_FORMS:
        text = pattern.sub(replacement, text)
    return text


@dataclasses.dataclass
class Step:
    command: str
    exit: int = 0


@dataclasses.dataclass
class Case:
    path: pathlib.Path
    comments: list
    uses: list
    needs: list
    steps: list
    sections: dict  # name -> text, in order; stdout and stderr among them


class BadCase(Exception):
    pass


def parse(path):
    case = Case(path, [], [], [], [], {})
    section = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := SECTION.match(line):
            section = found[1]
            if section in case.sections:
                raise BadCase(f"{path}:{number}: a second section {section}")
            case.sections[section] = ""
        elif section is not None:
            case.sections[section] += line + "\n"
        elif line.startswith("#"):
            case.comments.append(line)
        elif line.startswith("$ "):
            case.steps.append(Step(line[2:]))
        elif line.startswith("exit ") and case.steps:
            case.steps[-1].exit = int(line[5:])
        elif line.startswith("use "):
            case.uses.append(line[4:])
        elif line.startswith("needs "):
            case.needs.append(line[6:])
        elif line:
            raise BadCase(f"{path}:{number}: unknown directive: {line}")
    if not case.steps or not case.comments:
        raise BadCase(f"{path}:1: a case says why it is here (#) and has a command ($)")
    return case


def write(case):
    lines = case.comments + [f"use {use}" for use in case.uses] + [f"needs {need}" for need in case.needs]
    for step in case.steps:
        lines.append(f"$ {step.command}")
        if step.exit:
            lines.append(f"exit {step.exit}")
    text = "\n".join(lines) + "\n"
    for name, body in case.sections.items():
        if body or name not in ("stdout", "stderr"):
            text += f"-- {name} --\n{body}"
    case.path.write_text(text)


def run_steps(case, folder, environment):
    """Exit codes, stdout and stderr of all steps."""
    exits, outputs = [], ["", ""]
    for step in case.steps:
        # bash for pipefail and PIPESTATUS; a case that hangs is ended with all that it started.
        process = subprocess.Popen(["bash", "-c", step.command], cwd=folder, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        try:
            printed = process.communicate(timeout=TIME_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            printed = process.communicate()
            printed = (printed[0], printed[1] + b"ended by the case runner: too slow\n")
        exits.append(process.returncode)
        for i, text in enumerate(printed):
            outputs[i] += normalise(text.decode("utf-8", "backslashreplace"), folder)
    return exits, outputs


def run(case, binary):
    """What is wrong, as text; empty when nothing is."""
    if missing := [need for need in case.needs if not shutil.which(need)]:
        print(f"skipped: {case.path.name} needs {' '.join(missing)}")
        return ""
    with tempfile.TemporaryDirectory() as top:
        # Systems are looked for in the folders above, too: these are empty.
        folder = pathlib.Path(top).resolve() / "a/b/c/case"
        folder.mkdir(parents=True)
        for use in case.uses:
            shutil.copytree(HERE / "testdata" / use, folder / use)
        for name, body in case.sections.items():
            if name not in ("stdout", "stderr"):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(body)
        environment = {"PATH": f"{binary.parent}:{os.environ['PATH']}", "HOME": str(folder),
                       "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        exits, (stdout, stderr) = run_steps(case, folder, environment)
    if UPDATE:
        for step, seen in zip(case.steps, exits):
            step.exit = seen
        case.sections.update(stdout=stdout, stderr=stderr)
        write(case)
        return ""
    return judge(case, exits, {"stdout": stdout, "stderr": stderr})


def judge(case, exits, printed):
    wrong = ""
    for step, seen in zip(case.steps, exits):
        if step.exit != seen:
            wrong += f"{case.path}: expected exit {step.exit}, got {seen}: {step.command}\n"
    for name, seen in printed.items():
        expected = case.sections.get(name, "")
        if seen == expected:
            continue
        lines = case.path.read_text().splitlines()
        at = lines.index(f"-- {name} --") + 1 if name in case.sections else len(lines)
        diff = difflib.unified_diff(expected.splitlines(), seen.splitlines(), "expected", "actual",
                                    lineterm="", n=2)
        wrong += f"{case.path}:{at}: {name}\n" + "\n".join(diff) + "\n"
    return wrong


def check_commands(binary):
    """COMMANDS.md is the help of each command, word for word."""
    path = HERE / "COMMANDS.md"
    text = "# Commands\n\nMade from `tocsin --help` and `tocsin COMMAND --help`; a test keeps it true.\n"
    for command in ["", *COMMANDS]:
        words = ["tocsin", *command.split(), "--help"]
        helped = subprocess.run([binary, *words[1:]], capture_output=True, text=True, timeout=TIME_LIMIT_S)
        if helped.returncode != 0 or helped.stderr:
            return f"{' '.join(words)}: exit {helped.returncode}, {helped.stderr}\n"
        body = "\n".join(line.rstrip() for line in helped.stdout.strip().splitlines())
        text += f"\n## {' '.join(words[:-1])}\n\n```text\n{body}\n```\n"
    if UPDATE:
        path.write_text(text)
    if not path.exists() or path.read_text() != text:
        return f"{path}:1: differs from the help texts; run this with UPDATE_GOLDEN=1\n"
    return ""


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    parts = sys.argv[2:]
    paths = [path for path in sorted((HERE / "testdata/cases").glob("*.txt"))
             if not parts or any(part in path.name for part in parts)]
    if not paths:
        sys.exit("no case was found")
    wrong = "" if parts else check_commands(binary)
    try:
        cases = [parse(path) for path in paths]
    except BadCase as error:
        sys.exit(str(error))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong += "".join(pool.map(lambda case: run(case, binary), cases))
    print(wrong or f"{len(cases)} cases hold")
    sys.exit(1 if wrong else 0)


main()
