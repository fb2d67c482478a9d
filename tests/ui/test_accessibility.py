"""What screen readers are told on every screen, what eyes can tell apart, and that no text of a todo can be markup."""

import ast
import pathlib
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

import devots_desktop.ui
from devots_desktop.store.lists import View
from devots_desktop.ui import menus, theme
from devots_desktop.ui.details import Details
from devots_desktop.ui.menus import list_menu, main_menu
from devots_desktop.ui.widgets.buttons import IconButton
from devots_desktop.ui.window import MainWindow
from tests.shots.scenes import scenes
from tests.shots.stage import Stage
from tests.ui.places import Place
from tests.ui.test_theme import contrast
from tests.ui.test_window import HOSTILE

UI = pathlib.Path(devots_desktop.ui.__file__).parent
Role = QAccessible.Role
SPOKEN_ROWS = 20
"""Rows of a list that the walk looks at."""


@pytest.fixture
def screen(request: pytest.FixtureRequest, tmp_path: pathlib.Path, qtbot: QtBot, qapp: QApplication) -> Iterator[QWidget]:
    """A screen by its function and scheme, as tests/shots draws it."""
    scene, colours = request.param
    font, palette = qapp.font(), qapp.palette()
    qapp.setPalette(theme.palette(colours))
    made = scene(Stage(tmp_path))
    if isinstance(made, MainWindow):
        made.hides = True
    qtbot.addWidget(made)
    made.show()
    qapp.processEvents()
    yield made
    made.hide()
    qapp.setFont(font)
    qapp.setPalette(palette)


def every_screen(*schemes: theme.Scheme) -> Callable[[Callable[..., None]], Callable[..., None]]:
    names = {theme.LIGHT: "light", theme.DARK: "dark"}
    params = [pytest.param((scene, each), id=f"{name}-{names[each]}") for name, scene in scenes() for each in schemes]
    return pytest.mark.parametrize("screen", params, indirect=True)


def tree(interface: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    """The interface and all below it that is on screen; of a list the first rows."""
    if not interface.isValid() or interface.state().invisible:
        return
    yield interface
    is_list = interface.role() in {Role.Table, Role.List}
    for place in range(min(interface.childCount(), SPOKEN_ROWS) if is_list else interface.childCount()):
        child = interface.child(place)
        if child is not None:
            yield from tree(child)


@every_screen(theme.LIGHT)
def test_all_that_takes_the_focus_tells_name_and_role(screen: QWidget) -> None:
    told = [each for each in tree(QAccessible.queryAccessibleInterface(screen)) if each.state().focusable]
    assert told
    for each in told:
        described = (each.role(), each.text(QAccessible.Text.Name), each.object())
        # What scrolls and holds no items has no role of its own in Qt.
        assert each.role() is not Role.NoRole, described
        assert each.role() is not Role.Client or isinstance(each.object(), QScrollArea), described
        if not (isinstance(each.object(), QWidget) and each.object().focusProxy()):  # type: ignore[attr-defined]
            assert each.text(QAccessible.Text.Name).strip(), described


@every_screen(theme.LIGHT)
def test_states_are_told(screen: QWidget) -> None:
    for button in screen.findChildren(QAbstractButton):
        if button.isVisible():
            state = QAccessible.queryAccessibleInterface(button).state()
            assert bool(state.checkable) == button.isCheckable(), button
            assert bool(state.checked) == button.isChecked(), button
            assert bool(state.disabled) == (not button.isEnabled()), button


def test_a_row_tells_text_and_whether_it_is_done(window: MainWindow, place: Place) -> None:
    ids = place.add("rent", "milk")
    place.complete(ids[0])
    window.apply(place.news())
    QApplication.processEvents()
    table = QAccessible.queryAccessibleInterface(window.view)
    said = [table.child(row).text(QAccessible.Text.Name) for row in range(table.childCount())]
    assert {"milk, open", "rent, done"} <= set(said)


def darkest(image: QImage) -> float:
    """The contrast between the commonest colour of a picture and the one that differs most from it: of text, at least that of its strokes."""
    pixels = Counter(memoryview(image.convertToFormat(QImage.Format.Format_RGB32).constBits()).cast("I"))
    ground, *others = (f"#{colour & 0xFFFFFF:06x}" for colour, _ in pixels.most_common())
    return max((contrast(ground, colour) for colour in others), default=1)


def texts_of(screen: QWidget) -> Iterator[tuple[str, QRect]]:
    """Where text stands on a screen."""
    for label in screen.findChildren(QLabel):
        if label.isVisible() and label.text().strip() and label.isEnabled() and not label.visibleRegion().isEmpty():
            yield (
                label.text(),
                QRect(label.mapTo(screen, label.visibleRegion().boundingRect().topLeft()), label.visibleRegion().boundingRect().size()),
            )
    for button in screen.findChildren(QAbstractButton):
        if button.isVisible() and button.isEnabled() and not isinstance(button, IconButton) and not button.visibleRegion().isEmpty():
            yield button.text() or button.accessibleName(), QRect(button.mapTo(screen, button.rect().topLeft()), button.size())
    if isinstance(screen, MainWindow) and screen.view.isVisible():
        for row in range(min(12, screen.model.rowCount())):
            place = screen.view.visualRect(screen.model.index(row, 0)).adjusted(70, 4, -70, -4)
            yield f"row {row}", QRect(screen.view.viewport().mapTo(screen, place.topLeft()), place.size())


@every_screen(theme.LIGHT, theme.DARK)
def test_what_is_drawn_as_text_has_4_5_to_1(screen: QWidget) -> None:
    """WCAG 2.2, 1.4.3, measured on the pixels. Smoothing makes thin strokes paler than their colour, so the measure errs on the strict side."""
    picture = screen.grab().toImage()
    measured = {name[:60]: darkest(picture.copy(place)) for name, place in texts_of(screen) if picture.rect().contains(place)}
    assert {name: round(value, 2) for name, value in measured.items() if value < 4.5} == {}


BANNED = {
    "QLabel": "it renders markup: use plain_label (widgets/labels.py)",
    "QMessageBox": "it renders markup and has a loop of its own",
    "QErrorMessage": "it renders markup",
    "QTextEdit": "it takes markup: use QPlainTextEdit",
    "QTextBrowser": "it renders markup",
    "QToolTip": "it renders markup: use plain_tooltip",
    "QWhatsThis": "it renders markup",
    "exec": "a loop within the loop strands tasks",
    "setHtml": "it renders markup",
    "insertHtml": "it renders markup",
    "appendHtml": "it renders markup",
    "setWhatsThis": "it renders markup",
}


def calls_banned(source: str) -> list[str]:
    """The calls in a module that could render somebody's text as markup, or run a loop of their own."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        owner = node.func.value.id if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) else name
        on_data = name == "setToolTip" and not all(isinstance(each, ast.Constant) for each in node.args)
        if name in BANNED or owner in BANNED or on_data:
            found.append(f"{node.lineno}: {name}")
    return found


def test_no_module_shows_text_that_could_be_markup() -> None:
    """Only widgets/labels.py makes labels and tool tips: it makes them plain."""
    allowed = UI / "widgets" / "labels.py"
    found = {str(path.relative_to(UI)): calls_banned(path.read_text()) for path in UI.rglob("*.py") if path != allowed}
    assert {path: calls for path, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    "line",
    [
        "QLabel(text)",
        "QtWidgets.QLabel(text)",
        "QMessageBox.warning(self, '', text)",
        "box.setToolTip(text)",
        "menu.exec()",
        "edit.setHtml(text)",
    ],
)
def test_the_ban_sees(line: str) -> None:
    assert calls_banned(line)
    assert not calls_banned("box.setToolTip('Devots')")


def test_a_hostile_text_is_shown_as_it_is_in_details_menus_and_search(window: MainWindow, place: Place) -> None:
    place.add(HOSTILE)
    window.apply(place.news())
    menus.connect(window)
    details = Details(window)
    window.resize(1400, 700)
    details.toggle()
    window.view.setCurrentIndex(window.model.index(0, 0))
    window.header.search.field.setText(HOSTILE)
    window.listing.show_found(HOSTILE, window.opened.lists.search(HOSTILE, View.ALL))
    QApplication.processEvents()
    assert details.pane is not None
    window.view.setCurrentIndex(window.model.index(0, 0))
    assert details.pane.text.toPlainText() == HOSTILE
    window.listing.show_found("no " + HOSTILE, window.opened.lists.search("no " + HOSTILE, View.ALL))
    assert "<h1>" in window._empty.heading.text()
    window.status_line.say(HOSTILE, offer=(HOSTILE, lambda: None))
    for label in window.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText
    for menu in (main_menu(window), list_menu(window)):
        for action in menu.actions():
            assert "<h1>" not in action.toolTip() or not menu.toolTipsVisible()
        menu.deleteLater()
