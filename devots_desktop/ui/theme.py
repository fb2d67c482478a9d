"""The visual language: colours of the light and the dark scheme, and spacing.

Everything that is drawn takes its colours from here through `scheme(widget.palette())`, so that a change of the system's scheme repaints
all of it. Contrasts are held by tests/ui/test_theme.py: 4.5:1 for text (WCAG 2.2, 1.4.3), 3:1 for marks (1.4.11).
"""

import os
from typing import NamedTuple

from PySide6 import QtWidgets
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetrics, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from devots_desktop.bundled import bundled
from devots_desktop.domain.account import Live
from devots_desktop.services.settings import Appearance

SPACE = 8
"""The grid: distances are multiples of half of it, in device-independent pixels."""
RADIUS = 8
TARGET = 28
"""Least size of what can be clicked; WCAG 2.2 (2.5.8) asks for 24."""
MOTION_MS = 150
"""The longest that anything moves or fades."""

_CHOSEN = "chosen scheme"
_NATIVE = ("macos", "windows11", "windowsvista", "breeze")


class Scheme(NamedTuple):
    """The colours of one scheme, as #rrggbb.

    Attributes:
        side, base: the backgrounds of the sidebar and of the list.
        muted: text that stands back.
        line: hairlines; decoration, no contrast is asked of it.
        edge: the outline of fields and of the check circle.
        hover, selected, flash: backgrounds of rows; flash marks a change from elsewhere.
        found: the ground below what a search has found; `text` stands on it.
        on_accent: text and marks on the accent.
        good, busy, bad: what an account is doing; bad is also the colour of errors.
    """

    side: str
    base: str
    text: str
    muted: str
    line: str
    edge: str
    hover: str
    selected: str
    flash: str
    found: str
    accent: str
    on_accent: str
    good: str
    busy: str
    bad: str


LIGHT = Scheme(
    side="#f3f5f4",
    base="#ffffff",
    text="#17211f",
    muted="#566361",
    line="#e4e9e7",
    edge="#73807d",
    hover="#f1f5f3",
    selected="#dcefec",
    flash="#fdf3cf",
    found="#ffe08a",
    accent="#0b736b",
    on_accent="#ffffff",
    good="#15803d",
    busy="#a15c07",
    bad="#b42318",
)
DARK = Scheme(
    side="#161b1a",
    base="#1d2322",
    text="#e7edeb",
    muted="#a2b0ad",
    line="#2c3433",
    edge="#7c8a87",
    hover="#252d2b",
    selected="#1c3f3b",
    flash="#3d381f",
    found="#6b5510",
    accent="#4fd1bf",
    on_accent="#06211e",
    good="#4ade80",
    busy="#fbbf24",
    bad="#ff9b8f",
)


def scheme(palette: QPalette) -> Scheme:
    """The scheme that a palette belongs to."""
    return DARK if palette.color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT


def of(widget: QWidget) -> Scheme:
    """The scheme that a widget is drawn in."""
    return scheme(widget.palette())


def palette(colours: Scheme) -> QPalette:
    """All roles of Qt's palette in the colours of a scheme."""
    role = QPalette.ColorRole
    made = QPalette(QColor(colours.side))
    for name, colour in {
        role.Window: colours.side,
        role.WindowText: colours.text,
        role.Base: colours.base,
        role.AlternateBase: colours.hover,
        role.Text: colours.text,
        role.PlaceholderText: colours.muted,
        role.Button: colours.base,
        role.ButtonText: colours.text,
        role.BrightText: colours.bad,
        role.ToolTipBase: colours.text,
        role.ToolTipText: colours.base,
        role.Link: colours.accent,
        role.LinkVisited: colours.accent,
        role.Highlight: colours.accent,
        role.HighlightedText: colours.on_accent,
        role.Accent: colours.accent,
    }.items():
        made.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, name, QColor(colours.edge))
    return made


def apply(app: QApplication, appearance: Appearance = Appearance.SYSTEM) -> None:
    """Give the program its look, and keep it in step with the system's scheme, unless one was chosen."""
    # Else Qt takes Fusion by itself, and the names of QStyle need not be made before the first paint.
    if is_plain() and (_has_native() or "QT_STYLE_OVERRIDE" in os.environ):
        app.setStyle("Fusion")
    hints = QGuiApplication.styleHints()
    hints.colorSchemeChanged.connect(lambda _: _follow(app))
    choose(app, appearance)


def choose(app: QApplication, appearance: Appearance) -> None:
    """Take this scheme from now on."""
    named = Qt.ColorScheme
    chosen = {Appearance.SYSTEM: named.Unknown, Appearance.LIGHT: named.Light, Appearance.DARK: named.Dark}[appearance]
    app.setProperty(_CHOSEN, chosen.name)
    QGuiApplication.styleHints().setColorScheme(chosen)
    _follow(app)


def is_plain() -> bool:
    """Whether the program is drawn by Fusion, because the platform has no style of its own."""
    return not _has_native() or QApplication.style().name().lower() not in _NATIVE


def _has_native() -> bool:
    return any(name.lower() in _NATIVE for name in QtWidgets.QStyleFactory.keys())  # noqa: SIM118 (no dictionary)


def _follow(app: QApplication) -> None:
    # Not every platform takes a choice: what the user chose counts more than what Qt answers.
    chosen = Qt.ColorScheme[app.property(_CHOSEN) or "Unknown"]
    dark = (chosen if chosen is not Qt.ColorScheme.Unknown else QGuiApplication.styleHints().colorScheme()) is Qt.ColorScheme.Dark
    app.setPalette(palette(DARK if dark else LIGHT))


def live_colour(colours: Scheme, live: Live) -> str:
    """The colour of the dot beside an account; the word beside it says the same."""
    return {
        Live.LIVE: colours.good,
        Live.LOCAL: colours.good,
        Live.CHECKING: colours.busy,
        Live.OFFLINE: colours.edge,
        Live.SIGNED_OUT: colours.bad,
    }[live]


def line_height(metrics: QFontMetrics) -> int:
    """The least height of a line that can be clicked, for a font."""
    return max(TARGET, metrics.height() + SPACE)


def icon_size(metrics: QFontMetrics) -> int:
    """Icons grow with the text beside them."""
    return max(20, round(metrics.height() * 1.2))


def moves(widget: QWidget) -> bool:
    """Whether motion is wanted: platforms that were asked for less of it answer 0 for the duration of animations."""
    return widget.style().styleHint(QtWidgets.QStyle.StyleHint.SH_Widget_Animation_Duration, None, widget) > 0


def form_sheet(colours: Scheme, line: int) -> str:
    """The look of fields and buttons in dialogs.

    Args:
        line: the height of a line of text; what is ticked grows with it.
    """
    box, arrow = max(14, line - 1), max(20, line)
    tick, dot = (_on_accent(name, colours) for name in ("tick", "dot"))
    return f"""
QLineEdit, QComboBox {{ background: {colours.base}; color: {colours.text}; border: 1px solid {colours.edge}; border-radius: 6px; padding: 4px 8px;
  selection-background-color: {colours.accent}; selection-color: {colours.on_accent}; placeholder-text-color: {colours.muted}; }}
QComboBox {{ padding-left: 10px; }}
QLineEdit:focus, QComboBox:focus {{ border: 2px solid {colours.accent}; padding: 3px 7px; }}
QComboBox:focus {{ padding-left: 9px; }}
QLineEdit[wrong="true"] {{ border-color: {colours.bad}; }}
QLineEdit:disabled, QComboBox:disabled {{ color: {colours.muted}; background: {colours.side}; border-color: {colours.line}; }}
QComboBox::drop-down {{ border: none; width: {arrow + 8}px; }}
QComboBox::down-arrow {{ image: url("{bundled("resources", "icons", "chevron.svg").as_posix()}"); width: {arrow}px; height: {arrow}px; }}
QComboBox QAbstractItemView {{ background: {colours.base}; color: {colours.text}; border: 1px solid {colours.edge};
  selection-background-color: {colours.selected}; selection-color: {colours.text}; }}
QPlainTextEdit {{ background: {colours.base}; color: {colours.text}; border: 1px solid {colours.edge}; border-radius: 6px; padding: 4px;
  selection-background-color: {colours.accent}; selection-color: {colours.on_accent}; }}
QPlainTextEdit:focus {{ border: 2px solid {colours.accent}; padding: 3px; }}
QPlainTextEdit[readOnly="true"] {{ background: {colours.side}; border-color: {colours.line}; }}
QCheckBox {{ spacing: 8px; }}
QCheckBox::indicator {{ width: {box}px; height: {box}px; border: 1px solid {colours.edge}; border-radius: 4px; background: {colours.base}; }}
QCheckBox::indicator:checked {{ background: {colours.accent}; border-color: {colours.accent}; image: url("{tick}"); }}
QCheckBox::indicator:focus {{ border-color: {colours.accent}; }}
QCheckBox:disabled {{ color: {colours.muted}; }}
QCheckBox::indicator:disabled {{ border-color: {colours.line}; }}
QCheckBox::indicator:checked:disabled {{ background: {colours.edge}; }}
QRadioButton {{ spacing: 8px; }}
QRadioButton::indicator {{ width: {box}px; height: {box}px; border: 1px solid {colours.edge}; border-radius: {box // 2 + 1}px; background: {colours.base}; }}
QRadioButton::indicator:checked {{ background: {colours.accent}; border-color: {colours.accent}; image: url("{dot}"); }}
QRadioButton::indicator:focus {{ border-color: {colours.accent}; }}
QPushButton {{ background: {colours.base}; color: {colours.text}; border: 1px solid {colours.edge}; border-radius: 6px; padding: 6px 16px;
  min-height: 20px; }}
QPushButton:hover {{ background: {colours.hover}; }}
QPushButton:focus {{ border: 2px solid {colours.accent}; padding: 5px 15px; }}
QPushButton:default {{ background: {colours.accent}; color: {colours.on_accent}; border-color: {colours.accent}; }}
QPushButton:default:focus {{ border: 2px solid {colours.text}; }}
QPushButton:disabled {{ background: {colours.side}; color: {colours.muted}; border-color: {colours.line}; }}
QLabel[cap="true"] {{ background: {colours.base}; color: {colours.text}; border: 1px solid {colours.edge}; border-radius: 4px; padding: 1px 6px; }}
{menu_sheet(colours)}"""


def dress_menu(menu: QtWidgets.QMenu) -> None:
    """Prepare a menu that opens once; it gets our look where the platform has none of its own."""
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if is_plain():
        menu.setStyleSheet(menu_sheet(scheme(QApplication.palette())))


def menu_sheet(colours: Scheme) -> str:
    """The look of menus."""
    return f"""
QMenu {{ background: {colours.base}; color: {colours.text}; border: 1px solid {colours.edge}; padding: 5px; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 5px; }}
QMenu::item:selected {{ background: {colours.selected}; color: {colours.text}; }}
QMenu::item:disabled {{ color: {colours.edge}; background: transparent; }}
QMenu::separator {{ height: 1px; background: {colours.line}; margin: 5px 12px; }}
QMenu::indicator {{ width: 14px; height: 14px; margin: 0px 8px; }}
QMenu::indicator:checked {{ background: {colours.accent}; border-radius: 7px; image: url("{_on_accent("tick", colours)}"); }}
"""


def _on_accent(name: str, colours: Scheme) -> str:
    """The file of a sign that stands on the accent."""
    return bundled("resources", "icons", f"{name}-dark.svg" if colours is DARK else f"{name}.svg").as_posix()
