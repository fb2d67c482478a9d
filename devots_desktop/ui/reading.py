"""Reading many todos on the window's thread."""

import asyncio
from array import array

from devots_desktop.domain.todo import Todo
from devots_desktop.store.lists import Lists

_READ = 500
"""Todos that are read before the window may draw again."""


async def read(lists: Lists, keys: "array[int]") -> list[Todo]:
    """The todos of these keys in their order, without those that are gone, read in parts between which the window draws."""
    found: list[Todo] = []
    for start in range(0, len(keys), _READ):
        part = keys[start : start + _READ]
        todos = lists.todos(part)
        found += [todos[key] for key in part if key in todos]
        await asyncio.sleep(0)
    return found
