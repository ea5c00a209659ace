"""Free text → the location numbers that hold it, best match first; and, where nothing does, one typing error a word.

Each word of the text, without the signs around it, must be found in the unit's text (`SorUnit.search_text`: its name,
the names above it, address and codes), in the number's note, or, being at least five digits, be the first digits of the
number. A word with three letters or digits in a row is found anywhere; a shorter one, which no trigram carries, only
where a word begins.

`look` reads at most RANKED numbers and ranks them. Where there are more, those whose unit's name begins so come first,
and the others by number: a hundred thousand matches are not worth ranking.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import and_, or_
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    Q,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from locations.access import LocationNumberQuerySet
from locations.models import LocationNumber, SorUnit
from locations.pages import reckoned

RANKED = 1000
WORDS = 10
GLN_DIGITS = 5  # fewer are a postcode or a house
SHORTEST = 4  # letters of a word that may be mistyped
MEANINGS = 8  # of a mistyped word
HELD = 40_000  # units whose keys are held in memory

_CARRIED = re.compile(r"[^\W_]{3}")
RUN = re.compile(r"[^\W_]+")
_SEPARATORS = ".,:;/()\"'-&+"
_GLN_IN_PARTS = re.compile(r"\b[0-9]{4}([-.])[0-9]{4}\1[0-9]{4}\1[0-9]\b")
_AROUND = _SEPARATORS + "“”„»«’‘›…"


@dataclass(frozen=True)
class Word:
    """One word of the text as it was written, and as it may be spelt; `mistyped` ones were found to be other words."""

    written: str
    spellings: tuple[str, ...]
    mistyped: bool = False

    @property
    def digits(self) -> str:
        """The word where it is a number, else nothing."""
        (first, *_others) = self.spellings
        return first if not self.mistyped and first.isascii() and first.isdigit() else ""


@dataclass(frozen=True)
class Found:
    """`keys` are numbers, best match first; all of them unless `more`. `parts` are conditions that find them all, each
    by an index and none what another does, and `reckonable` the same in a form whose numbers the planner can reckon;
    `condition` says of a number at hand whether it is one of them. `everyone` are all numbers, on the day that was
    asked for.

    `words` say what was sought; `tolerant` that some of them were taken to be mistyped.
    """

    keys: list[int]
    more: bool
    parts: list[Q]
    reckonable: list[Q]
    condition: Q
    everyone: LocationNumberQuerySet
    words: list[Word] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return self.more or bool(self.keys)

    @property
    def numbers(self) -> LocationNumberQuerySet:
        return _union([self.everyone.filter(part).values("pk") for part in self.parts])

    @property
    def tolerant(self) -> bool:
        return any(word.mistyped for word in self.words)


class _Like(Func):
    template = "(%(expressions)s)"
    arg_joiner = " LIKE "
    output_field = BooleanField()


class _Equal(_Like):
    arg_joiner = " = "


class _OfAny(_Like):
    template = "%(expressions)s)"
    arg_joiner = " = ANY ("


def _fold(text: Combinable | Value) -> Func:
    return Func(text, function="search_fold", output_field=TextField())


def _words_of(text: Combinable) -> Func:
    """SQL: `text` with a space before each word."""
    signs = Value(_SEPARATORS)
    spaces = Value(" " * len(_SEPARATORS))
    return Func(text, signs, spaces, template="(' ' || translate(%(expressions)s))", output_field=TextField())


_UNIT, _NAME, _NOTE = F("unit__search_text"), _fold(F("unit__name")), _fold(F("note"))


def _like(text: Combinable, pattern: str) -> Q:
    return Q(_Like(text, _fold(Value(pattern))))


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _held(text: Combinable, word: Word) -> Q:
    """`text` holds one of the spellings; carried by an index of its trigrams."""

    def one(spelling: str) -> Q:
        escaped = _escaped(spelling)
        if _CARRIED.search(spelling):
            return _like(text, f"%{escaped}%")
        return _like(text, f"{escaped}%") | _like(text, f"% {escaped}%")

    return reduce(or_, map(one, word.spellings))


def _begun(text: Combinable, word: Word) -> Q:
    """A word of `text` begins with one of the spellings."""
    return reduce(or_, (_like(text, f"% {_escaped(spelling)}%") for spelling in word.spellings))


def _beside_unit(word: Word) -> Q:
    """In the note, or the number's first digits."""
    found = ~Q(note="") & _held(_NOTE, word)
    if GLN_DIGITS <= len(word.digits) <= 13:
        found |= Q(gln__startswith=word.digits)
    return found


def _all(conditions: Sequence[Q]) -> Q:
    return reduce(and_, conditions)


def _phrase(words: Sequence[Word]) -> str:
    return " ".join(word.spellings[0] if word.mistyped else word.written for word in words)


def _rank(words: Sequence[Word]) -> Case:
    """0 the name, 1 the text begins so, 2 each word begins one of the name, 3 one of the text, 4 found within words.

    The name is folded only where the text, which begins with it, has passed.
    """
    phrase = _phrase(words)
    is_name = When(Q(_Equal(_NAME, _fold(Value(phrase)))), then=0)
    in_name = When(_all([_begun(_words_of(_NAME), word) for word in words]), then=2)
    return Case(
        When(_like(_UNIT, f"{_escaped(phrase)}%"), then=Case(is_name, default=1)),
        When(_all([_begun(_words_of(_UNIT), word) for word in words]), then=Case(in_name, default=3)),
        default=4,
        output_field=IntegerField(),
    )


def written_words(text: str) -> list[Word]:
    """An address, a path or a name as it was copied has commas, quotes, / and › where a unit's text has others or none;
    a location number may have hyphens or points between its groups."""
    text = _GLN_IN_PARTS.sub(lambda found: re.sub("[^0-9]", "", found[0]), text).replace("/", " ")
    bare = [(word, word.strip(_AROUND)) for word in text.split()]
    return [Word(word, (inner,)) for word, inner in bare if inner] or [
        Word(word, (word,)) for word, _inner in bare
    ]


def _whole_number(words: Sequence[Word]) -> Q | None:
    """A location number, or its beginning, written with spaces inside."""
    digits = "".join(word.digits for word in words)
    if len(words) > 1 and all(word.digits for word in words) and GLN_DIGITS <= len(digits) <= 13:
        return Q(gln__startswith=digits)
    return None


def look(text: str, *, asked: LocationNumberQuerySet, own: LocationNumberQuerySet | None) -> Found:
    """What of `asked` the text finds; `own` are all the numbers that the person may see, None where that is asked.

    Whether a word is mistyped depends on `own` alone: a further filter never finds what was not found without it.
    """
    words = written_words(text)
    found = _look(words, asked, RANKED)
    if found.any or (own is not None and _look(words, own, RANKED).any):
        return found
    meant = mistyped(words)
    return _look(meant, asked, RANKED) if meant else found


def _look(words: Sequence[Word], among: LocationNumberQuerySet, most: int) -> Found:
    """One statement with an arm for each index that finds numbers: one OR over two tables would use none of them."""
    beside = [_beside_unit(word) for word in words]
    everywhere = _all([_held(_UNIT, word) | other for word, other in zip(words, beside, strict=True)])
    by_number = _whole_number(words)
    by_unit = _all([_held(_UNIT, word) for word in words])
    arms = [_of_units(words) or by_unit, reduce(or_, beside) & everywhere]
    if by_number:
        arms.append(by_number)
    ranked = among.order_by().annotate(rank=_rank(words)).values_list("pk", "gln", "rank")
    rows = set(_union([ranked.filter(arm)[: most + 1] for arm in arms]))
    more = len(rows) > most
    if more:
        rows = set(_named(words, among)[: most + 1])
        rows = set() if len(rows) > most else rows
    return Found(
        keys=[pk for pk, _gln, _rank in sorted(rows, key=lambda row: (row[2], row[1]))],
        more=more,
        parts=_disjoint(arms, by_unit),
        reckonable=_disjoint([by_unit, *arms[1:]], by_unit),
        condition=everywhere | by_number if by_number else everywhere,
        everyone=LocationNumber.objects.as_of(among.day),
        words=list(words),
    )


def _of_units(words: Sequence[Word]) -> Q | None:
    """The numbers of the units that hold all the words, by the units' keys. These go in order through the index of
    units, in two thirds of the time of a join, which looks each up by itself. But they are all held in memory, and
    compared one by one where the planner chooses another index: None where they are too many for that.
    """
    units = SorUnit.objects.filter(_all([_held(F("search_text"), word) for word in words]))
    if reckoned([units])[0] > HELD:
        return None
    return Q(_OfAny(F("unit"), ArraySubquery(units.values("pk"))))


def _disjoint(arms: Sequence[Q], first: Q) -> list[Q]:
    """`arms`, each without what those before it find; `first` says of a number at hand whether the first does."""
    said = [first, *arms[1:]]
    return [reduce(and_, [arm, *map(_not, said[:place])]) for place, arm in enumerate(arms)]


def _union(arms: Sequence[Any]) -> Any:
    first, *others = arms
    return first.union(*others, all=True)


def _not(condition: Q) -> Q:
    """Also where it is null, as of the text of no unit."""
    wrapped = ExpressionWrapper(condition, output_field=BooleanField())
    return Q(Func(wrapped, template="((%(expressions)s) IS NOT TRUE)", output_field=BooleanField()))


def _named(words: Sequence[Word], among: LocationNumberQuerySet) -> Any:
    """(key, gln, rank) where the unit's name begins with the words, and so holds them: by location_unit_key alone."""
    phrase = _phrase(words)

    def key(text: str) -> Func:
        return Func(Value(text), function="danish_key", output_field=TextField())

    begun = among.order_by().filter(Q(_Like(F("unit_key"), key(f"{_escaped(phrase)}%"))))
    rank = Case(When(unit_key=key(phrase), then=0), default=1, output_field=IntegerField())
    return begun.annotate(rank=rank).values_list("pk", "gln", "rank")


# In: a word and its patterns. Out: (place of the word, the word itself where a unit has it). By trigrams.
_KNOWN = """
(SELECT %s::int, true, word FROM locations_unitword WHERE word LIKE %s LIMIT 1)
"""
# In: the patterns of one error, for the word's beginning, and for the whole word. Out: (place, word it may be).
_MEANT = """
(SELECT %s::int, false, word FROM locations_unitword WHERE word LIKE ANY (%s)
 ORDER BY word LIKE ANY (%s) DESC, length(word), word LIMIT %s)
"""


def mistyped(words: Sequence[Word]) -> list[Word] | None:
    """The words with those that no unit has replaced by what they may be; None where that finds nothing better.

    One error a word, in a word of at least four characters with a letter among them: a wrong digit makes another
    code, not a mistake.
    """
    written = [run for word in words for run in RUN.findall(word.written)]
    runs = [Word(run, (folded(run),)) for run in written if folded(run).isascii()]
    statements: list[str] = []
    params: list[Any] = []
    for place, run in enumerate(runs):
        (word,) = run.spellings
        if len(word) < SHORTEST or word.isdigit():
            continue
        patterns = one_error(word)
        statements += [_KNOWN, _MEANT]
        params += [place, f"%{word}%"]
        params += [place, [f"{pattern}%" for pattern in patterns], patterns, MEANINGS]
    if not statements:
        return None
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(statements), params)
        rows = cursor.fetchall()
    known = {place for place, is_known, _word in rows if is_known}
    meant = {
        place: tuple(word for at, is_known, word in rows if at == place and not is_known)
        for place, _known, _word in rows
        if place not in known
    }
    if not meant:
        return None
    return [
        replace(run, spellings=meant[place], mistyped=True) if place in meant else run
        for place, run in enumerate(runs)
    ]


def one_error(word: str) -> list[str]:
    """Patterns for what `word` may be: a letter wrong, missing, too many, or two of them changed about."""
    places = range(len(word))
    wrong = {f"{word[:at]}_{word[at + 1 :]}" for at in places}
    missing = {f"{word[:at]}_{word[at:]}" for at in range(len(word) + 1)}
    too_many = {word[:at] + word[at + 1 :] for at in places}
    changed = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-1]}
    return sorted(wrong | missing | too_many | changed)


_LETTERS = str.maketrans(
    {"æ": "ae", "ä": "ae", "ø": "oe", "ö": "oe", "å": "aa"} | dict(zip("éèëáàíóõü", "eeeaaiooy", strict=True))
)


def folded(text: str) -> str:
    """As search_fold() of the database."""
    return text.lower().translate(_LETTERS)
