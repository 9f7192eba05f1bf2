"""The image."""
import re
import shlex

import commands as commands_of
import dockerfile
from documents import Report, nearest

PATH = "ci/gates/docker/Dockerfile"
IGNORE = PATH + ".dockerignore"
INSTRUCTIONS = {"FROM", "RUN", "CMD", "LABEL", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT", "VOLUME", "USER", "WORKDIR", "ARG",
                "ONBUILD", "STOPSIGNAL", "HEALTHCHECK", "SHELL"}


def stages_of(instructions):
    """Lists of instructions, each beginning with its FROM; what stands before the first is left out."""
    stages = []
    for one in instructions:
        if one.name == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(one)
    return stages


def last(stage, name):
    return next((one for one in reversed(stage) if one.name == name), None)


def packages_of(run):
    """That a RUN installs with apt-get."""
    found = []
    for part in re.split(r"&&|;", run.text):
        words = part.split()
        if words[:2] == ["apt-get", "install"]:
            found += [word for word in words[2:] if not word.startswith("-")]
    return found


def last_stage(tree):
    return stages_of(dockerfile.parse(tree.text(PATH)))[-1]


def runtime_packages(tree):
    return [package for one in last_stage(tree) if one.name == "RUN" for package in packages_of(one)]


def entrypoint(tree):
    """The words that the image puts before a container's own."""
    enter = last(last_stage(tree), "ENTRYPOINT")
    return (enter.exec_form() if enter else None) or ["tocsin"]


def user(tree):
    found = last(last_stage(tree), "USER")
    return found.text if found else "root"


class Linter(Report):
    def __init__(self, tree, commands):
        super().__init__(PATH)
        self.tree = tree
        self.commands = commands
        self.arguments = {}  # ARGs before the first stage

    def stage(self, stage, names):
        base = re.sub(r"\$\{?(\w+)\}?", lambda match: self.arguments.get(match.group(1), ""), stage[0].words()[0])
        if base not in names and not re.search(r"[:@]", base):
            self.say(stage[0].line, f'"{base}" has no tag')
        if base.endswith(":latest"):
            self.say(stage[0].line, f"{base}: what this is changes from day to day")
        for one in stage[1:]:
            if one.name == "COPY":
                self.copy(one, names)
            elif one.name == "ADD":
                self.say(one.line, "COPY does what is meant; ADD unpacks and fetches, too")
            elif one.name == "RUN":
                self.run(one)

    def copy(self, copy, names):
        source = copy.flags.get("from")
        if source:
            if source not in names:
                self.say(copy.line, f'there is no stage "{source}" before this{nearest(source, names)}')
            return
        patterns = [line for line in self.tree.text(IGNORE).split("\n") if line.strip() and not line.startswith("#")]
        for path in copy.words()[:-1]:
            if path != "." and not self.tree.exists(path):
                self.say(copy.line, f"there is no {path} to copy")
            elif dockerfile.ignored(patterns, path):
                self.say(copy.line, f"{path} is ignored by .dockerignore")

    def run(self, run):
        if packages_of(run) and "apt-get update" not in run.text:
            self.say(run.line, "apt-get install without apt-get update in the same RUN: a cached layer has an old list")
        if packages_of(run) and "--no-install-recommends" not in run.text:
            self.say(run.line, "apt-get install without --no-install-recommends makes the image large")
        if ("apt-get" in run.text or "ci/setup" in run.text) and "rm -rf /var/lib/apt/lists" not in run.text:
            self.say(run.line, "package lists stay in this layer: rm -rf /var/lib/apt/lists/*")
        if re.search(r"\bsudo\b", run.text):
            self.say(run.line, "sudo is not needed: this is root")
        for word in shlex.split(run.text.replace("*", "")):
            if word.startswith("ci/") and not self.tree.exists(word):
                self.say(run.line, f"there is no {word}")
        for found in commands_of.in_shell(run.text):
            for complaint in self.commands.complaints(found.words):
                self.say(run.line, complaint)

    def last_stage(self, stage):
        user, enter, command = last(stage, "USER"), last(stage, "ENTRYPOINT"), last(stage, "CMD")
        if user is None or not re.fullmatch(r"[1-9]\d*(:\d+)?", user.text):
            self.say((user or stage[0]).line, "the image must run as a numbered user other than root: "
                                              "Kubernetes' runAsNonRoot cannot look up names")
        if enter is None or enter.exec_form() is None:
            self.say((enter or stage[0]).line, "ENTRYPOINT must be a list of words, so that signals reach tocsin")
            return
        for one in (enter, command):
            if one is not None and one.exec_form() is None:
                return self.say(one.line, f"{one.name} must be a list of words")
        for complaint in self.commands.complaints(enter.exec_form()[1:] + (command.exec_form() if command else [])):
            self.say((command or enter).line, complaint)


def lint(tree, commands):
    linter = Linter(tree, commands)
    instructions = dockerfile.parse(tree.text(PATH))
    for one in instructions:
        if one.name not in INSTRUCTIONS:
            linter.say(one.line, f'there is no instruction "{one.name}"{nearest(one.name, INSTRUCTIONS)}')
    stages = stages_of(instructions)
    if len(stages) < 2:
        linter.say(1, "one stage: compiler and sources stay in the image")
        return linter.findings
    names = set()
    for one in instructions[:instructions.index(stages[0][0])]:
        name, _, value = one.text.partition("=")
        linter.arguments[name] = value
    for stage in stages:
        linter.stage(stage, names)
        words = stage[0].words()
        if len(words) == 3 and words[1].upper() == "AS":
            names.add(words[2])
    linter.last_stage(stages[-1])
    return linter.findings
