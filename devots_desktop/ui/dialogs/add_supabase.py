"""The dialog that adds a Supabase account: address and key, a look at the project, then who somebody is."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from devots_desktop.domain.account import Account
from devots_desktop.domain.errors import AccountUnusable, DevotsError
from devots_desktop.domain.finding import Finding, Level
from devots_desktop.remote.supabase.checks import CHECKS, NEEDED, SIGN_IN
from devots_desktop.remote.supabase.keys import KeyKind, Project, classify
from devots_desktop.services.supabase_form import SupabaseForm
from devots_desktop.services.tasks import Tasks
from devots_desktop.ui import theme
from devots_desktop.ui.dialogs.keeping import Keeping
from devots_desktop.ui.dialogs.person_dialog import PersonDialog
from devots_desktop.ui.widgets.buttons import WordButton
from devots_desktop.ui.widgets.ca_field import CaField
from devots_desktop.ui.widgets.check_list import CheckList, CheckRow
from devots_desktop.ui.widgets.fields import Field
from devots_desktop.ui.widgets.labels import plain_label

if TYPE_CHECKING:
    from devots_desktop.remote.supabase.signing import Methods

_HELD = (KeyKind.PUBLISHABLE, KeyKind.ANON, KeyKind.UNKNOWN, KeyKind.ADDRESS)
"""What may stand in the field for the key while it is typed; everything else leaves it at once."""


@dataclass(frozen=True, slots=True)
class SupabaseVerbs:
    """What the dialog does at a project. All raise DevotsError.

    Attributes:
        look: tells of one thing after the other, for a project and its key.
        mending_sql: the SQL that a finding means.
    """

    look: Callable[[Project, str], AsyncIterator[Finding]]
    mending_sql: Callable[[Finding], Awaitable[str]]
    methods: Callable[[SupabaseForm], Awaitable["Methods"]]
    send_code: Callable[[SupabaseForm], Awaitable[None]]
    add: Callable[[SupabaseForm], Awaitable[Account]]


class AddSupabaseDialog(PersonDialog):
    """Asks for the project, looks at it, and asks for the person.

    Attributes:
        account: the account that was added, None before.
        project: that was looked at and can be signed in to, None before.
    """

    def __init__(
        self, verbs: SupabaseVerbs, tasks: Tasks, parent: QWidget | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        title, confirm = self.tr("Add a Supabase account"), self.tr("Check the project")
        super().__init__(title, "", confirm, tasks, parent, clock=clock)
        self._verbs = verbs
        self.account: Account | None = None
        self.project: Project | None = None
        self._hosted = True
        self.url = Field(self.tr("Project"), placeholder="https://….supabase.co")
        self.ca = CaField()
        self.checks = CheckList(self._copy_sql)
        self.keeping = Keeping()
        self._lay_out()
        self.url.edit.textChanged.connect(self._look_at_url)
        self.key.edit.textChanged.connect(self._look_at_key)
        self.ca.hide()
        self._change_project()
        self.finish(back=True)

    def _lay_out(self) -> None:
        self._asked, self._chosen, self._person = QWidget(), QWidget(), QWidget()
        asked, person = QVBoxLayout(self._asked), QVBoxLayout(self._person)
        for each in (self.url, self.key, self.ca):
            asked.addWidget(each)
        person.addWidget(self.person)
        person.addWidget(self.keeping)
        for column in (asked, person):
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(theme.SPACE * 3 // 2)
        line = QHBoxLayout(self._chosen)
        line.setContentsMargins(0, 0, 0, 0)
        self._host = plain_label(bold=True)
        self._host.setWordWrap(True)
        self.change = WordButton(self.tr("Change"))
        self.change.setAccessibleName(self.tr("Change the project"))
        self.change.clicked.connect(self._change_project)
        line.addWidget(self._host, 1)
        line.addWidget(self.change)
        for part in (self._asked, self._chosen, self.checks, self._person):
            self.column.addWidget(part)

    # The project

    def _look_at_url(self, text: str) -> None:
        """Refuse a secret as soon as it is there; ask for a CA file where the server is somebody's own."""
        project = None
        try:
            project = Project.from_text(text) if text.strip() else None
        except AccountUnusable as error:
            if error.title == "Not this address":
                self.fail(error)
        self._hosted = project is None or bool(project.ref)
        self.ca.setVisible(project is not None and not self._hosted and not project.loopback)
        self._note_key()

    def _look_at_key(self, text: str) -> None:
        """Refuse a secret as soon as it is there."""
        if classify(text) not in _HELD:
            try:
                Project("").check_key(text)
            except AccountUnusable as error:
                self.fail(error)
        self._note_key()

    def _note_key(self) -> None:
        """Only hosted projects have another kind than the anon key."""
        anon = self._hosted and classify(self.key.text()) is KeyKind.ANON
        words = self.tr(
            "This is the project's older, anon key. It works; Supabase is retiring this kind, so better take the publishable one."
        )
        self.key.note(words if anon else "")

    def fail(self, error: DevotsError) -> None:
        """Say what went wrong. What is or may be a secret leaves its field for good."""
        if error.title in ("Not this address", "Not this key"):
            field = self.url if error.title == "Not this address" else self.key
            blocked = field.edit.blockSignals(True)
            field.edit.setText("")  # It cannot be undone, unlike clear().
            field.edit.blockSignals(blocked)
        super().fail(error)

    def _change_project(self) -> None:
        """Ask for the project again."""
        self.project = None
        self.checks.clear()
        self.show_step()
        self.url.setFocus()

    def show_step(self) -> None:
        """Show what this step asks for."""
        chosen = self.project is not None
        for part, shown in ((self._asked, not chosen), (self._chosen, chosen), (self._person, chosen)):
            part.setVisible(shown)
        if chosen:
            self.why.setText(self._invitation())
            super().show_step()
        else:
            self.why.setText(
                self.tr("Paste the project's URL and its publishable key. Its owner finds both in Supabase's dashboard, under Connect.")
            )
            self.confirm.show_words(self.tr("Check again") if self.checks.rows else self.tr("Check the project"))
        self.grow()

    def _invitation(self) -> str:
        if any(row.finding.level is Level.WRONG for row in self.checks.rows):
            return self.tr("Read what is wrong with the project before you sign in. Its owner can mend it.")
        return self.tr("The project can be used. Sign in with your e-mail; it is your account in this project and not the one at Supabase.")

    async def _check_project(self) -> None:
        """Look at the project, and show what is known so far."""
        form = SupabaseForm.from_text(self.url.text(), self.key.text(), ca=self.ca.text(), email="")
        self.checks.clear()
        self.checks.look(CHECKS[0])
        try:
            async for finding in self._verbs.look(form.project, form.key):
                self.checks.add(finding)
                self.checks.look(_behind(finding.check))
                self.grow()
            if all(each.finding.level is not Level.WRONG or each.finding.check not in (*NEEDED, SIGN_IN) for each in self.checks.rows):
                self.person.offer(sign_up=(await self._verbs.methods(form)).sign_up)
                self.project = form.project
        finally:
            self.checks.look("")

    def _checked(self) -> None:
        """Go on with the person, or leave what stands in the way on screen."""
        self.show_step()
        if self.project is not None:
            self._host.setText(self.project.url.removeprefix("https://"))
            self.checks.show_only_notable()
            self.person.email.setFocus()

    def _copy_sql(self, row: CheckRow) -> None:
        if not self.busy:
            self.begin(self._copied(row), row.say_copied, self.confirm)

    async def _copied(self, row: CheckRow) -> None:
        QGuiApplication.clipboard().setText(await self._verbs.mending_sql(row.finding))

    def go_back(self) -> None:
        """As FormDialog.go_back; from the person to the project first."""
        if self.project is not None:
            self._change_project()
        else:
            super().go_back()

    # The person

    def submit(self) -> None:
        """Look at the project; then what a person's form does."""
        if self.project is not None:
            super().submit()
        elif not self.busy:
            self.begin(self._check_project(), self._checked, self.confirm)

    def inputs(self) -> list[QWidget]:
        """As FormDialog.inputs; nothing can be changed while something is done."""
        return [*super().inputs(), self.change, self.keeping]

    def entered(self) -> SupabaseForm:
        """What was entered."""
        person = self.person
        return SupabaseForm.from_text(
            self.url.text(),
            self.key.text(),
            ca=self.ca.text(),
            email=person.email.text(),
            password=person.password.text(),
            code=person.code.text(),
            way=person.way,
            secrets=self.keeping.store,
        )

    async def enter(self, form: SupabaseForm) -> None:
        """Sign in or up, and remember the account."""
        self.account = await self._verbs.add(form)

    async def send_code(self, form: SupabaseForm) -> None:
        """Have a code sent."""
        await self._verbs.send_code(form)

    def place(self, error: DevotsError) -> Field | None:
        """The field that an error belongs to."""
        if error.title in ("Not this address", "Address not usable", "Connection not safe"):
            return self.url
        return self.ca if error.title == "No CA file" else super().place(error)


def _behind(check: str) -> str:
    """What is looked at after this; "" where nothing is, or where that is not known."""
    return (*CHECKS, "")[CHECKS.index(check) + 1] if check in CHECKS else ""
