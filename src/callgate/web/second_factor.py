"""The pages between a right password and a sign-in, as views: a code, a first authenticator app, recovery codes."""

from callgate.service.outcome import ShowEnrolment, ShowRecoveryCodes, ShowSecondFactor
from callgate.web.pages import Display, EnrolmentPage, RecoveryCodesPage, SecondFactorPage

SECOND_FACTOR = "/restapi/oauth/second-factor"


def second_page(shown: ShowSecondFactor | ShowEnrolment) -> SecondFactorPage | EnrolmentPage:
    """The page that asks for a code."""
    request, display = shown.request, Display(shown.request.display)
    if isinstance(shown, ShowEnrolment):
        return EnrolmentPage(
            required=True,
            uri=shown.totp.uri,
            secret=shown.totp.text,
            passkey_options=shown.passkey_options,
            action_url=SECOND_FACTOR,
            form_state=shown.form_state,
            redirect_uri=request.redirect_uri,
            display=display,
            fault=shown.fault,
        )
    return SecondFactorPage(
        person_name=shown.person.name,
        login=shown.person.email or "",
        has_totp=shown.has_totp,
        passkey_options=shown.passkey_options,
        redirect_uri=request.redirect_uri,
        action_url=SECOND_FACTOR,
        form_state=shown.form_state,
        display=display,
        fault=shown.fault,
    )


def codes_page(shown: ShowRecoveryCodes, *, action_url: str) -> RecoveryCodesPage:
    """The page that shows recovery codes, on the way to the app."""
    return RecoveryCodesPage(
        codes=shown.codes,
        action_url=action_url,
        form_state=shown.on.form_state,
        redirect_uri=shown.request.redirect_uri,
        display=Display(shown.request.display),
    )
