"""pre-commit: the hooks of this repository, and examples of configurations that use them."""
import re
import shlex

import commands as commands_of
from documents import List, Report, nearest

MANIFEST = ".pre-commit-hooks.yaml"
FOLDER = "ci/gates/pre-commit"
HOOK_KEYS = {"id", "name", "entry", "language", "files", "exclude", "types", "types_or", "exclude_types", "always_run",
             "fail_fast", "verbose", "pass_filenames", "require_serial", "description", "language_version",
             "minimum_pre_commit_version", "args", "stages", "log_file", "alias", "additional_dependencies"}
CONFIG_KEYS = {"repos", "default_install_hook_types", "default_language_version", "default_stages", "files", "exclude",
               "fail_fast", "minimum_pre_commit_version", "ci"}
STAGES = {"commit", "push", "manual", "commit-msg", "pre-commit", "pre-push", "merge-commit", "pre-merge-commit"}


def command_lines(hook):
    """What pre-commit starts, as command lines of tocsin without that word."""
    words = shlex.split(hook["entry"]) + [str(word) for word in hook.get("args") or ()]
    if hook["language"] == "docker_image":
        return [words[1:]]  # the image's entrypoint is tocsin
    if words[0] == "tocsin":
        return [words[1:]]
    return [found.words for found in commands_of.in_shell(shlex.join(words))]


def check_hook(report, commands, hook, line):
    if not report.keys(hook, HOOK_KEYS, "a hook", ("id", "name", "entry", "language")):
        return
    for key in ("files", "exclude"):
        check_pattern(report, hook, key)
    found = command_lines(hook)
    if not found:
        report.say(line, f'hook "{hook["id"]}" does not call tocsin')
    for words in found:
        for complaint in commands.complaints(words):
            report.say(hook.line_of("entry"), complaint)
    if hook.get("pass_filenames", True):
        report.say(line, f'hook "{hook["id"]}" gets the names of changed files: tocsin looks at a folder together')


def check_pattern(report, hook, key):
    if key in hook:
        try:
            re.compile(hook[key])
        except re.error as error:
            report.say(hook.line_of(key), f"{key} is no regular expression: {error}")


def lint_manifest(tree, commands):
    report = Report(MANIFEST)
    hooks = tree.yaml(MANIFEST)
    if not isinstance(hooks, List):
        report.say(1, "a list of hooks is expected")
        return report.findings, set()
    for hook, line in zip(hooks, hooks.lines):
        check_hook(report, commands, hook, line)
    ids = [hook.get("id") for hook in hooks]
    for i, name in enumerate(ids):
        if name in ids[:i]:
            report.say(hooks.lines[i], f'two hooks are called "{name}"')
    return report.findings, {hook["id"]: hook for hook in hooks}


def lint_config(tree, commands, path, manifest):
    report = Report(path)
    config = tree.yaml(path)
    report.keys(config, CONFIG_KEYS, "the configuration", ("repos",))
    for repo in config.get("repos") or ():
        local = repo.get("repo") == "local"
        report.keys(repo, {"repo", "hooks"} | (set() if local else {"rev"}), "a repo",
                    ("repo", "hooks") + (() if local else ("rev",)))
        if not local and str(repo.get("rev")) in ("main", "master", "HEAD"):
            report.say(repo.line_of("rev"), "rev is a branch: pre-commit never looks again, take a tag or commit")
        for hook, line in zip(repo.get("hooks") or (), repo["hooks"].lines):
            if local:
                check_hook(report, commands, hook, line)
                continue
            report.keys(hook, HOOK_KEYS, "a hook", ("id",))
            check_pattern(report, hook, "files")
            if hook.get("id") not in manifest:
                report.say(line, f'there is no hook "{hook.get("id")}"{nearest(str(hook.get("id")), manifest)}')
                continue
            for words in command_lines({**manifest[hook["id"]], **hook}):
                for complaint in commands.complaints(words):
                    report.say(line, complaint)
        for hook in repo.get("hooks") or ():
            for stage in hook.get("stages") or ():
                if stage not in STAGES:
                    report.say(hook.line_of("stages"), f'there is no stage "{stage}"{nearest(stage, STAGES)}')
    return report.findings


def lint(tree, commands):
    findings, manifest = lint_manifest(tree, commands)
    for path in tree.files(FOLDER, "*.yaml"):
        findings += lint_config(tree, commands, path, manifest)
    return findings
