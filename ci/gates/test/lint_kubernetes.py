"""Kubernetes: the Job and its ConfigMap."""
import re

import lint_dockerfile
from documents import List, Map, Report, nearest
from kubernetes_schema import KINDS, QUANTITY, SCHEMA

FOLDER = "ci/gates/kubernetes"
JOB = FOLDER + "/job.yaml"
CONFIG_MAP = FOLDER + "/configmap.yaml"
EXAMPLE = "ci/gates/example/shop"
NAME = re.compile(r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$")
SCALARS = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "name": lambda value: isinstance(value, str) and len(value) <= 253 and NAME.match(value) is not None,
    "path": lambda value: isinstance(value, str) and value.startswith("/"),
    "quantity": lambda value: re.match(QUANTITY, str(value)) is not None,
}


class Linter(Report):
    def value(self, value, kind, name, line):
        if isinstance(kind, set):
            if value not in kind:
                self.say(line, f'{name} may be {", ".join(sorted(kind))}, not "{value}"')
        elif isinstance(kind, list):
            if not isinstance(value, List):
                self.say(line, f"{name} must be a list")
                return
            for item, item_line in zip(value, value.lines):
                self.value(item, kind[0], name, item_line)
        elif kind == {}:
            if not isinstance(value, Map) or not all(isinstance(text, str) for text in value.values()):
                self.say(line, f"{name} must hold strings")
        elif kind in SCALARS:
            if not SCALARS[kind](value):
                self.say(line, f"{name} must be a {kind}, not {value!r}")
        else:
            self.mapping(value, kind, name)

    def mapping(self, value, kind, name):
        known = {key.rstrip("*"): entry for key, entry in SCHEMA[kind].items()}
        required = [key[:-1] for key in SCHEMA[kind] if key.endswith("*")]
        if self.keys(value, known, name, required):
            for key, entry in value.items():
                if key in known:
                    self.value(entry, known[key], key, value.line_of(key))


def lint_document(tree, path):
    linter = Linter(path)
    for document in tree.yaml_documents(path):
        kind = KINDS.get((document.get("apiVersion"), document.get("kind")))
        if kind is None:
            linter.say(document.line, f'{document.get("kind")} of {document.get("apiVersion")} is not looked at')
        else:
            linter.mapping(document, kind, document["kind"])
    return linter


def check_pod(linter, job, tree, commands):
    pod = job["spec"]["template"]["spec"]
    security = pod.get("securityContext") or Map()
    user = lint_dockerfile.user(tree)
    if f'{security.get("runAsUser")}:{security.get("runAsGroup")}' != user:
        linter.say(pod.line_of("securityContext"), f"the image's user is {user}")
    if security.get("runAsNonRoot") is not True or (security.get("seccompProfile") or {}).get("type") != "RuntimeDefault":
        linter.say(pod.line_of("securityContext"), "the restricted pod security standard wants runAsNonRoot and RuntimeDefault")
    volumes = {volume["name"] for volume in pod.get("volumes") or ()}
    for container in pod["containers"]:
        check_container(linter, container, volumes)
        words = lint_dockerfile.entrypoint(tree)[1:] + list(container.get("args") or ())
        for complaint in commands.complaints(words):
            linter.say(container.line_of("args"), complaint)
    names = {container["name"] for container in pod["containers"]}
    for rule in (job["spec"].get("podFailurePolicy") or {}).get("rules", ()):
        name = (rule.get("onExitCodes") or {}).get("containerName")
        if name and name not in names:
            linter.say(rule["onExitCodes"].line_of("containerName"), f'there is no container "{name}"{nearest(name, names)}')


def check_container(linter, container, volumes):
    security = container.get("securityContext") or Map()
    if security.get("allowPrivilegeEscalation") is not False or security.get("readOnlyRootFilesystem") is not True or \
            (security.get("capabilities") or {}).get("drop") != ["ALL"]:
        linter.say(container.line, "the container needs no privileges: allowPrivilegeEscalation, "
                                   "readOnlyRootFilesystem, drop ALL")
    resources = container.get("resources") or Map()
    if "memory" not in (resources.get("limits") or {}) or not {"cpu", "memory"} <= set(resources.get("requests") or {}):
        linter.say(container.line, "the container needs requests for cpu and memory, and a limit of memory")
    mounts = container.get("volumeMounts") or ()
    for mount in mounts:
        if mount.get("name") not in volumes:
            name = mount.get("name")
            linter.say(mount.line_of("name"), f'there is no volume "{name}"{nearest(name, volumes)}')
    for word in container.get("args") or ():
        if word.startswith("/") and not any(f"{mount['mountPath']}/".startswith(f"{word}/") for mount in mounts):
            linter.say(container.line_of("args"), f"nothing is mounted at {word}")


def lint(tree, commands):
    job_report, map_report = lint_document(tree, JOB), lint_document(tree, CONFIG_MAP)
    job, config_map = tree.yaml(JOB), tree.yaml(CONFIG_MAP)
    if not job_report.findings:
        check_pod(job_report, job, tree, commands)
        names = {config_map["metadata"]["name"]}
        for volume in job["spec"]["template"]["spec"].get("volumes") or ():
            source = volume.get("configMap")
            if source is not None and source["name"] not in names:
                name = source["name"]
                job_report.say(source.line_of("name"), f'there is no ConfigMap "{name}"{nearest(name, names)}')
    for name, text in config_map["data"].items():
        if text != tree.text(f"{EXAMPLE}/{name}"):
            map_report.say(config_map["data"].line_of(name), f"{name} differs from {EXAMPLE}/{name}")
    return job_report.findings + map_report.findings
