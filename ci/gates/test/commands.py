"""Command lines of tocsin: found in shell text, held against its help texts."""
import dataclasses
import re
import shlex
import subprocess
import sys

from documents import nearest

# A value's name stands one blank behind the flag, a description at least two.
FLAG = re.compile(r"^  (?:(-\w),)?(--[\w-]+)(?:[ ]([^ =\n]\S*))?")


@dataclasses.dataclass
class Help:
    """Of one command: its flags, by whether they take a value; its subcommands; whether it takes arguments."""
    flags: dict
    subcommands: list
    arguments: bool
    arguments_required: bool


def _read_help(text):
    flags, subcommands, section = {}, [], ""
    for line in text.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            section = line[:-1]
        elif section == "Options":
            match = FLAG.match(line)
            if match:
                short, name, value = match.groups()
                flags[name] = bool(value)
                if short:
                    flags[short] = bool(value)
        elif section == "Commands" and re.match(r"^  \w", line):
            subcommands.append(line.split()[0])
    usage = re.search(r"^Usage: (.*)$", text, re.M)
    last = usage.group(1).split(" [OPTIONS]")[-1].strip() if usage else ""
    arguments = "\nArguments:" in text or last == "COMMAND"
    return Help(flags, subcommands, arguments, bool(last) and not last.startswith("["))


class Commands:
    """What the binary's help texts tell; each is asked for once."""

    def __init__(self, tocsin):
        self.tocsin = tocsin
        self.helps = {}

    def help(self, path):
        if path not in self.helps:
            try:
                done = subprocess.run([self.tocsin, *path, "--help"], capture_output=True, text=True)
            except OSError as error:
                sys.exit(f"{self.tocsin}: {error.strerror}; build the target tocsin first")
            self.helps[path] = _read_help(done.stdout) if done.returncode == 0 else None
        return self.helps[path]

    def complaints(self, words):
        """About one command line, without its first word, tocsin."""
        path = ()
        words = list(words)
        help_ = self.help(path)
        while help_.subcommands and words and not words[0].startswith("-"):
            name = words.pop(0)
            if name not in help_.subcommands:
                return [f'tocsin {" ".join(path + (name,))}: no such command{nearest(name, help_.subcommands)}']
            path += (name,)
            help_ = self.help(path)
        return self._flags(" ".join(("tocsin",) + path), help_, words)

    def _flags(self, name, help_, words):
        said, arguments, expects_value = [], 0, None
        for word in words:
            if expects_value:
                if word.startswith("--"):
                    said.append(f"{name} {expects_value} needs a value")
                expects_value = None
                continue
            if not word.startswith("-") or word == "-":
                arguments += 1
                continue
            flag, equals, _ = word.partition("=")
            if flag not in help_.flags:
                said.append(f'{name} has no flag {flag}{nearest(flag, help_.flags)}')
            elif help_.flags[flag] and not equals:
                expects_value = flag
        if expects_value:
            said.append(f"{name} {expects_value} needs a value")
        asks = any(word in ("--help", "-h", "--version", "--list") for word in words)
        if help_.arguments_required and not arguments and not asks:
            said.append(f"{name} needs what it works on")
        return said


@dataclasses.dataclass
class CommandLine:
    line: int    # of the text, from 0
    words: list  # without tocsin itself


def _logical_lines(text):
    """Lines joined at a backslash, each with the number of its first."""
    begin, parts = 0, []
    for number, line in enumerate(text.split("\n")):
        if not parts:
            begin = number
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        parts.append(line)
        yield begin, " ".join(parts)
        parts = []
    if parts:
        yield begin, " ".join(parts)


ENDS_COMMAND = {";", "&", "&&", "|", "||", "(", ")", ";;", "|&", "{", "}"}
BEFORE_COMMAND = ENDS_COMMAND | {"then", "do", "else", "exec", "!", "if", "while", "time"}


def in_shell(text):
    """All command lines of tocsin in a shell text."""
    for number, line in _logical_lines(text):
        if "tocsin" not in line:
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:  # a quoted text that goes on over lines
            continue
        previous = ";"
        for i, word in enumerate(words):
            if word == "tocsin" and (previous in BEFORE_COMMAND or re.fullmatch(r"\w+=.*", previous)):
                yield CommandLine(number, _until_end(words[i + 1:]))
            elif " " in word and re.search(r"\btocsin\b", word):  # bash -c '… tocsin …'
                for inner in in_shell(word):
                    yield CommandLine(number + inner.line, inner.words)
            previous = word


def _until_end(words):
    out = []
    for word in words:
        if word in ENDS_COMMAND:
            break
        if re.fullmatch(r"[<>]+&?", word) or re.fullmatch(r"[<>].*", word):  # a redirection
            if out and out[-1].isdigit():
                out.pop()
            break
        out.append(word)
    return out
