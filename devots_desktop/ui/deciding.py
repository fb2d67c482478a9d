"""What the user decides in the window: about what needs them, and about values that were overruled."""

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from devots_desktop.domain.question import Choice
from devots_desktop.domain.todo import Todo
from devots_desktop.services.account import OpenAccount
from devots_desktop.ui import needs, wording
from devots_desktop.ui.commands import WINDOW, Do, add_action
from devots_desktop.ui.needs import Act, Card
from devots_desktop.ui.verbs import Verbs
from devots_desktop.ui.widgets.needs_you import NeedsYou
from devots_desktop.ui.window import MainWindow


class Deciding(QObject):
    """Keeps the page "Needs you", and carries out what is asked for there, in the details and in the menu."""

    def __init__(self, window: MainWindow, verbs: Verbs, current: Callable[[], OpenAccount]) -> None:
        """Serve a window from now on.

        Args:
            current: the account on screen.
        """
        super().__init__(window)
        self._window = window
        self._verbs = verbs
        self._current = current
        self.page = NeedsYou()
        self.page.asked.connect(self.decide)
        self.page.left.connect(lambda: window.show_view(window.model.view))
        window.commands[Do.NEEDS_YOU] = add_action(window, Do.NEEDS_YOU, WINDOW[Do.NEEDS_YOU].bindings(), self.show)
        window.sidebar.needs_you_chosen.connect(self.show)
        window.counted.connect(self._refresh)
        window.restore_asked.connect(lambda number: verbs.do("restore", self._restore(number)))
        window.dismiss_asked.connect(lambda number: verbs.do("dismiss", self._dismiss(number)))

    def show(self) -> None:
        """Show what needs the user."""
        self._fill()
        self._window.sidebar.needs_you.setChecked(True)
        self._window.show_page(self.page, WINDOW[Do.NEEDS_YOU].name)

    def decide(self, card: Card, act: Act) -> None:
        """Do what was asked for."""
        if isinstance(card.about, str):
            self._settle(card, card.about, act)
        elif act is Act.COPY:
            self._copy(card)
        elif isinstance(card.about, int):
            work = self._restore(card.about) if act is Act.RESTORE else self._dismiss(card.about)
            self._verbs.do(act, work)
        else:
            self._verbs.do(act, self._answer(Choice(act.value)))

    def _settle(self, card: Card, client_id: str, act: Act) -> None:
        match act:
            case Act.COPY:
                self._copy(card)
            case Act.EDIT:
                self._verbs.ask("edit parked", self._edit(card, client_id))
            case Act.DROP:
                self._verbs.do("drop", self._drop(card, client_id))
            case _:
                self._verbs.do("retry", self._retry(card, client_id))

    def _copy(self, card: Card) -> None:
        QGuiApplication.clipboard().setText(card.text)
        self._window.status_line.say(self.tr("1 text copied"))

    async def _edit(self, card: Card, client_id: str) -> None:
        from devots_desktop.ui.dialogs.ask import ask
        from devots_desktop.ui.dialogs.edit_text import EditTextDialog

        opened, dialog = self._current(), EditTextDialog(card.text, " ".join(card.said), self._window)
        if await ask(dialog):
            text = dialog.text
            self._verbs.do("rewrite", self._verbs.or_back(text, self._rewrite(opened, client_id, text)))

    async def _rewrite(self, opened: OpenAccount, client_id: str, text: str) -> None:
        if await opened.settling.rewrite(client_id, text):
            self._say(opened, f"“{wording.short(text)}” waits to be sent", undo=True)

    async def _retry(self, card: Card, client_id: str) -> None:
        opened = self._current()
        if await opened.settling.retry(client_id):
            self._say(opened, f"“{wording.short(card.text)}” waits to be sent again", undo=_one(opened, client_id) is None)

    async def _drop(self, card: Card, client_id: str) -> None:
        """Undo is offered where the list changed; else nothing is lost that was not dropped."""
        opened = self._current()
        before = _one(opened, client_id)
        if await opened.settling.drop(client_id):
            after = _one(opened, client_id)
            changed = (before and (before.text, before.completed)) != (after and (after.text, after.completed))
            self._say(opened, f"Dropped: “{wording.short(card.text)}”", undo=changed)

    async def _restore(self, number: int) -> None:
        opened = self._current()
        client_id = await opened.settling.restore(number)
        todo = _one(opened, client_id) if client_id else None
        if todo is not None:
            self._say(opened, f"Restored: “{wording.short(todo.text)}”", undo=True)

    async def _dismiss(self, number: int) -> None:
        opened = self._current()
        conflict = await opened.settling.dismiss(number)
        if conflict is not None and opened is self._current():
            keep = lambda: self._verbs.do("keep", opened.settling.keep(conflict))  # noqa: E731 (the button's work)
            self._window.status_line.say(self.tr("Dismissed"), offer=(self.tr("Keep it"), keep))

    async def _answer(self, choice: Choice) -> None:
        opened = self._current()
        count = await opened.todos.answer_question(choice)
        self._say(opened, wording.answered(choice, count), undo=choice is Choice.REMOVE and count > 0)

    def _say(self, opened: OpenAccount, sentence: str, *, undo: bool) -> None:
        if opened is self._current():
            self._window.status_line.say(sentence, offer=("Undo", self._window.undo_asked.emit) if undo else None)

    def _refresh(self) -> None:
        if self._window.shows(self.page):
            self._fill()

    def _fill(self) -> None:
        self.page.show_cards(needs.cards(self._current().lists, wording.here))


def _one(opened: OpenAccount, client_id: str) -> Todo | None:
    return next(iter(opened.lists.by_prefix(client_id)), None)
