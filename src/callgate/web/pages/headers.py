"""The headers of a page: what a browser may do with it, which is next to nothing."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from callgate.web.pages.locales import Locale
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

_FEATURES = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)


def page_headers(page: Page, *, locale: Locale) -> dict[str, str]:
    """Give every header of the reply that carries `page`, except its length."""
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Language": locale.value,
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'self'; img-src 'self'; {_script(page)}"
            f"form-action {_form_action(page)}; frame-ancestors 'none'; base-uri 'none'"
        ),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": _opener_policy(page),
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    }


def _script(page: Page) -> str:
    # One file of ours, for passkeys, on the pages that use them; nothing inline, and nothing anywhere else.
    asking = SignInPage | SecondFactorPage | EnrolmentPage | SecurityPage
    asked = isinstance(page, asking) and page.passkey_options is not None
    return "script-src 'self'; " if asked else ""


def _form_action(page: Page) -> str:
    # Chromium and WebKit check form-action against every redirect that follows a submission, the app's own onward ones
    # included, and a hop that is not listed leaves the person on our page, their code spent. Where an app's callback
    # leads next is its business, so the policy names the scheme: no plain HTTP and no program on the device for an app
    # on the web, nothing but its own scheme for a native one.
    match page:
        case SignInPage():
            # …and an identity provider, where the form may lead there: which one is not known before it is sent.
            return _own_and((urlsplit(page.redirect_uri).scheme, *page.away_schemes))
        case ConsentPage() | RefusalPage() | SignOutPage() | SecondFactorPage() | EnrolmentPage() | RecoveryCodesPage():
            return _own_and((urlsplit(page.redirect_uri or "").scheme,))
        case UnaskedPage() | DevicePage() | SecurityPage() | PasswordPage():
            return "'self'"
        case CredentialsPage() | CredentialPage() | CredentialMadePage():
            return "'self'"
        case DeviceAnswerPage() | FaultPage() | FarewellPage() | SignedInPage() | HomePage() | ApiPage():
            return "'none'"


def _own_and(schemes: Iterable[str]) -> str:
    """Our own origin, and addresses of these schemes; an empty one is of a flow that ends here."""
    return " ".join(("'self'", *(f"{scheme}:" for scheme in dict.fromkeys(schemes) if scheme)))


def _opener_policy(page: Page) -> str:
    # Apps open the flow in a popup, with or without display=popup, and read the result through window.opener when it
    # comes back to them. Any policy of ours but this one cuts that thread for good, at the first page of ours.
    match page:
        case SignInPage() | ConsentPage() | RefusalPage() | FaultPage() | SignOutPage() | FarewellPage():
            return "unsafe-none"
        case SecondFactorPage():
            return "unsafe-none"
        case EnrolmentPage() | RecoveryCodesPage():
            return "unsafe-none" if page.redirect_uri else "same-origin"
        case DevicePage() | DeviceAnswerPage() | UnaskedPage() | SignedInPage() | HomePage() | ApiPage():
            return "same-origin"
        case SecurityPage() | PasswordPage() | CredentialsPage() | CredentialPage() | CredentialMadePage():
            return "same-origin"
