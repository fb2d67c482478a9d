"""What makes one array of keys another: worked out on any thread, so that the window's only carries it out."""

from array import array
from typing import NamedTuple

from devots_desktop.domain.sorting import Sort
from devots_desktop.store.lists import Lists, View


class Asked(NamedTuple):
    """Which keys a list wants to be equal to, and what it shows.

    Attributes:
        limit: at the most so many keys; -1 for all.
        shown: the keys that are shown; not to be changed.
        held: the key of a row that stays although it may not belong to the list any more.
    """

    lists: Lists
    words: str
    view: View
    sort: Sort
    limit: int
    shown: "array[int]"
    held: int | None


class Difference(NamedTuple):
    """Steps from the shown keys to the wanted ones.

    Attributes:
        stay, gone: the shown keys, in their order.
        come: the keys that are added, the greatest first.
        wanted: the end.
    """

    stay: "array[int]"
    gone: "array[int]"
    come: "array[int]"
    wanted: "array[int]"


def difference(shown: "array[int]", wanted: "array[int]", held: int | None) -> Difference:
    """Steps from one array of keys to another, into which the held one is put where its neighbours are."""
    come = array("q", sorted(set(wanted).difference(shown), reverse=True))
    gone = set(shown).difference(wanted)
    if held in gone:
        gone.discard(held)
        wanted = _with_held(shown, wanted, held, gone)
    if not gone:
        return Difference(shown, array("q"), come, wanted)
    stay = array("q", (key for key in shown if key not in gone))
    return Difference(stay, array("q", (key for key in shown if key in gone)), come, wanted)


def _with_held(shown: "array[int]", wanted: "array[int]", held: int, gone: set[int]) -> "array[int]":
    above = next((key for key in reversed(shown[: shown.index(held)]) if key not in gone), None)
    place = 0 if above is None else wanted.index(above) + 1
    return wanted[:place] + array("q", [held]) + wanted[place:]
