"""GitHub: action.yml of a composite action, and workflows that use it."""
import re

import commands as commands_of
import expressions
from documents import List, Map, Report, nearest

ACTION_KEYS = {"name", "description", "author", "inputs", "outputs", "runs", "branding"}
INPUT_KEYS = {"description", "required", "default", "deprecationMessage"}
STEP_KEYS = {"name", "id", "if", "uses", "run", "with", "env", "shell", "working-directory", "continue-on-error",
             "timeout-minutes"}
WORKFLOW_KEYS = {"name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs"}
JOB_KEYS = {"name", "permissions", "needs", "if", "runs-on", "environment", "concurrency", "outputs", "env", "defaults",
            "steps", "timeout-minutes", "strategy", "continue-on-error", "container", "services", "uses", "with",
            "secrets"}
CONTAINER_KEYS = {"image", "credentials", "env", "ports", "volumes", "options"}
EVENTS = {"push", "pull_request", "pull_request_target", "schedule", "workflow_dispatch", "workflow_call", "merge_group",
          "release"}
EVENT_KEYS = {"branches", "branches-ignore", "paths", "paths-ignore", "tags", "tags-ignore", "types", "inputs",
              "outputs", "secrets"}
PERMISSIONS = {"actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token", "issues",
               "models", "packages", "pages", "pull-requests", "repository-projects", "security-events", "statuses"}
CONTEXTS = {"github", "env", "vars", "job", "jobs", "steps", "runner", "secrets", "strategy", "matrix", "needs", "inputs"}
FUNCTIONS = {"contains", "startsWith", "endsWith", "format", "join", "toJSON", "fromJSON", "hashFiles", "success",
             "always", "cancelled", "failure"}
GITHUB_KEYS = {"action", "action_path", "actor", "base_ref", "event", "event_name", "head_ref", "job", "ref", "ref_name",
               "ref_type", "repository", "repository_owner", "run_attempt", "run_id", "run_number", "server_url", "sha",
               "token", "workflow", "workspace"}
LOCAL_ACTION = "./.github/actions/tocsin"
ACTION_FILE = "ci/gates/github/action.yml"

OUTPUT = re.compile(r"echo\s+\"([\w-]+)=[^\n]*>>\s*\"?\$GITHUB_OUTPUT")


class Scope:
    """What expressions may name at a step."""

    def __init__(self, inputs=None):
        self.inputs = inputs       # None: there is no such context
        self.steps = {}            # of the steps before: id to names of outputs, or None where they are not known


class Linter(Report):
    def __init__(self, tree, commands, path):
        super().__init__(path)
        self.tree = tree
        self.commands = commands

    def expressions(self, value, line, scope):
        """Of a value in which ${{ }} may stand."""
        if isinstance(value, str):
            found = expressions.EXPRESSION.findall(value)
            for text in found:
                self.expression(text, line, scope)
            if value.count("${{") != len(found):
                self.say(line, "${{ without its }}")

    def expression(self, text, line, scope):
        try:
            found = expressions.tokens(text)
        except ValueError as error:
            self.say(line, f'"{text.strip()}" is no expression: see "{error}"')
            return
        depth = 0
        for match, after in zip(found, found[1:] + [None]):
            depth += {"(": 1, ")": -1}.get(match.group("operator"), 0)
            if match.group("name"):
                called = after is not None and after.group("operator") == "("
                self.name(match.group("name"), called, line, scope)
        if depth:
            self.say(line, f'brackets of "{text.strip()}" do not match')

    def name(self, name, called, line, scope):
        parts = name.split(".")
        if called:
            if name not in FUNCTIONS:
                self.say(line, f'there is no function "{name}"{nearest(name, FUNCTIONS)}')
            return
        if name in ("true", "false", "null"):
            return
        if parts[0] not in CONTEXTS:
            self.say(line, f'there is no context "{parts[0]}"{nearest(parts[0], CONTEXTS)}')
        elif parts[0] == "inputs":
            if scope.inputs is None or len(parts) < 2 or parts[1] not in scope.inputs:
                self.say(line, f'no input "{name[7:]}" is declared{nearest(name[7:], scope.inputs or [])}')
        elif parts[0] == "github" and len(parts) > 1 and parts[1] not in GITHUB_KEYS:
            self.say(line, f'github has no "{parts[1]}"{nearest(parts[1], GITHUB_KEYS)}')
        elif parts[0] == "steps" and len(parts) > 1:
            self.step_name(parts, line, scope)

    def step_name(self, parts, line, scope):
        if parts[1] not in scope.steps:
            self.say(line, f'no step before this has the id "{parts[1]}"{nearest(parts[1], scope.steps)}')
        elif len(parts) < 3 or parts[2] not in ("outputs", "outcome", "conclusion"):
            self.say(line, f'{".".join(parts)} is nothing that a step has: outputs, outcome, conclusion')
        elif parts[2] == "outputs" and len(parts) > 3 and scope.steps[parts[1]] is not None:
            outputs = scope.steps[parts[1]]
            if parts[3] not in outputs:
                self.say(line, f'step "{parts[1]}" has no output "{parts[3]}"{nearest(parts[3], outputs)}')

    def condition(self, step, scope):
        value = step.get("if")
        if value is None:
            return
        line = step.line_of("if")
        text = str(value)
        if "${{" in text:
            self.expressions(text, line, scope)
        else:
            self.expression(text, line, scope)

    def steps(self, steps, scope, composite):
        if not isinstance(steps, List) or not steps:
            self.say(getattr(steps, "line", 0), "steps must be a list that is not empty")
            return
        for step, line in zip(steps, steps.lines):
            if not self.keys(step, STEP_KEYS, "a step"):
                continue
            if ("run" in step) == ("uses" in step):
                self.say(line, "a step needs run or uses, and one of them only")
            self.condition(step, scope)
            for key in ("env", "with"):
                for name, value in (step.get(key) or Map()).items():
                    self.expressions(value, step[key].line_of(name), scope)
            outputs = set()
            if "run" in step:
                outputs = self.run(step, line, composite)
            elif "uses" in step:
                outputs = self.uses(step)
            if "id" in step:
                if step["id"] in scope.steps:
                    self.say(step.line_of("id"), f'two steps have the id "{step["id"]}"')
                scope.steps[step["id"]] = outputs

    def run(self, step, line, composite):
        script = step["run"]
        if composite and "shell" not in step:
            self.say(line, "a composite action's step with run needs a shell")
        if "${{" in script:
            self.say(step.line_of("run"), "an expression in a script lets its value be run as code: pass it through env")
        declared = set(step.get("env") or ())
        for number, text in enumerate(script.split("\n")):
            for name in re.findall(r"\$\{?#?([A-Z][A-Z_]+)", text):
                if name not in declared and not name.startswith(("GITHUB_", "RUNNER_")):
                    self.say(script.line + number, f'${name} is not in the env of this step{nearest(name, declared)}')
        for found in commands_of.in_shell(script):
            for complaint in self.commands.complaints(found.words):
                self.say(script.line + found.line, complaint)
        return set(OUTPUT.findall(script))

    def uses(self, step):
        """The outputs of what it uses; None when they are not known."""
        name, line = step["uses"], step.line_of("uses")
        if name == LOCAL_ACTION:
            action = self.tree.yaml(ACTION_FILE)
            declared = action.get("inputs") or {}
            given = step.get("with") or Map()
            for key in given:
                if key not in declared:
                    self.say(given.line_of(key), f'the action has no input "{key}"{nearest(key, declared)}')
            for key, entry in declared.items():
                if entry.get("required") and key not in given:
                    self.say(line, f'the action needs the input "{key}"')
            return set(action.get("outputs") or ())
        if name.startswith("./"):
            self.say(line, f'"{name}" is not the action of these gates, {LOCAL_ACTION}')
            return None
        action, at, revision = name.partition("@")
        if not at or not re.fullmatch(r"[0-9a-f]{40}", revision):
            self.say(line, f'"{name}" is not pinned: a tag can be moved, the 40 digits of a commit cannot')
        source = self.tree.text(self.path).split("\n")[line - 1]
        if not re.search(r"# v\d+\.\d+", source):
            self.say(line, f"which version is this? Write it behind: {action}@… # v1.2.3")
        return None


def lint_action(tree, commands, path):
    linter = Linter(tree, commands, path)
    action = tree.yaml(path)
    linter.keys(action, ACTION_KEYS, "an action", ("name", "description", "runs"))
    inputs = action.get("inputs") or Map()
    for name, entry in inputs.items():
        linter.keys(entry, INPUT_KEYS, f'input "{name}"', ("description",))
    scope = Scope(inputs)
    runs = action.get("runs")
    if linter.keys(runs, {"using", "steps"}, "runs", ("using", "steps")):
        if runs["using"] != "composite":
            linter.say(runs.line_of("using"), "only composite actions are looked at")
        linter.steps(runs["steps"], scope, True)
    for name, entry in (action.get("outputs") or Map()).items():
        if linter.keys(entry, {"description", "value"}, f'output "{name}"', ("description", "value")):
            linter.expressions(entry["value"], entry.line_of("value"), scope)
    text = tree.text(path)
    for name in inputs:
        if not re.search(rf"\binputs\.{re.escape(name)}\b", text):
            linter.say(inputs.line_of(name), f'nothing reads the input "{name}"')
    return linter.findings


def lint_workflow(tree, commands, path):
    linter = Linter(tree, commands, path)
    workflow = tree.yaml(path)
    linter.keys(workflow, WORKFLOW_KEYS, "a workflow", ("on", "jobs"))
    events = workflow.get("on")
    if linter.keys(events, EVENTS, "on"):
        for name, event in events.items():
            if event is not None:
                linter.keys(event, EVENT_KEYS, f"event {name}")
    permissions(linter, workflow)
    if "permissions" not in workflow:
        linter.say(1, "without permissions the token may do all that the repository allows")
    group = workflow.get("concurrency")
    if group is not None and linter.keys(group, {"group", "cancel-in-progress"}, "concurrency", ("group",)):
        linter.expressions(group["group"], group.line_of("group"), Scope())
    jobs = workflow.get("jobs")
    if linter.keys(jobs, jobs or (), "jobs"):
        for name, job in jobs.items():
            lint_job(linter, job, name, jobs)
    return linter.findings


def permissions(linter, mapping):
    given = mapping.get("permissions")
    if given is None or given in ("read-all", "write-all"):
        return
    if linter.keys(given, PERMISSIONS, "permissions"):
        for name, value in given.items():
            if value not in ("read", "write", "none"):
                linter.say(given.line_of(name), f'{name} may be read, write or none, not "{value}"')


def lint_job(linter, job, name, jobs):
    if not linter.keys(job, JOB_KEYS, f'job "{name}"', ("runs-on", "steps", "timeout-minutes")):
        return
    permissions(linter, job)
    needs = job.get("needs")
    for other in ([needs] if isinstance(needs, str) else needs or ()):
        if other not in jobs:
            linter.say(job.line_of("needs"), f'there is no job "{other}"{nearest(other, jobs)}')
    container = job.get("container")
    if isinstance(container, Map):
        linter.keys(container, CONTAINER_KEYS, "a container", ("image",))
    uploads = [step for step in job.get("steps") or () if isinstance(step, Map) and "upload-sarif" in str(step.get("uses"))]
    granted = {**(job.get("permissions") or {})}
    if uploads and granted.get("security-events") != "write":
        linter.say(job.line, "upload-sarif needs the permission security-events: write")
    linter.steps(job.get("steps"), Scope(), False)


def lint(tree, commands):
    return lint_action(tree, commands, ACTION_FILE) + lint_workflow(tree, commands, "ci/gates/github/workflow.yml")
