"""The server of a simulated world: the memory server with a restart, restores, rules of its owner, and a record of everything that ever was."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devots_desktop.domain.errors import BatchRefused
from devots_desktop.domain.mutation import Answer, Mutation, Outcome
from devots_desktop.domain.todo import ServerRow
from devots_desktop.remote.memory import MemoryServer
from devots_desktop.remote.memory.server import Key, Transaction

ME = "ada"
OTHER = "bob"


@dataclass(frozen=True, slots=True)
class State:
    """What a todo was at the server from a moment on (seconds of the world's time); `text` is None where it was not there."""

    since: float
    text: str | None = None
    completed: bool | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """What a backup of the server holds."""

    rows: dict[Key, ServerRow]
    answers: dict[Key, Answer]
    written: Counter[tuple[str, str]]
    xid: int


class Server(MemoryServer):
    """Everybody's todos, and what the checkers want to know of them.

    Attributes:
        was: the states of each todo of ME, oldest first, restores included.
        written: how often each text became a row's text, in the present history.
        points: the backups.
        not_taken: the mutations that it did not apply.
        generation: rises with every restart; what was on its way to the server before is lost.
    """

    def __init__(self, clock: Callable[[], int], time: Callable[[], float]) -> None:
        super().__init__(clock, forbidden=lambda text: text.endswith("7"))
        self._time = time
        self.was: dict[str, list[State]] = {}
        self.written: Counter[tuple[str, str]] = Counter()
        self.points: list[Point] = []
        self.generation = 0
        self.not_taken: set[str] = set()

    def push(self, user_id: str, mutations: Sequence[Mutation]) -> list[Answer]:
        """A text that ends in 13 is refused with all of its batch, as one with a NUL is."""
        if any(str(mutation.values.get("text", "")).endswith("13") for mutation in mutations):
            if len(mutations) == 1:
                self.not_taken.add(mutations[0].mutation_id)
            raise BatchRefused("Not accepted", "The server refused the change as a whole.", "Edit it and try again.")
        answers = super().push(user_id, mutations)
        self.note_not_taken(answers)
        return answers

    def note_not_taken(self, answers: Sequence[Answer]) -> None:
        """Remember which mutations may be parked."""
        self.not_taken.update(answer.mutation_id for answer in answers if answer.outcome is not Outcome.APPLIED)

    def committed(self, xid: int, written: dict[Key, ServerRow], answers: dict[Key, Answer]) -> None:
        for (user_id, client_id), row in written.items():
            old = self.stored((user_id, client_id))
            if user_id == ME:
                if not row.deleted and (old is None or old.deleted or old.text != row.text):
                    self.written[client_id, row.text] += 1
                self._note(client_id, row)
        super().committed(xid, written, answers)

    def _note(self, client_id: str, row: ServerRow | None) -> None:
        there = row is not None and not row.deleted
        state = State(self._time(), row.text, row.completed) if there and row else State(self._time())
        self.was.setdefault(client_id, [State(-1.0)]).append(state)

    def since(self, client_id: str, moment: float) -> list[State]:
        """The states of a todo from a moment on, with the one that it had before."""
        states = self.was.get(client_id, [State(-1.0)])
        first = max(place for place, state in enumerate(states) if state.since < moment)
        return states[first:]

    def runs(self, transaction: Transaction) -> bool:
        """Whether a transaction can still be committed."""
        return transaction._xid in self._running

    def restart(self) -> None:
        """Everything that ran is rolled back."""
        self.generation += 1
        self._running.clear()
        self._locks.clear()

    def back_up(self) -> None:
        """Make a backup."""
        self.points.append(Point(dict(self._rows), dict(self._answers), Counter(self.written), self._xid))

    def restore(self, point: Point, *, xid: int | None = None) -> None:
        """Another history, from a backup.

        Args:
            xid: where a new cluster's transaction numbers stand. Versions above are brought down, as devots.repair() does. None: those of the backup.
        """
        self.restart()
        self._xid = point.xid if xid is None else xid
        rows = {key: row if row.row_version <= self._xid else row._replace(row_version=self._xid) for key, row in point.rows.items()}
        self._answers = dict(point.answers)
        self.written = Counter(point.written)
        self._replace(rows)

    def wipe(self) -> None:
        """TRUNCATE: rows and tombstones are gone, the answers to mutations are not."""
        self.restart()
        self._replace({})

    def upgrade(self) -> None:
        """Our migrations run: todos get other keys, and older backups are of no use."""
        self.restart()
        super().upgrade()
        for (user_id, client_id), row in self._rows.items():
            if user_id == ME:
                self._note(client_id, row)
        self.points.clear()
        self.back_up()

    def _replace(self, rows: dict[Key, ServerRow]) -> None:
        for user_id, client_id in {*self._rows, *rows}:
            if user_id == ME:
                self._note(client_id, rows.get((user_id, client_id)))
        self._rows = rows
        self.epoch += 1
