"""Text from elsewhere made fit for a page, and the mark that puts a text of ours into the catalogue."""

import unicodedata
from urllib.parse import urlsplit

from markupsafe import Markup, escape

_LABEL_MAX = 80  # an app's name may have 64 characters (protocol.md A.1)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
_JOINERS = "\u200c\u200d"  # emoji families and several scripts are misspelt without them
_MARKS_MAX = 3  # combining marks on one letter; more of them paint over the lines above


def msgid(text: str) -> str:
    """Mark `text` as one to translate; the extraction looks for this name."""
    return text


def label(text: str) -> str:
    """Give `text` on one line, without characters that control or overprint others, 1 to 80 of them.

    A name must not be able to reverse, hide or cover the words around it, nor to be missing.
    """
    kept: list[str] = []
    marks = 0
    for char in " ".join(unicodedata.normalize("NFC", text[: _LABEL_MAX * 4]).split()):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks > _MARKS_MAX or (unicodedata.category(char) in _INVISIBLE and char not in _JOINERS):
            continue
        kept.append(char)
    if len(kept) > _LABEL_MAX:
        kept = [*kept[: _LABEL_MAX - 1], "…"]
    return "".join(kept).strip() or "?"


def initials(name: str) -> str:
    """The first letters of the first and the last word, for a portrait without a picture."""
    words = [word for word in label(name).split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def origin(uri: str) -> str:
    """Where `uri` leads, as a person can compare it: host and port, or an app's own scheme."""
    parts = urlsplit(uri)
    return parts.netloc or f"{parts.scheme}:"


def coded(text: str) -> Markup:
    """`text` with what stands between backticks set as code."""
    pieces = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if index % 2 else escape(piece) for index, piece in enumerate(pieces)
    )
