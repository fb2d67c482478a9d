"""A program that works on an account until it is killed: `python -m tests.soak.working FOLDER SYNCS SEED FIRST LAST`.

It says on standard output what it is about to do and, once the program's own verbs have confirmed it, that it is done. What the todos are by then, it reads
from the list itself.
"""

import asyncio
import json
import random
import sys
from pathlib import Path

from devots_desktop.services.tasks import Tasks
from tests.soak.stage import Kind, content


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def failed(name: str, error: BaseException) -> None:
    raise SystemExit(f"{name}: {error!r}")


async def work(folder: Path, *, syncs: bool, seed: int, first: int, last: int) -> None:
    opened = Kind(syncs).open(folder)
    opened.start(Tasks(failed), follow=False)
    known = content(opened.lists)
    say(op="opened", notices=[str(each) for each in opened.notices.all()])
    for number in range(first, last):
        chance = random.Random(f"{seed} {number}")
        client_id, what = chance.choice(sorted(known)) if known else "", chance.random()
        if what < 0.5 or not client_id:
            say(op="add", number=number, text=f"todo {number}")
            client_id = await opened.todos.add(f"todo {number}")
            known[client_id] = (f"todo {number}", False)
        elif what < 0.7:
            say(op="edit", number=number, id=client_id, text=f"edited {number}")
            await opened.todos.edit(client_id, f"edited {number}")
            known[client_id] = (f"edited {number}", known[client_id][1])
        elif what < 0.9:
            completed = not known[client_id][1]
            say(op="mark", number=number, id=client_id, completed=completed)
            await opened.todos.complete(client_id, completed=completed)
            known[client_id] = (known[client_id][0], completed)
        else:
            say(op="delete", number=number, id=client_id)
            await opened.todos.delete(client_id)
            del known[client_id]
        say(op="done", number=number, id=client_id)
    say(op="end")
    await opened.close()


if __name__ == "__main__":
    where, syncs, *numbers = sys.argv[1:]
    seed, first, last = map(int, numbers)
    asyncio.run(work(Path(where), syncs=syncs == "syncs", seed=seed, first=first, last=last))
