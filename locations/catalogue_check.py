"""What must hold of the rows of a code list before they are written, for forms and files alike."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from locations.code_lists import CodeList
from locations.models import EdiType
from soredi.models import User
from soredi.sentences import Sentence

LONGEST = {"name": 255, "urn": 255, "sor_id": 32, "letter": 32, "code": 64, "version": 32}
EARLIEST, LATEST = date(1900, 1, 1), date(9000, 1, 1)


@dataclass
class Draft:
    """A row as it is asked to become: `before` is None for a new one; both hold every field that was given."""

    key: tuple[str, ...]
    after: dict[str, str]
    before: dict[str, str] | None = None
    pk: int | None = None
    line: int = 0

    @property
    def label(self) -> str:
        return " ".join(self.key).strip()

    def changes(self) -> list[str]:
        """The fields that become another."""
        return [name for name, text in self.after.items() if (self.before or {}).get(name, "") != text]


@dataclass
class Known:
    """What is in the list already: label → the label that replaces it, SOR ids by their label, user names."""

    replaced_by: dict[str, str]
    sor_ids: dict[str, str] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, code_list: CodeList) -> "Known":
        rows = list(code_list.rows())
        with_people = any(one.kind == "people" for one in code_list.fields)
        return cls(
            {row.label: row.replaced_by.label if row.replaced_by else "" for row in rows},
            {row.sor_id: row.label for row in rows if getattr(row, "sor_id", None)},
            set(User.objects.values_list("username", flat=True)) if with_people else set(),
        )


def problems(
    code_list: CodeList, drafts: Iterable[Draft], known: Known
) -> Iterator[tuple[Draft, str, Sentence]]:
    """(row, field or "" for its code, why) of all that cannot be so."""
    drafts = list(drafts)
    replaced = known.replaced_by | {
        d.label: d.after.get("replaced_by", "") for d in drafts if d.before is None
    }
    replaced |= {d.label: d.after["replaced_by"] for d in drafts if "replaced_by" in d.after}
    sor_ids = dict(known.sor_ids)
    for draft in drafts:
        if draft.before is None:
            yield from ((draft, "", why) for why in _of_key(code_list, draft))
        for name, text in draft.after.items():
            kind = code_list.field(name).kind
            why = _of_text(name, kind, text) or (
                _of_sor_id(draft, text, sor_ids)
                if name == "sor_id"
                else _of_entry(draft, text, replaced)
                if kind == "entry"
                else _of_people(text, known.people)
                if kind == "people"
                else None
            )
            if why:
                yield draft, name, why
        begun, ended = draft.after.get("valid_from", ""), draft.after.get("retired_on", "")
        if begun and ended and ended < begun:
            yield draft, "retired_on", Sentence("It cannot be retired before it is valid.")


def _of_key(code_list: CodeList, draft: Draft) -> Iterator[Sentence]:
    for column, text in zip(code_list.key, draft.key, strict=True):
        longest = 32 if code_list.model is EdiType else LONGEST[column]
        if column == "code" and not text:
            yield Sentence("The code is missing.")
        if len(text) > longest:
            yield Sentence(
                "It has %(length)s characters; at most %(longest)s.", length=len(text), longest=longest
            )
        if not text.isprintable():
            yield Sentence("It has signs that cannot be printed.")


def _of_text(name: str, kind: str, text: str) -> Sentence | None:
    if name == "name" and not text:
        return Sentence("The name is missing.")
    if len(text) > LONGEST.get(name, 10_000):
        return Sentence(
            "It has %(length)s characters; at most %(longest)s.", length=len(text), longest=LONGEST[name]
        )
    if not text.isprintable():
        return Sentence("It has signs that cannot be printed.")
    if kind == "day" and text and not is_day(text):
        return Sentence("“%(value)s” is no day. Write it as 2026-12-31.", value=text)
    if kind == "standard" and text not in EdiType.Standard.values:
        return Sentence(
            "“%(value)s” is no standard. Choose one of: %(choices)s.",
            value=text,
            choices=", ".join(map(str, EdiType.Standard.labels)),
        )
    return None


def _of_sor_id(draft: Draft, text: str, sor_ids: dict[str, str]) -> Sentence | None:
    """SOR's id is what extracts find the type by: given once, by hand or by SOR, it stays."""
    before = (draft.before or {}).get("sor_id", "")
    if before and text != before:
        return Sentence("SOR's id is %(id)s and stays so.", id=before)
    if text and (other := sor_ids.setdefault(text, draft.label)) != draft.label:
        return Sentence("%(other)s has this id already.", other=other)
    return None


def _of_entry(draft: Draft, text: str, replaced: Mapping[str, str]) -> Sentence | None:
    if not text:
        return None
    if text not in replaced:
        return Sentence("“%(value)s” is not in the code list.", value=text)
    seen, at = {draft.label}, text
    while at and at not in seen:
        seen.add(at)
        at = replaced.get(at, "")
    if at == draft.label or text == draft.label:
        return Sentence("It would replace itself.")
    return None


def _of_people(text: str, people: set[str]) -> Sentence | None:
    unknown = [name for name in names(text) if name not in people]
    return Sentence("There is no user “%(value)s”.", value=unknown[0]) if unknown else None


def names(text: str) -> list[str]:
    """User names, with commas or spaces between."""
    return sorted(set(text.replace(",", " ").split()))


def is_day(text: str) -> bool:
    try:
        return len(text) == 10 and EARLIEST <= date.fromisoformat(text) <= LATEST
    except ValueError:
        return False


def draft_of(code_list: CodeList, row: Any, fields: Iterable[str]) -> Draft:
    """`row` as it is, in these fields."""
    key = tuple(getattr(row, column) for column in code_list.key)
    before = {name: code_list.field(name).text(row) for name in fields}
    return Draft(key, dict(before), before, row.pk)
