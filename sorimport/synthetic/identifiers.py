"""Identifiers with right check digits: GLN, SOR codes (SCTID-like, Verhoeff) and CVR numbers.

Numbers made here are well formed but invented; one may coincide with a number in use.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator

SOR_UNITS = "1000016"
VENDORS = "1000055"
SYSTEMS = "1000045"
# SOR publishes owner types under this namespace (550891000005100); classifications made here use it too.
CLASSIFICATIONS = "1000005"

_CVR_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)


def _dihedral(a: int, b: int) -> int:
    """Product of two elements of the dihedral group of order ten: 0-4 are rotations, 5-9 reflections."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


def _verhoeff_tables() -> tuple[list[list[int]], list[list[int]], list[int]]:
    product = [[_dihedral(a, b) for b in range(10)] for a in range(10)]
    step = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    powers = [list(range(10))]
    for _ in range(7):
        powers.append([step[digit] for digit in powers[-1]])
    inverse = [row.index(0) for row in product]
    return product, powers, inverse


_PRODUCT, _POWERS, _INVERSE = _verhoeff_tables()


def verhoeff_digit(digits: str) -> str:
    """Return the Verhoeff check digit that belongs after `digits`."""
    state = 0
    for position, digit in enumerate(reversed(digits), start=1):
        state = _PRODUCT[state][_POWERS[position % 8][ord(digit) - 48]]
    return str(_INVERSE[state])


def sctid(serial: int, namespace: str, partition: str = "00") -> str:
    """Return serial, namespace, partition and check digit joined, as in 306011000016003 (serial 30601)."""
    body = f"{serial}{namespace}{partition}"
    return body + verhoeff_digit(body)


@functools.cache
def classification_code(serial: int) -> str:
    """Return the code of an entity type or speciality; most of SOR's own are not public here."""
    return sctid(serial, CLASSIFICATIONS, "10")


def gln_digit(body: str) -> str:
    """Return the GS1 check digit of the twelve digits `body`; weights 1, 3, 1, 3 … from the left."""
    odd = sum(map(int, body[::2]))
    even = sum(map(int, body[1::2]))
    return str((10 - (odd + 3 * even) % 10) % 10)


def glns(rng: random.Random) -> Iterator[str]:
    """Yield distinct rising GLNs; about one in two hundred has the prefix 5744 in place of 5790."""
    serial = 100_000
    count = 0
    while True:
        serial += 1 + int(rng.random() * 40)
        prefix = "5744" if count % 200 == 7 else "5790"
        body = f"{prefix}{serial:08d}"
        yield body + gln_digit(body)
        count += 1


def cvrs(rng: random.Random) -> Iterator[str]:
    """Yield distinct eight-digit CVR numbers that pass the modulus-11 check."""
    seen: set[str] = set()
    while True:
        body = str(rng.randrange(1_000_000, 4_500_000))
        remainder = sum(weight * int(digit) for weight, digit in zip(_CVR_WEIGHTS, body, strict=True)) % 11
        if remainder == 1:
            continue
        number = body + str((11 - remainder) % 11)
        if number not in seen:
            seen.add(number)
            yield number
