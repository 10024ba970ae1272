import pytest

from callgate.model.connection import SsoExemption, SsoPolicy
from callgate.model.factor import MfaPolicy
from callgate.model.session import CredentialKind
from callgate.model.ways import factor_needed, password_open, sso_open, way_open
from tests.factories import ACCOUNT, AGENT

OPEN = {
    (SsoPolicy.OFF, SsoExemption.DEFAULT): (True, False),
    (SsoPolicy.OFF, SsoExemption.EXEMPT): (True, False),
    (SsoPolicy.OFF, SsoExemption.ENFORCED): (True, False),
    (SsoPolicy.ALLOWED, SsoExemption.DEFAULT): (True, True),
    (SsoPolicy.ALLOWED, SsoExemption.EXEMPT): (True, True),
    (SsoPolicy.ALLOWED, SsoExemption.ENFORCED): (False, True),
    (SsoPolicy.ENFORCED, SsoExemption.DEFAULT): (False, True),
    (SsoPolicy.ENFORCED, SsoExemption.EXEMPT): (True, True),
    (SsoPolicy.ENFORCED, SsoExemption.ENFORCED): (False, True),
}
"""The account's switch, the person's: whether a password is open, whether single sign-on is."""


@pytest.mark.parametrize("policy", SsoPolicy)
@pytest.mark.parametrize("exemption", SsoExemption)
def test_ways_are_those_of_the_table(policy: SsoPolicy, exemption: SsoExemption) -> None:
    """protocol.md H, and the exemption per extension that seed 000 was promised."""
    account = ACCOUNT._replace(sso_policy=policy)
    extension = AGENT._replace(sso_exemption=exemption)
    password, sso = OPEN[policy, exemption]
    assert (password_open(account, extension), sso_open(account)) == (password, sso)
    assert way_open(CredentialKind.PASSWORD, account=account, extension=extension) is password
    assert way_open(CredentialKind.CONNECTION, account=account, extension=extension) is sso


@pytest.mark.parametrize("kind", [CredentialKind.JWT_CREDENTIAL, CredentialKind.ALLOWANCE])
@pytest.mark.parametrize("policy", SsoPolicy)
def test_unattended_ways_stay_open_whatever_the_switch(policy: SsoPolicy, kind: CredentialKind) -> None:
    """Seed 002's table: JWT credentials are compatible with accounts configured for single sign-on."""
    assert way_open(kind, account=ACCOUNT._replace(sso_policy=policy), extension=AGENT)


@pytest.mark.parametrize(
    ("policy", "has_factor", "needed"),
    [
        (MfaPolicy.OFF, False, False),
        (MfaPolicy.OFF, True, False),
        (MfaPolicy.ALLOWED, False, False),
        (MfaPolicy.ALLOWED, True, True),
        (MfaPolicy.REQUIRED, False, True),
        (MfaPolicy.REQUIRED, True, True),
    ],
)
def test_password_alone_is_a_way_in_when_no_factor_is_needed(
    *, policy: MfaPolicy, has_factor: bool, needed: bool
) -> None:
    """The account's word, or the person's where the account leaves it to them; other ways are not asked."""
    account, extension = ACCOUNT._replace(mfa_policy=policy), AGENT._replace(has_factor=has_factor)
    assert factor_needed(account, extension) is needed
    for kind in CredentialKind:
        closed = {CredentialKind.CONNECTION} | ({CredentialKind.PASSWORD} if needed else set())
        assert way_open(kind, account=account, extension=extension) is (kind not in closed), kind


def test_code_opens_nothing_when_passwords_are_closed() -> None:
    """A second factor is no way past single sign-on."""
    account = ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED)
    assert not way_open(CredentialKind.PASSWORD_AND_CODE, account=account, extension=AGENT)
