import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.web.pages import Locale, choose_locale

EN, DE = Locale.ENGLISH, Locale.GERMAN


@pytest.mark.parametrize(
    ("ui_locales", "locale_id", "accept_language", "chosen"),
    [
        (None, None, None, EN),
        ("", "", "", EN),
        ("de", None, None, DE),
        ("de-AT", None, None, DE),
        ("DE_at", None, None, DE),
        ("de-Latn-CH-1996", None, None, DE),
        ("fr-CA fr de en", None, None, DE),
        ("en-GB de", None, None, EN),
        (None, "de_DE", None, DE),
        (None, None, "de", DE),
        (None, None, "fr, de-CH;q=0.8, en;q=0.7", DE),
        (None, None, "de;q=0.5, en;q=0.9", EN),
        (None, None, "de;q=0, en;q=0.1", EN),
        (None, None, "de;q=0", EN),
        (None, None, "de ; q=1.000", DE),
        (None, None, "de;q=nonsense", EN),
        (None, None, "*", EN),
        ("de", "en_US", "en", DE),
        (None, "de_DE", "en", DE),
        ("fr", "de_DE", "en", DE),
        ("fr", "es_ES", "de", DE),
        ("de", "", "", DE),
        ("den deu-x", None, None, EN),
    ],
)
def test_locale_is_the_first_we_have_when_sources_disagree(
    ui_locales: str | None, locale_id: str | None, accept_language: str | None, chosen: Locale
) -> None:
    """`ui_locales` beats `localeId` beats Accept-Language (protocol.md C.1); lookup as in RFC 4647 section 3.4."""
    found = choose_locale(ui_locales=ui_locales, locale_id=locale_id, accept_language=accept_language)
    assert found is chosen


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_any_text_chooses_a_locale(ui_locales: str, locale_id: str, accept_language: str) -> None:
    """What a browser sends never breaks a page."""
    assert choose_locale(ui_locales=ui_locales, locale_id=locale_id, accept_language=accept_language) in Locale
