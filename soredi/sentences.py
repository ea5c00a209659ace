"""Texts that are kept in the database and read later, by people with different languages.

A sentence is kept as its English form and its arguments, and translated each time it is shown:

    {"text": "%(count)s rows cannot be read.", "many": "", "args": {"count": 3}}
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from django.db import models
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext


class Sentence:
    """`text` with `args` in its places, in the language of whoever reads `str()` of it.

    Arguments are numbers of things, sentences or taken as text; the key of an import or a change is
    text. With a plural, `many`, it is made by `counted`.
    """

    def __init__(self, text: str, many: str = "", /, **args: Any):
        self.text, self.many = text, many
        self.args: dict[str, Any] = {
            name: a if isinstance(a, Sentence | int) else str(a) for name, a in args.items()
        }

    def __str__(self) -> str:
        said = ngettext(self.text, self.many, self.args["count"]) if self.many else gettext(self.text)
        args = {name: _shown(a) for name, a in self.args.items()}
        return said % args if args else said

    def __bool__(self) -> bool:
        return bool(self.text)

    def __repr__(self) -> str:
        return f"Sentence({self.text!r}, {self.args})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sentence) and self.kept() == other.kept()

    def __hash__(self) -> int:
        return hash(self.text)

    def kept(self) -> dict[str, Any]:
        """As JSON."""
        args = {name: a.kept() if isinstance(a, Sentence) else a for name, a in self.args.items()}
        return {"text": self.text, "many": self.many, "args": args}

    @classmethod
    def read(cls, kept: dict[str, Any]) -> "Sentence":
        args = {name: cls.read(a) if isinstance(a, dict) else a for name, a in kept["args"].items()}
        return cls(kept["text"], kept["many"], **args)


def _shown(argument: Any) -> Any:
    """A number as the reader's language writes it: 45,000 or 45.000."""
    return number_format(argument, force_grouping=True) if isinstance(argument, int) else argument


def counted(one: str, many: str, /, *, count: int, **args: Any) -> Sentence:
    """The sentence `one` or `many`, as `count` and the reader's language ask for."""
    return Sentence(one, many, count=count, **args)


def joined(sentences: Iterable[Sentence]) -> Sentence:
    """One after the other."""
    return reduce(lambda one, other: Sentence("%(one)s %(other)s", one=one, other=other), sentences)


class SentenceField(models.JSONField):
    """A Sentence, or "" for none. Plain text is taken as a sentence without a translation."""

    def __init__(self, **options: Any):
        super().__init__(**options | {"null": True, "blank": True, "default": str})

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        for option in ("null", "blank", "default"):
            options.pop(option, None)
        return name, path, args, options

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> "Sentence | str":
        kept = super().from_db_value(value, expression, connection)
        return Sentence.read(kept) if kept else ""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value in (None, ""):
            return None
        if isinstance(value, str):
            value = Sentence(value)
        return super().get_db_prep_value(value.kept(), connection, prepared)
