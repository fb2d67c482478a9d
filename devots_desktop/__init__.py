"""Devots Desktop: a todo client that opens at once, works offline and follows changes live."""

__version__ = "0.1.0"
