"""Jenkins: a declarative pipeline."""
import re

import commands as commands_of
import jenkinsfile
from documents import Report, nearest

PATH = "ci/gates/jenkins/Jenkinsfile"
SECTIONS = {"agent", "environment", "libraries", "options", "parameters", "post", "stages", "tools", "triggers"}
STAGE_PARTS = {"agent", "environment", "failFast", "input", "matrix", "options", "parallel", "post", "stages", "steps",
               "tools", "when"}
AGENTS = {"any", "none", "label", "node", "docker", "dockerfile", "kubernetes"}
DOCKER_KEYS = {"image", "args", "label", "registryUrl", "registryCredentialsId", "reuseNode", "alwaysPull", "customWorkspace"}
OPTIONS = {"ansiColor", "buildDiscarder", "disableConcurrentBuilds", "disableResume", "durabilityHint", "newContainerPerStage",
           "overrideIndexTriggers", "parallelsAlwaysFailFast", "preserveStashes", "quietPeriod", "retry",
           "skipDefaultCheckout", "skipStagesAfterUnstable", "timeout", "timestamps"}
CONDITIONS = {"always", "changed", "fixed", "regression", "aborted", "failure", "success", "unstable", "unsuccessful",
              "notBuilt", "cleanup"}
STEPS = {"archiveArtifacts", "catchError", "checkout", "echo", "error", "junit", "recordIssues", "script", "sh", "stash",
         "unstash", "unstable", "warnError"}


class Linter(Report):
    def __init__(self, commands):
        super().__init__(PATH)
        self.commands = commands
        self.functions = set()
        self.environment = set()
        self.written = []

    def parts(self, statement, known, what, required=()):
        names = [one.name for one in statement.body or ()]
        for one in statement.body or ():
            if one.name not in known:
                self.say(one.line, f'{what} has no "{one.name}"{nearest(one.name, known)}')
            elif names.count(one.name) > 1 and one is not statement.child(one.name) and one.name != "stage":
                self.say(one.line, f'{what} has "{one.name}" twice')
        for name in required:
            if name not in names:
                self.say(statement.line, f"{what} needs {name}")

    def pipeline(self, pipeline):
        self.parts(pipeline, SECTIONS, "a pipeline", ("agent", "stages"))
        self.agent(pipeline.child("agent"))
        for one in (pipeline.child("environment") or pipeline).body if pipeline.child("environment") else ():
            if len(one.arguments) < 2 or one.arguments[0].text != "=":
                self.say(one.line, f"{one.name} in environment must be NAME = 'value'")
            self.environment.add(one.name)
        options = pipeline.child("options")
        if options:
            self.parts(options, OPTIONS, "options")
        stages = pipeline.child("stages")
        if stages:
            self.stages(stages)
        post = pipeline.child("post")
        if post:
            self.parts(post, CONDITIONS, "post")
            for condition in post.body:
                self.steps(condition)

    def agent(self, agent):
        if agent is None:
            return
        if agent.body is None:
            word = agent.arguments[0].text if agent.arguments else ""
            if word not in ("any", "none"):
                self.say(agent.line, f'agent may be any, none or a block, not "{word}"')
            return
        self.parts(agent, AGENTS, "agent")
        docker = agent.child("docker")
        if docker and docker.body is not None:
            self.parts(docker, DOCKER_KEYS, "docker", ("image",))
            args = docker.child("args")
            if not args or "--entrypoint=" not in args.strings()[0].value():
                self.say(docker.line, "Jenkins starts a shell in the image: its entrypoint must be emptied, args '--entrypoint='")

    def stages(self, stages):
        seen = set()
        self.parts(stages, {"stage"}, "stages", ("stage",))
        for stage in stages.body:
            if not stage.strings():
                self.say(stage.line, "a stage needs a name in quotes")
                continue
            name = stage.strings()[0].value()
            if name in seen:
                self.say(stage.line, f'two stages are called "{name}"')
            seen.add(name)
            self.parts(stage, STAGE_PARTS, f'stage "{name}"')
            work = [one for one in stage.body or () if one.name in ("steps", "stages", "parallel", "matrix")]
            if len(work) != 1:
                self.say(stage.line, f'stage "{name}" needs steps, stages, parallel or matrix, and one of them only')
            for one in work:
                if one.name == "steps":
                    self.steps(one)
                elif one.name in ("stages", "parallel"):
                    self.stages(one)

    def steps(self, block):
        if not block.body:
            self.say(block.line, f"{block.name} is empty")
        for step in block.body or ():
            if step.name not in STEPS | self.functions:
                self.say(step.line, f'there is no step "{step.name}"{nearest(step.name, STEPS | self.functions)}')
            for token in step.strings() if step.name in self.functions | {"sh"} else ():
                self.shell(token)

    def shell(self, token):
        if token.text.startswith('"') and "$" in token.text:
            self.say(token.line, 'Groovy replaces $ in "…" before the shell sees it: use \'…\'')
        text = token.value()
        for name in re.findall(r"\$\{?([A-Z]\w*)", text):
            if name not in self.environment | {"TOCSIN_MUTATE", "WORKSPACE", "BUILD_NUMBER"}:
                self.say(token.line, f"${name} is not in the environment{nearest(name, self.environment)}")
        for found in commands_of.in_shell(text):
            for complaint in self.commands.complaints(found.words):
                self.say(token.line, complaint)
        self.written += re.findall(r"--(?:junit|sarif|reports) \"?([^\s\"]+)", text)


def globbed(pattern, path):
    """As Ant has patterns: ** is any number of folders."""
    regex = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.fullmatch(regex, path) is not None


def lint(tree, commands):
    linter = Linter(commands)
    statements = jenkinsfile.parse(PATH, tree.text(PATH))
    for one in statements:
        # `void gate(String command) {`
        if one.name in ("def", "void") and one.body is not None:
            linter.functions.add(one.arguments[0].text)
    pipelines = [one for one in statements if one.name == "pipeline"]
    if len(pipelines) != 1:
        linter.say(1, f"one pipeline is expected, not {len(pipelines)}")
        return linter.findings
    linter.pipeline(pipelines[0])
    reads(linter, pipelines[0])
    return linter.findings


def reads(linter, pipeline):
    """What post reads must be what the stages write."""
    environment = pipeline.child("environment")
    values = {one.name: one.strings()[0].value() for one in (environment.body if environment else ()) if one.strings()}
    written = []
    for path in linter.written:
        path = re.sub(r"\$(\w+)", lambda match: values.get(match.group(1), match.group(0)), path)
        written += [path] if "." in path.rsplit("/", 1)[-1] else [f"{path}/junit.xml"]
    post = pipeline.child("post")
    for condition in post.body if post else ():
        for step in condition.body or ():
            token = step.named("testResults") or step.named("pattern")
            if token and not any(globbed(token.value(), path) for path in written):
                linter.say(step.line, f"no stage writes {token.value()}")
