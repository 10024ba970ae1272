"""The pages people see: views in, HTML and its headers out.

Jinja2 templates without a line of JavaScript, one stylesheet, texts in a gettext catalogue. Templates are loaded
once, at import; rendering reads nothing. What may be shown is decided elsewhere: nothing here knows a session.
"""

from callgate.web.pages.headers import page_headers
from callgate.web.pages.locales import Locale, choose_locale
from callgate.web.pages.render import render
from callgate.web.pages.static import STATIC_FILES, StaticFile
from callgate.web.pages.views import (
    Answer,
    AppOrigin,
    ConsentPage,
    CredentialMadePage,
    CredentialPage,
    CredentialsPage,
    DeviceAnswerPage,
    DevicePage,
    Display,
    EnrolmentPage,
    FarewellPage,
    FaultPage,
    HomeLink,
    HomePage,
    ListedCredential,
    ListedPasskey,
    OfferedApp,
    Page,
    PasswordPage,
    RecoveryCodesPage,
    RefusalPage,
    SecondFactorPage,
    SecurityPage,
    SignedInPage,
    SignInMethod,
    SignInPage,
    SignOutPage,
    UnaskedPage,
)
from callgate.web.pages.views_api import ApiChapter, ApiField, ApiOperation, ApiPage, ApiShape

__all__ = [
    "STATIC_FILES",
    "Answer",
    "ApiChapter",
    "ApiField",
    "ApiOperation",
    "ApiPage",
    "ApiShape",
    "AppOrigin",
    "ConsentPage",
    "CredentialMadePage",
    "CredentialPage",
    "CredentialsPage",
    "DeviceAnswerPage",
    "DevicePage",
    "Display",
    "EnrolmentPage",
    "FarewellPage",
    "FaultPage",
    "HomeLink",
    "HomePage",
    "ListedCredential",
    "ListedPasskey",
    "Locale",
    "OfferedApp",
    "Page",
    "PasswordPage",
    "RecoveryCodesPage",
    "RefusalPage",
    "SecondFactorPage",
    "SecurityPage",
    "SignInMethod",
    "SignInPage",
    "SignOutPage",
    "SignedInPage",
    "StaticFile",
    "UnaskedPage",
    "choose_locale",
    "page_headers",
    "render",
]
