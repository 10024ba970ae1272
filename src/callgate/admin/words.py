"""The words of a command, in whatever encoding the terminal has: none ends in a trace."""

import os
import sys


def settle_words() -> None:
    """Take words for UTF-8 where the locale could not read them. Raises UnicodeDecodeError where they are not."""
    sys.argv[1:] = [_read(word) for word in sys.argv[1:]]


def _read(word: str) -> str:
    try:
        word.encode()
    except UnicodeEncodeError:
        return os.fsencode(word).decode()
    return word
