"""GitHub's ${{ expressions }}, as far as the gates use them: contexts, strings, ==, !=, !, && and ||, always()."""
import re

TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w-]*(?:\.[\w*-]+)*)"
                   r"|(?P<operator>==|!=|<=|>=|&&|\|\||[!<>()\[\],]))")
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.S)


def tokens(text):
    """Matches of TOKEN. ValueError with the rest that is none."""
    text, position, out = text.strip(), 0, []
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise ValueError(text[position:].strip())
        out.append(match)
        position = match.end()
    return out


class Evaluator:
    """`contexts` maps "inputs.check" and the like to strings; what is not there is empty."""

    def __init__(self, contexts):
        self.contexts = contexts

    def expand(self, text):
        return EXPRESSION.sub(lambda match: str(self.value(match.group(1))), str(text))

    def value(self, text):
        self.left = [match.group(match.lastgroup) for match in tokens(text)]
        value = self.either()
        assert not self.left, f"{self.left} of {text} is not understood"
        return value

    def take(self, *words):
        if self.left and self.left[0] in words:
            return self.left.pop(0)
        return None

    def either(self):
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value or other
        return value

    def both(self):
        value = self.equal()
        while self.take("&&"):
            other = self.equal()
            value = value and other
        return value

    def equal(self):
        value = self.single()
        operator = self.take("==", "!=")
        if operator:
            value = (value == self.single()) == (operator == "==")
        return value

    def single(self):
        if self.take("!"):
            return not self.single()
        if self.take("("):
            value = self.either()
            assert self.take(")"), "a bracket is not closed"
            return value
        word = self.left.pop(0)
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        if self.take("("):
            assert word == "always" and self.take(")"), f"{word}() is not known here"
            return True
        return self.contexts.get(word, "")
