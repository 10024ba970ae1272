"""Faults of second factors, and of what people change about how they sign in."""

from callgate.model.faults import Audience, Fault

MFA_REQUIRED = Fault(
    code="OAU-168",
    error="invalid_grant",
    text="Password grant is not allowed because MFA is required.",
    remedy="Get tokens in a way that needs no second factor: `callgate credentials create` makes a JWT credential for "
    "the grant urn:ietf:params:oauth:grant-type:jwt-bearer, the grant client_credentials needs no person at all; or "
    "let the person sign in at a browser with the grant authorization_code.",
    vendor=401,
    audience=Audience.ADMINISTRATOR,
)
FACTOR_REFUSED = Fault(
    code="CGT-200",
    error="invalid_grant",
    text="The code is wrong, or was used before",
    remedy="Use the code that the authenticator app shows now, on a device whose clock is right, or a recovery code "
    "that was never used. Who has neither: `callgate extensions reset-mfa EXTENSION`.",
    audience=Audience.ADMINISTRATOR,
)
TOTP_UNCONFIRMED = Fault(
    code="CGT-209",
    error="invalid_request",
    text="The new authenticator app shows another code",
    remedy="Use the code that the app shows now, on a device whose clock is right; if need be add the key of the page "
    "to the app once more.",
)
FACTOR_WAITS = Fault(
    code="CGT-201",
    error="invalid_grant",
    text="Too many wrong codes",
    remedy="Wait, an hour at most, then take a new code. `callgate extensions reset-mfa EXTENSION` ends the wait, and "
    "takes the person's factors away; whoever gave those codes knew the password.",
    audience=Audience.ADMINISTRATOR,
)
FACTOR_NEEDED = Fault(
    code="CGT-202",
    error="invalid_request",
    text="The account requires a second factor, and this is the last one",
    remedy="Set up another one first, a passkey or an authenticator app; or have the account require none: "
    "`callgate accounts update ACCOUNT --mfa allowed`.",
    audience=Audience.ADMINISTRATOR,
)
PASSKEY_REFUSED = Fault(
    code="CGT-207",
    error="invalid_grant",
    text="The passkey was not accepted",
    remedy="Use a passkey that was added on this very server, with PIN, finger or face where it is the only proof; or "
    "sign in with the password. One that may have been copied is refused: remove it, and add another.",
    audience=Audience.ADMINISTRATOR,
)
PASSKEY_NOT_MADE = Fault(
    code="CGT-208",
    error="invalid_request",
    text="No passkey was added",
    remedy="Repeat it in a browser and with a device that make passkeys; one person can have ten.",
)
SIGN_IN_AGAIN = Fault(
    code="CGT-203",
    error="login_required",
    text="The sign-in is too old to change how this person signs in",
    remedy="Sign in again, then make the change within ten minutes.",
)
PASSWORD_GUESSABLE = Fault(
    code="CGT-204",
    error="invalid_request",
    text="The new password is too easy to guess",
    remedy="Use several words that do not belong together, none of them a name of the person or the company; "
    "`passwords` in the settings says how hard it must be.",
)
PASSWORD_MISTYPED = Fault(
    code="CGT-205",
    error="invalid_request",
    text="The new password and its repetition differ",
    remedy="Repeat the new password exactly as it was typed the first time.",
)
MFA_OFF = Fault(
    code="CGT-206",
    error="invalid_request",
    text="The account uses no second factors",
    remedy="Have them allowed or required: `callgate accounts update ACCOUNT --mfa allowed`.",
    audience=Audience.ADMINISTRATOR,
)
