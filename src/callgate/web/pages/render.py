"""Views in, HTML out: one template per page, loaded at import; every value escaped, an undefined one an error."""

from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from callgate.web.pages.faults import words_of
from callgate.web.pages.locales import Locale
from callgate.web.pages.qr import qr_code
from callgate.web.pages.scopes import sentences_of
from callgate.web.pages.static import asset_path
from callgate.web.pages.texts import coded, initials, label, origin
from callgate.web.pages.views import (
    ConsentPage,
    CredentialMadePage,
    CredentialPage,
    CredentialsPage,
    DeviceAnswerPage,
    DevicePage,
    EnrolmentPage,
    FarewellPage,
    FaultPage,
    HomePage,
    Page,
    PasswordPage,
    RecoveryCodesPage,
    RefusalPage,
    SecondFactorPage,
    SecurityPage,
    SignedInPage,
    SignInPage,
    SignOutPage,
    UnaskedPage,
)
from callgate.web.pages.views_api import ApiPage

_TEMPLATES: dict[type[Page], str] = {
    SignInPage: "sign_in.html",
    SecondFactorPage: "second_factor.html",
    EnrolmentPage: "enrolment.html",
    RecoveryCodesPage: "recovery_codes.html",
    SecurityPage: "security.html",
    PasswordPage: "password.html",
    CredentialsPage: "credentials.html",
    CredentialPage: "credential.html",
    CredentialMadePage: "credential_made.html",
    ConsentPage: "consent.html",
    DevicePage: "device.html",
    DeviceAnswerPage: "device_answer.html",
    FaultPage: "fault.html",
    RefusalPage: "refusal.html",
    SignOutPage: "sign_out.html",
    FarewellPage: "farewell.html",
    UnaskedPage: "unasked.html",
    SignedInPage: "signed_in.html",
    HomePage: "home.html",
    ApiPage: "api.html",
}


def render(page: Page, *, locale: Locale) -> bytes:
    """Give the HTML of `page` in UTF-8."""
    return _LOADED[locale, type(page)].render(page=page).encode()


def _environment(locale: Locale) -> Environment:
    environment = Environment(
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        keep_trailing_newline=True,
        loader=PackageLoader("callgate.web.pages"),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters |= {
        "coded": coded,
        "initials": initials,
        "label": label,
        "origin": origin,
        "qr_code": qr_code,
    }
    environment.globals |= {
        "asset": asset_path,
        "locale": locale.value,
        "sentences_of": sentences_of,
        "words_of": words_of,
    }
    translations = _translations(locale)
    # The extension adds this method when it is loaded, which its types do not say.
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        translations.gettext, translations.ngettext, newstyle=True
    )
    return environment


def _translations(locale: Locale) -> NullTranslations:
    if locale is Locale.ENGLISH:  # the language of the source
        return NullTranslations()
    with (_CATALOGUES / locale.value / "LC_MESSAGES" / "callgate.mo").open("rb") as catalogue:
        return GNUTranslations(catalogue)


def _load(locale: Locale) -> dict[tuple[Locale, type[Page]], Template]:
    environment = _environment(locale)
    return {(locale, page): environment.get_template(name) for page, name in _TEMPLATES.items()}


_CATALOGUES = Path(__file__).parent / "locale"
_LOADED = {key: template for locale in Locale for key, template in _load(locale).items()}
