"""Reads declarative Jenkinsfiles: blocks, statements and strings of the Groovy that they are written in."""
import dataclasses
import re

from documents import Broken, Finding

TOKEN = re.compile(r"""
    (?P<space>[ \t\r]+|//[^\n]*|/\*.*?\*/)
  | (?P<newline>\n)
  | (?P<string>'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")
  | (?P<name>[A-Za-z_]\w*)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<sign>==|!=|<=|>=|&&|\|\||\?:|\?\.|->|[-+*/%=<>!?:.,;(){}\[\]])
""", re.X | re.S)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\n": ""}


@dataclasses.dataclass
class Token:
    kind: str
    text: str
    line: int

    def value(self):
        """Of a string: what stands between its quotes."""
        quotes = 3 if self.text.startswith(("'''", '"""')) else 1
        return re.sub(r"\\(.)", lambda match: ESCAPES.get(match.group(1), match.group(1)), self.text[quotes:-quotes], flags=re.S)


@dataclasses.dataclass
class Statement:
    """`name arguments { body }`; the body is None where there is none."""
    name: str
    line: int
    arguments: list
    body: list = None

    def strings(self):
        return [token for token in self.arguments if token.kind == "string"]

    def named(self, name):
        """The token behind `name:`."""
        for i in range(len(self.arguments) - 2):
            if self.arguments[i].text == name and self.arguments[i + 1].text == ":":
                return self.arguments[i + 2]
        return None

    def child(self, name):
        return next((one for one in self.body or () if one.name == name), None)


def tokens_of(path, text):
    position, line, out = 0, 1, []
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise Broken(Finding(path, line, f"not Groovy: {text[position:position + 20]!r}"))
        if match.lastgroup != "space":
            out.append(Token(match.lastgroup, match.group(), line))
        line += match.group().count("\n")
        position = match.end()
    return out


class Parser:
    PAIRS = {"(": ")", "[": "]", "{": "}"}

    def __init__(self, path, text):
        self.path = path
        self.tokens = tokens_of(path, text)
        self.check_brackets()
        self.position = 0

    def check_brackets(self):
        stack = []
        for token in self.tokens:
            if token.text in self.PAIRS:
                stack.append(token)
            elif token.kind == "sign" and token.text in self.PAIRS.values():
                if not stack or self.PAIRS[stack[-1].text] != token.text:
                    opened = f", line {stack[-1].line} has {stack[-1].text}" if stack else ""
                    raise Broken(Finding(self.path, token.line, f"{token.text} closes nothing{opened}"))
                stack.pop()
        if stack:
            raise Broken(Finding(self.path, stack[-1].line, f"{stack[-1].text} is never closed"))

    def block(self):
        """Statements up to the } or the end."""
        out = []
        while self.position < len(self.tokens) and self.tokens[self.position].text != "}":
            if self.tokens[self.position].kind == "newline" or self.tokens[self.position].text == ";":
                self.position += 1
                continue
            out.append(self.statement())
        self.position += 1
        return out

    def statement(self):
        first = self.tokens[self.position]
        statement = Statement(first.text, first.line, [])
        self.position += 1
        depth = 0
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            if depth == 0 and (token.kind == "newline" or token.text in (";", "}")):
                break
            if token.text == "{" and depth == 0:
                self.position += 1
                statement.body = self.block()
                continue
            depth += (token.text in "([") - (token.text in ")]") if token.kind == "sign" else 0
            if token.kind != "newline":
                statement.arguments.append(token)
            self.position += 1
        return statement


def parse(path, text):
    return Parser(path, text).block()
