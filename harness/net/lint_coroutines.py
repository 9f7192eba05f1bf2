#!/usr/bin/env python3
"""Finds the forms of co_await that GCC 12 miscompiles (a value destroyed twice) or refuses.

    lint_coroutines.py FOLDER            every .h and .cc below it; lists what is found, exits 1
    lint_coroutines.py --self-test DIR   the reproductions in DIR must be found, named_first.cc not,
                                         and in cases.txt the lines that are marked "bad"
    lint_coroutines.py --probe DIR CXX   which of the reproductions go wrong with the compiler CXX

In an expression that contains co_await: no lambda that captures by value, and no braces that build
an object or a list in place. Name the object on the line before. And no coroutine with a braced
default argument, since its callers would build that in place. Whether a type is trivial is not
looked into. Reproductions: testdata/compiler/.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

LITERALS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
    re.S)
BLOCK_OPENS = re.compile(
    r'(?:[);]|\b(?:else|do|try|const|noexcept|mutable|override)|->\s*[\w:<>,\s*&]+|'
    r'\b(?:namespace|struct|class|enum)\b[^;{}()]*|^\s*|[{}]\s*|:)\s*$')
LAMBDA_BODY_OPENS = re.compile(r'(?:\]|\)|\bmutable|\bnoexcept|->\s*[\w:<>,\s*&]+)\s*$')
CAPTURES = re.compile(r'(?<![\w\])])\s*\[([^\[\]]*)\]\s*(?:\(|\{|<|mutable|->)')
DEFAULT_ARGUMENT = re.compile(
    r'\b(?:Task|awaitable)\s*(?:<[^;(){}]*>)?\s+[\w:]+\s*\([^;{}]*=\s*(?:[\w:]+\s*)?\{')


def blank(match):
    """Literals and comments keep their length and their lines, and lose their text."""
    text = re.sub(r'[^\n]', ' ', match.group())
    return f'"{text[2:]}"' if match.group()[0] in '"R' and len(text) > 1 else text


def partner_before(text, at):
    """The bracket that the closing one at `at` closes."""
    depth = 0
    for i in range(at, -1, -1):
        depth += (text[i] in ')]}') - (text[i] in '([{')
        if depth == 0:
            return i
    return 0


def partner_after(text, at):
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in '([{') - (text[i] in ')]}')
        if depth == 0:
            return i
    return len(text) - 1


def is_condition(text, at):
    """Whether the parenthesis that opens at `at` holds the condition of an if or a loop."""
    return re.search(r'\b(?:if|while|for|switch)\s*(?:constexpr\s*)?$', text[max(0, at - 20):at])


def statement_start(text, at):
    """Where the statement, or the condition, around `at` begins."""
    i = at - 1
    while i >= 0:
        c = text[i]
        if c == ';':
            return i + 1
        if c == '}' and not re.match(r'\s*[,).;\]]', text[i + 1:i + 80]):
            return i + 1
        if c in ')]}':
            after = i + 1
            i = partner_before(text, i)
            if c == ')' and is_condition(text, i):
                return after
        elif c == '(' and is_condition(text, i):
            return i + 1
        elif c == '{' and BLOCK_OPENS.search(text[max(0, i - 200):i]):
            return i + 1
        i -= 1
    return 0


def statement_end(text, start):
    """Where it ends: at its ';', at the end of the condition, or where a block begins."""
    depth = 0
    i = start
    while i < len(text):
        c = text[i]
        if c == '{':
            if depth == 0 and BLOCK_OPENS.search(text[max(0, i - 200):i]):
                return i
            i = partner_after(text, i)
        elif c in '([':
            depth += 1
        elif c in ')]':
            depth -= 1
        if depth < 0 or c == '}' or (c == ';' and depth == 0):
            return i
        i += 1
    return len(text)


def captures_by_value(captures):
    return any(item.strip() and not re.match(r'\s*(?:&|this\b)', item)
               for item in captures.split(','))


def judge(statement):
    """What is wrong with a statement that awaits, or None."""
    if any(captures_by_value(m.group(1)) for m in CAPTURES.finditer(statement)):
        return 'a lambda that captures by value'
    i = 0
    while (i := statement.find('{', i)) >= 0:
        if not LAMBDA_BODY_OPENS.search(statement[:i]):
            return 'braces that build in place'
        i = partner_after(statement, i) + 1
    return None


def findings(source):
    if not re.search(r'\b(?:co_await|Task|awaitable)\b', source):
        return
    text = LITERALS.sub(blank, source)
    seen = set()
    for match in re.finditer(r'\bco_await\b', text):
        start = statement_start(text, match.start())
        if start in seen:
            continue
        seen.add(start)
        why = judge(text[start:statement_end(text, start)])
        if why:
            yield text.count('\n', 0, match.start()) + 1, f'{why} beside co_await'
    for match in DEFAULT_ARGUMENT.finditer(text):
        yield text.count('\n', 0, match.start()) + 1, 'a coroutine with a braced default argument'


def lint(folder):
    bad = 0
    for path in sorted(pathlib.Path(folder).rglob('*')):
        parts = path.relative_to(folder).parts
        if path.suffix not in ('.h', '.cc') or 'compiler' in parts or parts[0].startswith('build'):
            continue
        for line, why in findings(path.read_text(errors='replace')):
            print(f'{path}:{line}: {why}')
            bad += 1
    return 1 if bad else 0


def self_test(folder):
    wrong = 0
    for path in sorted(pathlib.Path(folder).glob('*.cc')):
        found = any(findings(path.read_text()))
        if found == (path.name == 'named_first.cc'):
            print(f'{path}: {"found though right" if found else "not found"}')
            wrong += 1
    cases = pathlib.Path(folder, 'cases.txt').read_text()
    found = {line for line, _ in findings(cases)}
    marked = {i for i, line in enumerate(cases.split('\n'), 1) if line.endswith('// bad')}
    for line in sorted(found ^ marked):
        print(f'cases.txt:{line}: {"found though right" if line in found else "not found"}')
        wrong += 1
    return 1 if wrong else 0


def probe(folder, compiler):
    with tempfile.TemporaryDirectory() as scratch:
        for path in sorted(pathlib.Path(folder).glob('*.cc')):
            program = f'{scratch}/{path.stem}'
            built = subprocess.run([compiler, '-std=c++20', '-O1', path, '-o', program],
                                   capture_output=True).returncode == 0
            verdict = 'is refused'
            if built:
                fine = subprocess.run([program], capture_output=True).returncode == 0
                verdict = 'is right' if fine else 'destroys a value twice'
            print(f'{path.name:30} {verdict}')
    return 0


if __name__ == '__main__':
    if sys.argv[1] == '--self-test':
        sys.exit(self_test(sys.argv[2]))
    if sys.argv[1] == '--probe':
        sys.exit(probe(sys.argv[2], sys.argv[3]))
    sys.exit(lint(sys.argv[1]))
