"""The expression language of x-kubernetes-validations (CEL): from text to a tree, once, when a definition is created.

A tokenizer and a parser by binding power for all of the grammar; what a call means is in cel_functions.py, what an expression
is worth in cel_values.py. An unknown function is an error here and not at the first object.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playground.apiserver.schema.cel_functions import FUNCTIONS, MACROS, METHODS


class Unreadable(ValueError):
    """The expression is no CEL, or uses what is not implemented; says where and what."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`of.field`; with `test` it is has(of.field)."""

    of: "Tree"
    field: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """`of[at]`."""

    of: "Tree"
    at: "Tree"


@dataclass(frozen=True, slots=True)
class Call:
    """A function, an operator or a method (its target is the first argument)."""

    function: str
    arguments: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A macro over a list or a map: `over.macro(variable, body…)`."""

    macro: str
    over: "Tree"
    variable: str
    bodies: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """`[a, b]`."""

    items: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Mapped:
    """`{a: b}`."""

    items: tuple[tuple["Tree", "Tree"], ...]


Tree = Literal | Name | Select | Index | Call | Loop | Listed | Mapped

_TOKENS = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<string>[rR]?(?:\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    |(?P<number>0x[0-9a-fA-F]+u?|(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|[0-9]+u?))
    |(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
    |(?P<sign>\|\||&&|[<>=!]=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)
_CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
_BINDING = {"?": 1, "||": 2, "&&": 3, **dict.fromkeys(("<", "<=", ">=", ">", "==", "!=", "in"), 4),
            "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, ".": 8, "[": 8}  # fmt: skip
_UNARY = 7
_END = ("end", "")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def parsed(text: str) -> Tree:
    """The tree of an expression. Raises Unreadable."""
    parser = _Parser(text)
    tree = parser.expression(0)
    if parser.token != _END:
        raise parser.unexpected()
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._at = 0

    def _split(self) -> list[tuple[str, str]]:
        tokens, at = [], 0
        while at < len(self._text):
            found = _TOKENS.match(self._text, at)
            if found is None:
                raise Unreadable(f"ERROR: <input>:1:{at + 1}: Syntax error: token recognition error at: '{self._text[at]}'")
            if found.lastgroup != "space":
                tokens.append((str(found.lastgroup), found[0]))
            at = found.end()
        return [*tokens, _END]

    @property
    def token(self) -> tuple[str, str]:
        return self._tokens[self._at]

    def unexpected(self) -> Unreadable:
        return Unreadable(f"ERROR: Syntax error: unexpected {self.token[1] or 'end'!r} in {self._text!r}")

    def _take(self, wanted: str = "") -> tuple[str, str]:
        token = self.token
        if wanted and token[1] != wanted:
            raise self.unexpected()
        self._at += 1
        return token

    def _next_is(self, text: str) -> bool:
        if self.token[0] == "string" or self.token[1] != text:
            return False
        self._at += 1
        return True

    def expression(self, binding: int) -> Tree:
        """The longest expression whose operators bind stronger than `binding`."""
        left = self._prefix()
        while self.token[0] in ("sign", "name") and _BINDING.get(self.token[1], 0) > binding:
            left = self._infix(left, self._take()[1])
        return left

    def _prefix(self) -> Tree:
        kind, text = self._take()
        if kind == "string":
            return Literal(_string(text))
        if kind == "number":
            return Literal(_number(text))
        if kind == "name":
            return self._name(text)
        if text in ("!", "-"):
            below = self.expression(_UNARY - 1)
            if text == "-" and isinstance(below, Literal) and not isinstance(below.value, bool | str):
                return Literal(-below.value)
            return Call("!_" if text == "!" else "-_", (below,))
        if text == "(":
            inner = self.expression(0)
            self._take(")")
            return inner
        if text == "[":
            return Listed(self._until("]"))
        if text == "{":
            return Mapped(self._entries())
        self._at -= 1
        raise self.unexpected()

    def _name(self, name: str) -> Tree:
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name])
        if not self._next_is("("):
            return Name(name)
        arguments = self._until(")")
        if name == "has":
            if len(arguments) != 1 or not isinstance(arguments[0], Select):
                raise Unreadable(f"ERROR: invalid argument to has() macro in {self._text!r}")
            return Select(arguments[0].of, arguments[0].field, test=True)
        return self._call(name, arguments, FUNCTIONS)

    def _call(self, name: str, arguments: tuple[Tree, ...], known: Mapping[str, Any]) -> Tree:
        if name not in known:
            raise Unreadable(f"ERROR: undeclared reference to '{name}' (there is none, or not here) in {self._text!r}")
        return Call(name, arguments)

    def _infix(self, left: Tree, sign: str) -> Tree:
        if sign == "?":
            yes = self.expression(1)
            self._take(":")
            return Call("?:", (left, yes, self.expression(0)))
        if sign == "[":
            index = self.expression(0)
            self._take("]")
            return Index(left, index)
        if sign == ".":
            return self._member(left)
        return Call(sign, (left, self.expression(_BINDING[sign])))

    def _member(self, left: Tree) -> Tree:
        kind, name = self._take()
        if kind != "name":
            self._at -= 1
            raise self.unexpected()
        if not self._next_is("("):
            return Select(left, _unescaped(name))
        arguments = self._until(")")
        if name in MACROS and arguments and isinstance(arguments[0], Name):
            return Loop(name, left, arguments[0].name, arguments[1:])
        return self._call(name, (left, *arguments), METHODS)

    def _until(self, end: str) -> tuple[Tree, ...]:
        items: list[Tree] = []
        while not self._next_is(end):
            items.append(self.expression(0))
            if not self._next_is(","):
                self._take(end)
                break
        return tuple(items)

    def _entries(self) -> tuple[tuple[Tree, Tree], ...]:
        entries: list[tuple[Tree, Tree]] = []
        while not self._next_is("}"):
            key = self.expression(0)
            self._take(":")
            entries.append((key, self.expression(0)))
            if not self._next_is(","):
                self._take("}")
                break
        return tuple(entries)


def _unescaped(name: str) -> str:
    """Kubernetes' names for fields that are no names in CEL: `__dot__` and the like, and `__for__` for reserved words."""
    for escape, letter in (("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"), ("__underscores__", "__")):
        name = name.replace(escape, letter)
    return name[2:-2] if re.fullmatch(r"__[a-z]+__", name) else name


def _number(text: str) -> int | float:
    if text.startswith("0x"):
        return int(text.rstrip("u"), 16)
    return float(text) if any(letter in text for letter in ".eE") else int(text.rstrip("u"))


def _string(text: str) -> str:
    raw = text[0] in "rR"
    text = text[1:] if raw else text
    inner = text[3:-3] if text[:3] in ('"""', "'''") else text[1:-1]
    if raw:
        return inner
    return re.sub(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", _escaped, inner, flags=re.DOTALL)


def _escaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    return chr(int(code, 16)) if code else _ESCAPES.get(found[4], found[4])
