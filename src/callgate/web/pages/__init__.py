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
    ApiChapter,
    ApiField,
    ApiOperation,
    ApiPage,
    ApiShape,
    AppOrigin,
    ConsentPage,
    DeviceAnswerPage,
    DevicePage,
    Display,
    EnrolmentPage,
    FarewellPage,
    FaultPage,
    HomeLink,
    HomePage,
    ListedPasskey,
    Page,
    PasswordPage,
    RecoveryCodesPage,
    RefusalPage,
    RememberMe,
    SecondFactorPage,
    SecurityPage,
    SignedInPage,
    SignInMethod,
    SignInPage,
    SignOutPage,
    UnaskedPage,
)

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
    "DeviceAnswerPage",
    "DevicePage",
    "Display",
    "EnrolmentPage",
    "FarewellPage",
    "FaultPage",
    "HomeLink",
    "HomePage",
    "ListedPasskey",
    "Locale",
    "Page",
    "PasswordPage",
    "RecoveryCodesPage",
    "RefusalPage",
    "RememberMe",
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
