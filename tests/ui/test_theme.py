"""Colours: contrast in both schemes, and the system's scheme followed."""

import itertools

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from devots_desktop.domain.account import Live
from devots_desktop.ui import theme

BOTH = pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""

    def luminance(colour: str) -> float:
        mixed = QColor(colour)
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (mixed.redF(), mixed.greenF(), mixed.blueF())
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_the_standards() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@BOTH
def test_text_has_at_least_4_5_to_1(colours: theme.Scheme) -> None:
    grounds = (colours.side, colours.base, colours.hover, colours.selected, colours.flash, colours.line)
    pairs = [*itertools.product((colours.text, colours.muted), grounds), (colours.on_accent, colours.accent)]
    pairs += itertools.product((colours.accent,), (colours.side, colours.base))
    pairs += itertools.product((colours.bad,), (colours.side, colours.base, colours.hover, colours.selected, colours.line))
    assert {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 4.5} == {}


@BOTH
def test_marks_and_outlines_have_at_least_3_to_1(colours: theme.Scheme) -> None:
    marks = [colours.accent, *(theme.live_colour(colours, live) for live in Live)]
    pairs = [
        *itertools.product(marks, (colours.side, colours.selected)),
        *itertools.product((colours.edge,), (colours.base, colours.hover)),
    ]
    assert {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 3} == {}


@BOTH
def test_the_palette_has_the_colours_that_the_test_of_contrast_is_about(colours: theme.Scheme) -> None:
    role = QPalette.ColorRole
    made = theme.palette(colours)
    named = {
        role.Window: "side",
        role.Base: "base",
        role.Text: "text",
        role.PlaceholderText: "muted",
        role.Highlight: "accent",
        role.BrightText: "bad",
    }
    assert {each: made.color(each).name() for each in named} == {each: getattr(colours, name) for each, name in named.items()}


@BOTH
def test_a_palette_tells_its_scheme(colours: theme.Scheme) -> None:
    assert theme.scheme(theme.palette(colours)) is colours


def test_a_change_of_scheme_reaches_widgets_that_are_there(qtbot: QtBot, qapp: QApplication) -> None:
    before = qapp.palette()
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    seen = []
    for colours in (theme.DARK, theme.LIGHT):
        qapp.setPalette(theme.palette(colours))
        qapp.processEvents()
        seen.append(theme.of(widget))
    qapp.setPalette(before)
    assert seen == [theme.DARK, theme.LIGHT]
