"""Templates worked out beforehand: what a language and a kind fix is put in when a template is compiled, not with each message.

Two ways. `Folded` is an environment for one language, in which `_("text", name=value)` is the translated text already. `skeleton` makes a
mail part whose fixed words and markup are quoted-printable (RFC 2045, 6.7) once and for all; what a message fills in is encoded by itself,
behind a soft line break. Readers see the same text; composing takes a third of the time.
"""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from types import CodeType
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, Template, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import escape

from notices.compose.catalogue import Words, isolated

SOFT = "=\r\n"
"""A line break of the encoding, which no reader sees. Every piece begins with one: so pieces are encoded without knowing each other."""
_SHORT = 70


class Folded(ImmutableSandboxedEnvironment):
    """The environment of the words of one language."""

    def __init__(self, words: Words, loader: BaseLoader) -> None:
        super().__init__(loader=loader, undefined=StrictUndefined, autoescape=False, auto_reload=False)
        self.filters["isolated"] = lambda value: isolated(str(value))
        self._words = words

    def make_globals(self, d: MutableMapping[str, Any] | None) -> dict[str, Any]:
        """In one plain dict: Jinja copies it at each filling, which takes longer than the filling where it is a ChainMap."""
        return {**self.globals, **(d or {})}

    def compile(  # type: ignore[override]
        self,
        source: str | nodes.Template,
        name: str | None = None,
        filename: str | None = None,
        raw: bool = False,
        defer_init: bool = False,
    ) -> str | CodeType:
        """As the environment that it extends, with the texts translated in the tree."""
        tree = self.parse(source, name, filename) if isinstance(source, str) else source
        _Translate(self._words).visit(tree)
        tree.set_environment(self)
        return super().compile(tree, name, filename, raw, defer_init)  # type: ignore[call-overload,no-any-return]


class _Translate(NodeTransformer):
    """`_("A {b}.", b=x)` -> `"..." ~ x ~ "."`. Raises KeyError for a placeholder without a value, as the call would."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 (Jinja's name)
        self.generic_visit(node)
        if not (isinstance(node.node, nodes.Name) and node.node.name == "_" and node.args and isinstance(node.args[0], nodes.Const)):
            return node
        pieces = self._words.pieces(str(node.args[0].value))
        if len(pieces) == 1:
            return nodes.Const(pieces[0], lineno=node.lineno)
        values = {keyword.key: keyword.value for keyword in node.kwargs}
        parts: list[nodes.Expr] = []
        for place, piece in enumerate(pieces):
            if place % 2 == 0:
                parts += [nodes.Const(piece, lineno=node.lineno)] if piece else []
            elif self._words.isolates:
                parts.append(nodes.Filter(values[piece], "isolated", [], [], None, None, lineno=node.lineno))
            else:
                parts.append(values[piece])
        return nodes.Concat(parts, lineno=node.lineno)


def skeleton(source: str, markup: bool, fixed: Mapping[str, str]) -> Template:
    """A mail part in quoted-printable. `fixed`: what `t.name` is wherever it stands. Values are escaped where it is `markup`.

    Raises jinja2.UndefinedError when it is filled without a value that it names.
    """
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.filters["filled"] = _filled_markup if markup else _filled_text
    tree = environment.parse(source)
    _Fix(fixed).visit(tree)
    _Encode(markup).visit(tree)
    tree.set_environment(environment)
    return Template.from_code(environment, environment.compile(tree), dict(environment.globals))


class _Fix(NodeTransformer):
    def __init__(self, fixed: Mapping[str, str]) -> None:
        self._fixed = fixed

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        if isinstance(node.node, nodes.Name) and node.node.name == "t" and node.attr in self._fixed:
            return nodes.Const(self._fixed[node.attr], lineno=node.lineno)
        return node


class _Encode(NodeTransformer):
    def __init__(self, markup: bool) -> None:
        self._markup = markup

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802
        made: list[nodes.Expr] = []
        still = ""
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                still += child.data
            elif isinstance(child, nodes.Const):
                still += str(escape(child.value)) if self._markup else str(child.value)
            else:
                made += _data(still, node.lineno)
                still = ""
                made.append(nodes.Filter(child, "filled", [], [], None, None, lineno=node.lineno))
        return nodes.Output(made + _data(still, node.lineno), lineno=node.lineno)


def _data(text: str, line: int) -> list[nodes.Expr]:
    return [nodes.TemplateData(encoded(text), lineno=line)] if text else []


def _filled_markup(value: Any) -> str:
    return _markup_of(str(value))


def _filled_text(value: Any) -> str:
    return encoded(str(value))


@lru_cache(maxsize=8192)
def _markup_of(text: str) -> str:
    return encoded(str(escape(text)))


@lru_cache(maxsize=8192)  # most of what a mail says, other mails of its kind said before
def encoded(text: str) -> str:
    """`text` in quoted-printable behind a soft line break; '' stays ''. Line ends become CRLF."""
    if len(text) < _SHORT and text.isascii() and text.isprintable() and "=" not in text and text[-1:] != " ":
        return SOFT + text if text else ""
    octets = text.replace("\r\n", "\n").encode("utf-8", "replace")
    return SOFT + b2a_qp(octets, istext=True).replace(b"\n", b"\r\n").decode("ascii")
