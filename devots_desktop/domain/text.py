"""Which texts can be todos, and how foreign text is shown on one line."""

from devots_desktop.domain.errors import InvalidText

MAX_TEXT = 10_000
"""Characters of a text written here (product.md). Longer texts from elsewhere are shown whole and read-only."""

_BIDI_CONTROLS = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))


def clean_text(raw: str) -> str:
    """The text as it is stored: without white space around it.

    Raises:
        InvalidText: empty, longer than MAX_TEXT, or with characters that no database takes (NUL, lone surrogates).
    """
    text = raw.strip()
    if not text:
        raise InvalidText("Nothing to add", "A todo needs a text.", "Type what is to be done.")
    if len(text) > MAX_TEXT:
        raise InvalidText(
            "Text too long",
            f"A todo can have {MAX_TEXT:,} characters; this one has {len(text):,}.",
            "Shorten it or split it into several todos.",
        )
    if "\0" in text:
        raise InvalidText("Text not storable", "The text contains a NUL character, which databases refuse.", "Remove it and try again.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidText(
            "Text not storable",
            "The text contains half of a character (a lone surrogate), left over from a broken copy.",
            "Copy the text again or remove the broken character.",
        )
    return text


def one_line(text: str) -> str:
    """The text for a place with one line: line breaks as spaces, and no control that would turn the text around it.

    Embeddings, overrides and isolates (Unicode UAX 9, section 2) could make a todo read as something that it is not; marks such as
    U+200F, which right-to-left writing needs, stay.
    """
    return " ".join(text.translate(_BIDI_CONTROLS).split())
