import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import callgate.web.pages
from callgate.web.pages import Locale

ROOT = Path(__file__).parents[3]
CATALOGUES = Path(callgate.web.pages.__file__).parent / "locale"
TRANSLATED = [locale for locale in Locale if locale is not Locale.ENGLISH]


def test_catalogues_are_current() -> None:
    """The `.po` holds exactly the texts of the sources, the `.mo` exactly the `.po`."""
    check = subprocess.run(
        [sys.executable, "tools/texts.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (check.returncode, check.stdout, check.stderr) == (0, "", "")


@pytest.mark.parametrize("locale", TRANSLATED)
def test_catalogue_is_complete(locale: Locale) -> None:
    """Every text is translated, none is a guess, and each keeps its placeholders."""
    with (CATALOGUES / locale.value / "LC_MESSAGES" / "callgate.po").open("rb") as file:
        catalogue = read_po(file, locale=locale.value)
    assert len(catalogue) > 100
    assert not [message.id for message in catalogue if message.id and not message.string]
    assert not [message.id for message in catalogue if message.id and message.fuzzy]
    assert not [(message.id, errors) for message, errors in catalogue.check()]
    assert not catalogue.obsolete


def test_every_catalogue_has_its_locale() -> None:
    """A catalogue nobody can choose is dead."""
    assert sorted(folder.name for folder in CATALOGUES.iterdir()) == sorted(TRANSLATED)
