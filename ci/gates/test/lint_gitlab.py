"""GitLab: a template of jobs, and a .gitlab-ci.yml that includes it."""
import re

import commands as commands_of
from documents import List, Map, Report, nearest

TEMPLATE = "ci/gates/gitlab/tocsin.gitlab-ci.yml"
EXAMPLE = "ci/gates/gitlab/example.gitlab-ci.yml"
INCLUDED_AS = "ci/tocsin.gitlab-ci.yml"

GLOBAL_KEYS = {"default", "include", "stages", "variables", "workflow", "spec"}
JOB_KEYS = {"after_script", "allow_failure", "artifacts", "before_script", "cache", "coverage", "dependencies",
            "environment", "extends", "id_tokens", "image", "inherit", "interruptible", "needs", "parallel", "release",
            "resource_group", "retry", "rules", "script", "secrets", "services", "stage", "tags", "timeout", "trigger",
            "variables", "when"}
ARTIFACT_KEYS = {"paths", "exclude", "expire_in", "expose_as", "name", "public", "access", "reports", "untracked", "when"}
REPORT_KEYS = {"accessibility", "annotations", "api_fuzzing", "browser_performance", "codequality", "container_scanning",
               "coverage_fuzzing", "coverage_report", "cyclonedx", "dast", "dependency_scanning", "dotenv", "junit",
               "load_performance", "metrics", "repository_xray", "requirements", "sast", "secret_detection", "terraform"}
RULE_KEYS = {"if", "changes", "exists", "allow_failure", "needs", "variables", "when", "interruptible"}
IMAGE_KEYS = {"name", "entrypoint", "pull_policy", "docker", "kubernetes"}
VARIABLE_KEYS = {"value", "description", "options", "expand"}
DEFAULT_STAGES = [".pre", "build", "test", "deploy", ".post"]


class Linter(Report):
    def __init__(self, path, commands):
        super().__init__(path)
        self.commands = commands

    def variables(self, mapping):
        """Their names."""
        given = mapping.get("variables")
        if given is None or not self.keys(given, given, "variables"):
            return set()
        for name, value in given.items():
            if isinstance(value, Map):
                self.keys(value, VARIABLE_KEYS, f"variable {name}", ("value",))
                value = value.get("value")
            if not isinstance(value, str):
                self.say(given.line_of(name), f"variable {name} must be a string: quote it")
        return set(given)

    def names(self, text, line, known):
        for name in re.findall(r"\$\{?([A-Za-z_]\w*)", text):
            if name not in known and not name.startswith(("CI_", "GITLAB_")):
                self.say(line, f"${name} is no variable of this file{nearest(name, known)}")

    def job(self, name, job, jobs, stages, known):
        if not self.keys(job, JOB_KEYS, f'job "{name}"'):
            return
        parents = job.get("extends") or []
        for parent in [parents] if isinstance(parents, str) else parents:
            if parent not in jobs:
                self.say(job.line_of("extends"), f'there is no job "{parent}"{nearest(parent, jobs)}')
        if "stage" in job and job["stage"] not in stages:
            self.say(job.line_of("stage"), f'there is no stage "{job["stage"]}"{nearest(job["stage"], stages)}')
        for rule in job.get("rules") or ():
            if self.keys(rule, RULE_KEYS, "a rule") and "if" in rule:
                self.names(rule["if"], rule.line_of("if"), known)
        image = job.get("image")
        if isinstance(image, Map):
            self.keys(image, IMAGE_KEYS, "an image", ("name",))
            image = image.get("name")
        if image:
            self.names(image, job.line_of("image"), known)
        scripts = [self.script(job, key, known) for key in ("before_script", "script", "after_script")]
        self.artifacts(job, " ".join(scripts))
        if not name.startswith(".") and "script" not in job and "trigger" not in job:
            self.say(job.line, f'job "{name}" has no script')

    def script(self, job, key, known):
        lines = job.get(key)
        if lines is None:
            return ""
        if not isinstance(lines, List) or not lines:
            self.say(job.line_of(key), f"{key} must be a list that is not empty")
            return ""
        for text, line in zip(lines, lines.lines):
            if not isinstance(text, str):
                self.say(line, f"a line of {key} must be a string: quote it")
                continue
            self.names(text, line, known)
            for found in commands_of.in_shell(text):
                for complaint in self.commands.complaints(found.words):
                    self.say(line, complaint)
        return "\n".join(str(text) for text in lines)

    def artifacts(self, job, script):
        artifacts = job.get("artifacts")
        if artifacts is None or not self.keys(artifacts, ARTIFACT_KEYS, "artifacts"):
            return
        reports = artifacts.get("reports")
        if reports is None or not self.keys(reports, REPORT_KEYS, "reports"):
            return
        flags = {"junit": "--junit", "codequality": "--code-quality"}
        for kind, path in reports.items():
            line = reports.line_of(kind)
            if kind not in flags:
                self.say(line, f"tocsin writes no {kind} report")
            elif kind == "junit" and path.endswith("/junit.xml") and f"--reports {path[:-len('/junit.xml')]}" in script:
                continue
            elif not re.search(rf"{flags[kind]} {re.escape(path)}(\s|$)", script):
                self.say(line, f"the script does not write {path} with {flags[kind]}")


def lint_file(tree, commands, path, more_variables=()):
    linter = Linter(path, commands)
    document = tree.yaml(path)
    known = linter.variables(document) | set(more_variables)
    stages = document.get("stages") or DEFAULT_STAGES
    jobs = {name: job for name, job in document.items() if name not in GLOBAL_KEYS}
    for name, job in jobs.items():
        linter.job(name, job, jobs, stages, known)
    return linter, document, known, jobs


def lint(tree, commands):
    template, _, declared, jobs = lint_file(tree, commands, TEMPLATE)
    example, document, used, _ = lint_file(tree, commands, EXAMPLE)
    for name in sorted(used - declared):
        example.say(document["variables"].line_of(name), f"the template has no variable {name}{nearest(name, declared)}")
    stages = document.get("stages") or DEFAULT_STAGES
    for name, job in jobs.items():
        if isinstance(job, Map) and "stage" in job and job["stage"] not in stages:
            example.say(document.line_of("stages"), f'stage "{job["stage"]}" of the template is missing')
    for entry in document.get("include") or ():
        if not isinstance(entry, Map) or entry.get("local") != INCLUDED_AS:
            example.say(document.line_of("include"), f"the template is expected as local: {INCLUDED_AS}")
    return template.findings + example.findings
