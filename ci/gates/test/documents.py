"""Files of the gates as trees that know their lines, and what the linters say of them."""
import dataclasses
import json
import pathlib
import re

import yaml


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class Broken(Exception):
    """A file that cannot be read at all."""

    def __init__(self, finding):
        super().__init__(str(finding))
        self.finding = finding


class Map(dict):
    """A mapping; `line_of(key)` is where the key stands."""
    line = 0

    def __init__(self):
        super().__init__()
        self.lines = {}

    def line_of(self, key):
        return self.lines.get(key, self.line)


class List(list):
    line = 0

    def __init__(self):
        super().__init__()
        self.lines = []


class Text(str):
    """A string; `line` is the one of its first character, of the line after the | for a block."""
    line = 0
    block = False


# YAML 1.2's core schema, as GitHub, GitLab, Docker and Kubernetes read it in effect: `on` and `no` are words.
PLAIN = [
    (re.compile(r"^(|~|null|Null|NULL)$"), lambda text: None),
    (re.compile(r"^(true|True|TRUE|false|False|FALSE)$"), lambda text: text.lower() == "true"),
    (re.compile(r"^[-+]?[0-9]+$"), int),
    (re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"), float),
]


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _scalar(node):
    line = node.start_mark.line + 1
    if not node.style:  # neither quotes nor | nor >
        for pattern, convert in PLAIN:
            if pattern.match(node.value):
                return convert(node.value)
    text = Text(node.value)
    text.block = node.style in ("|", ">")
    text.line = line + 1 if text.block else line
    return text


def _tree(node, path):
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        out = List()
        for item in node.value:
            out.append(_tree(item, path))
            out.lines.append(item.start_mark.line + 1)
    else:
        out = Map()
        for key, value in node.value:
            name, line = key.value, key.start_mark.line + 1
            if name in out:
                raise Broken(Finding(path, line, f'key "{name}" stands here twice'))
            out[name] = _tree(value, path)
            out.lines[name] = line
    out.line = node.start_mark.line + 1
    return out


class Tree:
    """The repository's files; `changed` stands in for some of them."""

    def __init__(self, root, changed=None):
        self.root = pathlib.Path(root)
        self.changed = changed or {}

    def text(self, path):
        if path in self.changed:
            return self.changed[path]
        try:
            return (self.root / path).read_text()
        except OSError as error:
            raise Broken(Finding(path, 0, error.strerror)) from error

    def exists(self, path):
        return path in self.changed or (self.root / path).exists()

    def files(self, folder, pattern):
        """Of this folder, sorted, relative to the root."""
        found = {str(path.relative_to(self.root)) for path in (self.root / folder).glob(pattern) if path.is_file()}
        return sorted(found)

    def yaml_documents(self, path):
        try:
            nodes = list(yaml.compose_all(self.text(path), LOADER))
            return [_tree(node, path) for node in nodes if node is not None]
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            raise Broken(Finding(path, mark.line + 1 if mark else 0, f"not YAML: {error.problem}")) from error

    def yaml(self, path):
        documents = self.yaml_documents(path)
        if len(documents) != 1 or not isinstance(documents[0], (Map, List)):
            raise Broken(Finding(path, 1, "one document, a mapping or a list, is expected"))
        return documents[0]

    def json(self, path):
        try:
            return json.loads(self.text(path))
        except json.JSONDecodeError as error:
            raise Broken(Finding(path, error.lineno, f"not JSON: {error.msg}")) from error


def nearest(name, names):
    import difflib
    close = difflib.get_close_matches(name, list(names), 1)
    return f'; did you mean "{close[0]}"?' if close else ""


class Report:
    """Collects findings of one file."""

    def __init__(self, path):
        self.path = path
        self.findings = []

    def say(self, line, message):
        self.findings.append(Finding(self.path, line, message))

    def keys(self, mapping, known, what, required=()):
        """Complains of keys that are not known, and of required ones that are missing. False if it is no mapping."""
        if not isinstance(mapping, Map):
            self.say(getattr(mapping, "line", 0), f"{what} must be a mapping")
            return False
        for key in mapping:
            if key not in known:
                self.say(mapping.line_of(key), f'{what} has no key "{key}"{nearest(key, known)}')
        for key in required:
            if key not in mapping:
                self.say(mapping.line, f'{what} needs the key "{key}"')
        return True
