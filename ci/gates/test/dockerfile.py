"""Reads Dockerfiles, and the patterns of .dockerignore."""
import dataclasses
import json
import re


@dataclasses.dataclass
class Instruction:
    name: str
    line: int
    text: str          # its arguments, lines joined
    flags: dict        # --from=build and the like

    def words(self):
        return self.text.split()

    def exec_form(self):
        """A list of words, or nothing when it is for a shell."""
        if not self.text.startswith("["):
            return None
        try:
            return json.loads(self.text)
        except json.JSONDecodeError:
            return None


def parse(text):
    out, parts, begin = [], [], 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip().startswith("#") or (not line.strip() and not parts):
            continue
        if not parts:
            begin = number
        goes_on = line.rstrip().endswith("\\")
        parts.append(line.rstrip()[:-1] if goes_on else line)
        if not goes_on:
            out.append(_instruction(" ".join(part.strip() for part in parts), begin))
            parts = []
    if parts:
        out.append(_instruction(" ".join(part.strip() for part in parts), begin))
    return out


def _instruction(text, line):
    name, _, rest = text.strip().partition(" ")
    flags, rest = {}, rest.strip()
    while match := re.match(r"--([a-z-]+)(?:=(\S+))?\s+", rest):
        flags[match.group(1)] = match.group(2)
        rest = rest[match.end():]
    return Instruction(name.upper(), line, rest, flags)


def ignored(patterns, path):
    """Whether .dockerignore keeps this path, or a folder that it lies in, out of the build."""
    result = False
    for pattern in patterns:
        negated, pattern = pattern.startswith("!"), pattern.lstrip("!").strip("/")
        regex = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*")
        regex = regex.replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
        if re.fullmatch(f"{regex}(?:/.*)?", path):
            result = not negated
    return result
