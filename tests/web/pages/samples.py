"""One view of every kind and state, from which tests change what matters to them."""

from dataclasses import replace

from callgate.model import authorize_faults, credential_faults, device_faults, grant_faults, mfa_faults, sso_faults
from callgate.web.openapi import describe_server, read_document
from callgate.web.pages import (
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

REDIRECT_URI = "http://localhost:5000/oauth2callback"
HOSTILE = "\u202e\u2066</bdi><script>alert(1)</script>\"'><b>{{ 7 * 7 }}%(app)s\x00\n" + "A" * 4096

SIGN_IN = SignInPage(
    app_name="Call Report Web",
    redirect_uri=REDIRECT_URI,
    action_url="/restapi/oauth/authorize",
    form_state="c2VhbGVk",
)
CONSENT = ConsentPage(
    app_name="Call Report Web",
    owner_name="Example Trading Ltd",
    app_origin=AppOrigin.OWN,
    person_name="Ada Admin",
    login="ada.admin@example.com",
    scopes=("ReadAccounts", "ReadCallLog"),
    redirect_uri=REDIRECT_URI,
    action_url="/restapi/oauth/authorize",
    form_state="c2VhbGVk",
)
FAULT = FaultPage(
    fault=authorize_faults.REDIRECT_URI_NONE,
    text=authorize_faults.REDIRECT_URI_NONE.text,
    request_id="7f1b0c9e-2c41-4c39-8c1a-3e6f0b9d2a11",
)
REFUSAL = RefusalPage(
    fault=grant_faults.THIRD_PARTY_ACCESS,
    text=grant_faults.THIRD_PARTY_ACCESS.text,
    request_id="7f1b0c9e-2c41-4c39-8c1a-3e6f0b9d2a11",
    person_name="Ada Admin",
    login="ada.admin@example.com",
    redirect_uri=REDIRECT_URI,
    action_url="/restapi/oauth/consent",
    form_state="c2VhbGVk",
)
SIGN_OUT = SignOutPage(
    app_name="Call Report Web",
    person_name="Ada Admin",
    login="ada.admin@example.com",
    action_url="/restapi/oauth/sign-out/confirm",
    form_state="c2VhbGVk",
    redirect_uri="https://reports.example/goodbye",
)
OPTIONS = '{"publicKey": {"challenge": "AAAA", "rpId": "localhost"}}'
SECOND_FACTOR = SecondFactorPage(
    has_totp=True,
    person_name="Ada Admin",
    login="ada.admin@example.com",
    redirect_uri=REDIRECT_URI,
    action_url="/restapi/oauth/second-factor",
    form_state="c2VhbGVk",
)
ENROLMENT = EnrolmentPage(
    required=True,
    uri="otpauth://totp/Callgate:ada.admin%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Callgate",
    secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    action_url="/restapi/oauth/second-factor",
    form_state="c2VhbGVk",
    redirect_uri=REDIRECT_URI,
)
RECOVERY_CODES = RecoveryCodesPage(
    codes=tuple(f"ABCD-EFGH-IJKL-MNO{letter}" for letter in "ABCDEFGHIJ"),
    action_url="/restapi/oauth/authorize",
    form_state="c2VhbGVk",
    redirect_uri=REDIRECT_URI,
)
SECURITY = SecurityPage(
    person_name="Ada Admin",
    login="ada.admin@example.com",
    account_name="Example Trading Ltd",
    by_password=True,
    offers_factors=True,
    required=False,
    has_totp=True,
    has_factor=True,
    codes_left=7,
    action_url="/restapi/oauth/security",
    password_url="/restapi/oauth/security/password",
    credentials_url="/restapi/oauth/security/credentials",
    form_state="c2VhbGVk",
)
PASSWORD = PasswordPage(
    login="ada.admin@example.com",
    chars_min=12,
    action_url="/restapi/oauth/security/password",
    form_state="c2VhbGVk",
)
LISTED = ListedCredential(
    url="/restapi/oauth/security/credentials/911970084368616515",
    label="Nightly report",
    apps=2,
    created="2026-01-02 03:04",
    expires="2026-06-30 00:00",
    used="2026-03-04 05:00",
)
CREDENTIALS = CredentialsPage(
    credentials=(
        LISTED,
        replace(LISTED, apps=None, expires=None, used=None),
        replace(LISTED, is_replaced=True, is_safe_to_delete=True),
        replace(LISTED, is_replaced=True),
    ),
    may_make=True,
    offered=(OfferedApp(box="app-x", name="Call Report", client_id="x"),),
    action_url="/restapi/oauth/security/credentials",
    back_url="/restapi/oauth/security",
    form_state="c2VhbGVk",
)
CREDENTIAL = CredentialPage(
    credential=LISTED,
    apps=("Call Report", "Queue Board"),
    may_replace=True,
    action_url=LISTED.url,
    back_url="/restapi/oauth/security/credentials",
    form_state="c2VhbGVk",
)
HOME = HomePage(
    server_name="Callgate",
    issuer="https://gate.example",
    links=(HomeLink(label="OpenID Connect discovery", url="https://gate.example/.well-known/openid-configuration"),),
)

UNASKED = UnaskedPage(
    person_name="Ada Admin",
    login="ada.admin@example.com",
    account_name="Example Trading Ltd",
    action_url="/restapi/oauth/sso/finish",
    handle="8zXq6oaLT7WvwWITlGiA1A",
)
SIGNED_IN = SignedInPage(person_name="Ada Admin", login="ada.admin@example.com", account_name="Example Trading Ltd")
API = read_document(describe_server("https://gate.example"), url="https://gate.example/restapi/openapi.json")
DEVICE = DevicePage(action_url="/restapi/oauth/device")

PAGES: dict[str, Page] = {
    "sign-in": SIGN_IN,
    "sign-in-either-way": replace(SIGN_IN, methods=frozenset(SignInMethod), remembered=True),
    "sign-in-sso": replace(SIGN_IN, methods=frozenset({SignInMethod.SSO})),
    "sign-in-wrong": replace(SIGN_IN, fault=grant_faults.CREDENTIALS_INVALID, username="ada.admin@example.com"),
    "sign-in-part-silent": replace(SIGN_IN, fault=grant_faults.CREDENTIALS_INVALID, part_silent=True),
    "sign-in-queue": replace(SIGN_IN, fault=grant_faults.SIGN_IN_QUEUE, username="+12025550100", extension="201"),
    "sign-in-popup": replace(SIGN_IN, display=Display.POPUP, ui_options=frozenset({"hide_logo"})),
    "consent": CONSENT,
    "consent-foreign": replace(
        CONSENT,
        app_origin=AppOrigin.FOREIGN,
        owner_name="Northwind Analytics GmbH",
        scopes=("Accounts", "EditCallLog", "SMS", "SubscriptionWebhook", "email", "openid"),
        redirect_uri="com.northwind.insight:/callback",
        display=Display.MOBILE,
    ),
    "consent-hostile": replace(CONSENT, app_name=HOSTILE, owner_name=HOSTILE, person_name=HOSTILE, login=HOSTILE),
    "fault": FAULT,
    "fault-unexpected": FaultPage(
        fault=grant_faults.CODE_EXPIRED, text=HOSTILE, request_id="r-1", display=Display.TOUCH
    ),
    "refusal": REFUSAL,
    "refusal-hostile": replace(REFUSAL, person_name=HOSTILE, login=HOSTILE, text=HOSTILE, display=Display.POPUP),
    "sign-out": SIGN_OUT,
    "sign-out-alone": replace(SIGN_OUT, app_name=None, redirect_uri=None),
    "sign-out-mistake": replace(
        SIGN_OUT,
        app_name=None,
        redirect_uri=None,
        fault=authorize_faults.POST_LOGOUT_URI_UNREGISTERED,
        text=authorize_faults.POST_LOGOUT_URI_UNREGISTERED.text,
        request_id="7f1b0c9e-2c41-4c39-8c1a-3e6f0b9d2a11",
    ),
    "sign-out-hostile": replace(SIGN_OUT, app_name=HOSTILE, person_name=HOSTILE, login=HOSTILE),
    "signed-out": FarewellPage(signed_out=True),
    "still-signed-in": FarewellPage(signed_out=False),
    "sign-in-away": replace(SIGN_IN, methods=frozenset(SignInMethod), away_schemes=("https", "http")),
    "sign-in-sso-required": replace(
        SIGN_IN, methods=frozenset(SignInMethod), fault=sso_faults.SSO_REQUIRED, username="ada.admin@example.com"
    ),
    "unasked": UNASKED,
    "unasked-hostile": replace(UNASKED, person_name=HOSTILE, login=HOSTILE, account_name=HOSTILE),
    "signed-in": SIGNED_IN,
    "signed-in-hostile": replace(SIGNED_IN, person_name=HOSTILE, login=HOSTILE, account_name=HOSTILE),
    "consent-device": replace(CONSENT, redirect_uri="", user_code="BCDF-GHJK"),
    "sign-in-device": replace(SIGN_IN, redirect_uri=""),
    "device": DEVICE,
    "device-filled": replace(DEVICE, typed="BCDF-GHJK"),
    "device-wrong": replace(DEVICE, typed=HOSTILE, fault=device_faults.USER_CODE_UNKNOWN),
    "device-too-many": replace(DEVICE, typed="BCDF-GHJK", fault=device_faults.USER_CODES_TOO_MANY),
    "device-approved": DeviceAnswerPage(answer=Answer.APPROVED),
    "device-denied": DeviceAnswerPage(answer=Answer.DENIED),
    "device-left": DeviceAnswerPage(answer=Answer.NONE),
    "home": HOME,
    "api": API,
    "api-part": replace(
        API,
        chapters=tuple(replace(each, operations=each.operations[:1]) for each in API.chapters),
        shapes=API.shapes[:4],
    ),
    "sign-in-own": replace(SIGN_IN, app_name=None, fault=mfa_faults.SIGN_IN_AGAIN),
    "second-factor": SECOND_FACTOR,
    "second-factor-wrong": replace(SECOND_FACTOR, fault=mfa_faults.FACTOR_REFUSED, display=Display.POPUP),
    "second-factor-hostile": replace(SECOND_FACTOR, person_name=HOSTILE, login=HOSTILE, display=Display.TOUCH),
    "second-factor-passkey": replace(SECOND_FACTOR, has_totp=False, passkey_options=OPTIONS),
    "sign-in-passkey": replace(SIGN_IN, methods=frozenset(SignInMethod), passkey_options=OPTIONS),
    "security-passkeys": replace(
        SECURITY,
        passkeys=(
            ListedPasskey(id="1", added="2026-01-02", used="2026-03-04"),
            ListedPasskey(id="2", added="2026-02-02", used="2026-02-02", doubted=True),
        ),
        passkey_options=OPTIONS,
    ),
    "enrolment": ENROLMENT,
    "enrolment-passkey": replace(ENROLMENT, passkey_options=OPTIONS),
    "enrolment-wrong": replace(ENROLMENT, required=False, redirect_uri=None, fault=mfa_faults.TOTP_UNCONFIRMED),
    "recovery-codes": RECOVERY_CODES,
    "recovery-codes-own": replace(
        RECOVERY_CODES, action_url="/restapi/oauth/security", form_state=None, redirect_uri=None
    ),
    "security": SECURITY,
    "security-bare": replace(SECURITY, has_totp=False, has_factor=False, codes_left=0, fault=mfa_faults.MFA_OFF),
    "security-required": replace(SECURITY, required=True, fault=mfa_faults.FACTOR_NEEDED),
    "security-off": replace(SECURITY, offers_factors=False),
    "security-sso": replace(SECURITY, by_password=False),
    "security-hostile": replace(SECURITY, by_password=False, person_name=HOSTILE, login=HOSTILE, account_name=HOSTILE),
    "credentials": CREDENTIALS,
    "credentials-none": replace(CREDENTIALS, credentials=(), offered=(), fault=credential_faults.CREDENTIAL_INCOMPLETE),
    "credentials-withheld": replace(CREDENTIALS, may_make=False, fault=credential_faults.CREDENTIALS_WITHHELD),
    "credentials-hostile": replace(
        CREDENTIALS,
        credentials=(replace(LISTED, label=HOSTILE),),
        offered=(OfferedApp(box="app-x", name=HOSTILE, client_id="x"),),
        label=HOSTILE[:64],
    ),
    "credential": CREDENTIAL,
    "credential-over": replace(CREDENTIAL, apps=None, may_replace=False, fault=credential_faults.CREDENTIAL_STUCK),
    "credential-hostile": replace(CREDENTIAL, credential=replace(LISTED, label=HOSTILE), apps=(HOSTILE,)),
    "credential-made": CredentialMadePage(
        label="Nightly report", jwt="eyJhbGciOiJSUzI1NiJ9." + "eyJzdWIiOiIx" * 60, action_url=CREDENTIALS.action_url
    ),
    "credential-made-hostile": CredentialMadePage(label=HOSTILE, jwt="x", action_url=CREDENTIALS.action_url),
    "password": PASSWORD,
    "password-weak": replace(PASSWORD, login=HOSTILE, fault=mfa_faults.PASSWORD_GUESSABLE),
}
