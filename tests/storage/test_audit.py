"""The audit chain: what it says, and that no alteration goes unseen."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import get_args

import apsw
import pytest

from callgate.model import changes as c
from callgate.model import mfa, sso
from callgate.model.account import AccountStatus
from callgate.model.audit import Anchor, AuditPruned
from callgate.model.calls import CallLogCleared, CallsImported, CallTally
from callgate.model.client import ClientKeys
from callgate.model.client_secret import FormerSecretRetired, SecretRotated, SecretUsed
from callgate.model.connection import ConnectionSecret
from callgate.model.credential import CredentialReplaced
from callgate.model.device_grant import DeviceApproved, DeviceCodeIssued, DeviceCodeUsed, DeviceDenied
from callgate.model.factor import Misses, Passkey, Totp
from callgate.model.guesses import Lock, LocksLifted
from callgate.model.ids import RoleId, RowId
from callgate.model.issuer import OutsideProven
from callgate.model.queues import QueueMembersChanged, QueueSettings, QueueSettingsChanged
from callgate.model.roles import DefaultRoleChanged, RoleDeleted
from callgate.model.session import EndReason
from callgate.storage.audit import FIRST, AuditReport, forge_link, verify_audit
from callgate.storage.load_upkeep import Head
from callgate.storage.pen import Pen
from callgate.storage.save import SAVERS
from callgate.storage.save_upkeep import append_link
from callgate.storage.sqlite import StoreOptions
from callgate.storage.sqlite_view import SqliteView
from tests.storage.engines import Opened, OpenedFile, open_sqlite
from tests.storage.world import (
    ACCOUNT,
    ADMIN,
    AGENT,
    ALLOWANCE,
    APP,
    APPROVED,
    CONNECTION,
    CONSENT,
    CREDENTIAL,
    CREDENTIAL_FOR_ALL,
    CUSTOM_ROLE,
    DEVICE,
    FOUNDING,
    KEY,
    KEYS,
    NOW_MS,
    OTHER_TRUST,
    PASSWORD_HASH,
    SERVICE,
    SIGN_IN,
    TRUST,
    entries_of,
    pending_of,
    refreshed,
    session_of,
)

REDEEMED = pending_of(1)._replace(state=session_of(1).state, slot=1, generation=1, redeemed_ms=NOW_MS)

REPLACED = CREDENTIAL_FOR_ALL._replace(expires_ms=NOW_MS + 1, replaced_ms=NOW_MS)
SUCCESSOR = CREDENTIAL_FOR_ALL._replace(id=RowId(9_301), sha256=b"another hash")
OTHER_DEVICE = DEVICE._replace(id=RowId(9_102), user_code="ZZZZZZZZ")
SPARE = CUSTOM_ROLE._replace(id=RoleId(77), name="Spare")
UNSET = QueueSettings(SERVICE.id, ACCOUNT.id)

ADMIN2 = ADMIN._replace(first_name="Eve", version=2)
TOTP = Totp(RowId(78), ACCOUNT.id, ADMIN.id, b"sealed", 10, NOW_MS)
PASSKEY = Passkey(RowId(79), ACCOUNT.id, ADMIN.id, b"id", b"attested", 5, NOW_MS, NOW_MS)

ACTS: tuple[c.Change, ...] = (
    c.SessionOpened(session_of(0)),
    c.SessionOpened(pending_of(1)),
    c.SessionRedeemed(pending_of(1), REDEEMED),
    c.SessionRotated(session_of(0), refreshed(session_of(0), NOW_MS)),
    c.SessionFirstUsed(refreshed(session_of(0), NOW_MS), NOW_MS),
    c.SessionEnded(REDEEMED, EndReason.ADMINISTRATOR, NOW_MS, "cli"),
    c.CredentialUsed(CREDENTIAL.id, NOW_MS),
    c.SignInStarted(SIGN_IN),
    c.SignInEnded(SIGN_IN, "browser"),
    c.ConsentGiven(CONSENT),
    c.ConsentWithdrawn(ACCOUNT.id, AGENT.id, APP.id, "admin"),
    DeviceCodeIssued(DEVICE),
    DeviceApproved(DEVICE, APPROVED),
    DeviceCodeUsed(APPROVED),
    DeviceCodeIssued(OTHER_DEVICE),
    DeviceDenied(OTHER_DEVICE, "208594004"),
    c.AccountChanged(ACCOUNT, ACCOUNT._replace(status=AccountStatus.DISABLED, version=2), "cli"),
    c.ExtensionChanged(ADMIN, ADMIN._replace(first_name="Eve", version=2), "cli"),
    c.PasswordChanged(AGENT, AGENT._replace(password_version=2, version=2), PASSWORD_HASH + "x", "cli"),
    c.RoleChanged(CUSTOM_ROLE, CUSTOM_ROLE._replace(permissions=frozenset({"ReadCallLog"}), version=2), "cli"),
    c.AppChanged(APP, APP._replace(name="New", version=2), ClientKeys(b"hash of a secret", b"sealed", "{}"), "cli"),
    SecretRotated(APP._replace(version=2), APP._replace(version=3), KEYS, NOW_MS, NOW_MS, "cli"),
    FormerSecretRetired(APP._replace(version=3), APP._replace(version=4), "cli"),
    SecretUsed(APP._replace(version=4), former=False, at_ms=NOW_MS),
    c.ServiceDisallowed(ALLOWANCE, "cli"),
    CredentialReplaced(CREDENTIAL_FOR_ALL, REPLACED, SUCCESSOR, "cli"),
    c.CredentialDeleted(CREDENTIAL, "cli"),
    c.SessionsFromMoved(NOW_MS, "cli"),
    c.KeyStored(KEY, "server"),
    c.KeyForgotten(KEY.use, KEY.number, "server"),
    c.IssuerTrusted(OTHER_TRUST, None, "cli"),
    c.OutsideTokenAccepted(OutsideProven(OTHER_TRUST, "repo:acme/app", "jti:1", NOW_MS), NOW_MS),
    c.TrustChanged(OTHER_TRUST, OTHER_TRUST._replace(conditions=TRUST.conditions, version=4), "cli"),
    c.TrustRevoked(OTHER_TRUST._replace(version=4), disables=False, by="cli"),
    sso.ConnectionCreated(CONNECTION, ConnectionSecret(b"sealed"), "cli"),
    sso.ConnectionChanged(
        CONNECTION, CONNECTION._replace(name="New", version=2), ConnectionSecret(b"hash of a secret"), "cli"
    ),
    sso.ConnectionRemoved(CONNECTION._replace(name="New", version=2), "cli"),
    c.RoleCreated(SPARE, "cli"),
    RoleDeleted(SPARE, "cli"),
    DefaultRoleChanged(ACCOUNT.id, None, CUSTOM_ROLE.id, "cli"),
    QueueSettingsChanged(UNSET, UNSET._replace(alert_timer_s=60, version=1), "cli"),
    CallLogCleared(ACCOUNT.id, AGENT.id, 0, NOW_MS, ("type=Fax",), "1"),
    CallsImported(ACCOUNT.id, CallTally(new=1), "cli"),
    QueueMembersChanged(ACCOUNT.id, SERVICE.id, frozenset({AGENT.id}), frozenset(), "cli"),
    LocksLifted(ACCOUNT.id, AGENT.id, (Lock(bytes(32), "192.0.2.1", NOW_MS, NOW_MS + 1, 1),), NOW_MS, "cli"),
    mfa.TotpAdded(ADMIN2, ADMIN2._replace(has_factor=True, version=3), TOTP, "1001"),
    mfa.TotpUsed(TOTP, 11),
    mfa.RecoveryCodesMade(ACCOUNT.id, ADMIN.id, frozenset({b"hash of a secret"}), "1001"),
    mfa.RecoveryCodeUsed(ACCOUNT.id, ADMIN.id, b"hash of a secret"),
    mfa.CodeMissed(ACCOUNT.id, ADMIN.id, Misses(), Misses(1, NOW_MS)),
    mfa.TotpRemoved(ADMIN2._replace(has_factor=True, version=3), ADMIN2._replace(version=4), "1001"),
    mfa.PasskeyAdded(ADMIN2._replace(version=4), ADMIN2._replace(has_factor=True, version=5), PASSKEY, "1001"),
    mfa.PasskeyUsed(PASSKEY, 6, NOW_MS),
    mfa.PasskeyDoubted(PASSKEY, 5, NOW_MS),
    mfa.PasskeyRemoved(ADMIN2._replace(has_factor=True, version=5), ADMIN2._replace(version=6), PASSKEY, "1001"),
    mfa.FactorsReset(ADMIN2._replace(version=6), ADMIN2._replace(version=7), "cli"),
    AuditPruned((Anchor("server", 1, NOW_MS, bytes(32)),), NOW_MS, "cli"),
)


def verify(path: Path) -> AuditReport:
    """Check the chains of a file."""
    with closing(apsw.Connection(str(path))) as connection:
        view = SqliteView(connection)
        view.stamp(0)
        return verify_audit(view)


def alter(path: Path, sql: str) -> None:
    """Change the file behind the store's back."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(sql).fetchall()


@pytest.fixture
def audited(embedded: OpenedFile) -> OpenedFile:
    """A store with a chain of three commits by the server behind the founding by the command line."""
    for number in range(3):
        embedded.save_at_once(*((c.SessionOpened(session_of(number * 10 + twin)),) for twin in range(2)))
    return embedded


def test_audited_changes_of_one_commit_make_one_link(audited: OpenedFile) -> None:
    """Each writer has its own chain; a commit that audits nothing makes no link."""
    audited.save(c.SessionFirstUsed(session_of(0), NOW_MS))
    report = verify(audited.path)
    assert report.breaks == ()
    assert [(chain.writer, chain.links, chain.entries) for chain in report.chains] == [
        ("cli", 1, len(FOUNDING)),
        ("server", 3, 6),
    ]


def test_chain_goes_on_after_a_restart_and_beside_another_writer(audited: OpenedFile) -> None:
    """The head is found in the file, inside the transaction."""
    with open_sqlite(audited.path, StoreOptions(writer="cli", exclusive=False)) as beside:
        beside.save(c.SessionsFromMoved(5, "cli"))
    audited.save(c.SessionsFromMoved(6, "server"))
    audited.await_(audited.store.close())
    with open_sqlite(audited.path) as again:
        again.save(c.SessionsFromMoved(7, "server"))
    report = verify(audited.path)
    assert report.breaks == ()
    assert [(chain.writer, chain.links) for chain in report.chains] == [("cli", 2), ("server", 5)]


def test_long_chain_is_verified_page_by_page(embedded: OpenedFile) -> None:
    """More links than one page holds, and progress is told of each."""

    def lengthen(pen: Pen) -> None:
        head = FIRST
        for number in range(501):
            link = forge_link("server", head, at_ms=number, entries=[b"{}"])
            append_link(pen, link)
            head = Head(link.seq, link.hash)

    embedded.await_(embedded.store.work(lengthen))
    seen: list[int] = []
    with closing(apsw.Connection(str(embedded.path))) as connection:
        view = SqliteView(connection)
        view.stamp(0)
        report = verify_audit(view, seen.append)
    assert report.breaks == ()
    assert seen == list(range(1, 503))


@pytest.mark.parametrize(
    ("sql", "seqs"),
    [
        ("UPDATE audit SET entries = replace(entries, 'SessionOpened', 'SessionEnded') WHERE seq = 2", [2]),
        ("UPDATE audit SET at_ms = at_ms + 1 WHERE writer = 'server' AND seq = 2", [2]),
        ("UPDATE audit SET hash = randomblob(32) WHERE writer = 'server' AND seq = 2", [2, 3]),
        ("UPDATE audit SET previous = randomblob(32) WHERE writer = 'server' AND seq = 2", [2, 2]),
        ("DELETE FROM audit WHERE writer = 'server' AND seq = 2", [3]),
        ("DELETE FROM audit WHERE writer = 'server' AND seq = 1", [2]),
        ("UPDATE audit SET writer = 'cli' WHERE writer = 'server' AND seq = 2", [2, 2, 3]),
    ],
)
def test_alteration_is_found_where_it_was_made(audited: OpenedFile, sql: str, seqs: list[int]) -> None:
    """Content, time, order, owner, or a link taken out."""
    alter(audited.path, sql)
    assert [broken.seq for broken in verify(audited.path).breaks] == seqs


def test_swapped_links_are_found(audited: OpenedFile) -> None:
    """Each is whole, but neither continues the other."""
    for old, new in ((2, 102), (3, 2), (102, 3)):
        alter(audited.path, f"UPDATE audit SET seq = {new} WHERE writer = 'server' AND seq = {old}")
    assert {broken.seq for broken in verify(audited.path).breaks} == {2, 3}


def test_cut_off_end_shows_in_the_head_alone(audited: OpenedFile) -> None:
    """Which is why the report gives the heads: compare them with a copy kept elsewhere."""
    before = verify(audited.path)
    alter(audited.path, "DELETE FROM audit WHERE writer = 'server' AND seq = 3")
    after = verify(audited.path)
    assert after.breaks == ()
    assert after.chains[1].head != before.chains[1].head


def test_every_audited_change_is_told_and_no_other(store: Opened) -> None:
    """Architecture.md, Keys, secrets, audit: by its class, in the order of the unit."""
    store.save(*ACTS)
    [(text,)] = store.rows("SELECT entries FROM audit WHERE writer = 'server'")
    told = [entry["what"] for entry in entries_of(str(text))]
    assert told == [type(change).__name__ for change in ACTS if change.AUDITED]
    acted = {type(change) for change in (*ACTS, *FOUNDING)}
    audited = {change for change in SAVERS if change.AUDITED}
    assert audited <= acted, "give each audited change an act in this test"


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        (
            ACTS[16],
            {"account": ACCOUNT.id, "changed": {"status": ["Confirmed", "Disabled"], "version": [1, 2]}, "by": "cli"},
        ),
        (
            ACTS[20],
            {
                "account": ACCOUNT.id,
                "client": APP.id,
                "changed": {"name": ["Reports", "New"], "version": [1, 2]},
                "new_keys": True,
                "by": "cli",
            },
        ),
        (
            ACTS[28],
            {"use": "sealing", "number": 1, "state": "PUBLISHED", "by": "server"},
        ),
        (
            c.IssuerTrusted(TRUST, None, "cli"),
            {
                "account": ACCOUNT.id,
                "trust": TRUST.id,
                "name": "Deployments",
                "client": APP.id,
                "extension": TRUST.extension_id,
                "issuer": TRUST.issuer,
                "conditions": "repository=acme/app\nsub=repo:acme/*:ref=refs/heads/**",
                "makes_extension": False,
                "by": "cli",
            },
        ),
        (
            c.CredentialDeleted(CREDENTIAL_FOR_ALL, "cli"),
            {
                "account": ACCOUNT.id,
                "extension": AGENT.id,
                "credential": CREDENTIAL_FOR_ALL.id,
                "label": "Night reports",
                "clients": None,
                "expires_ms": NOW_MS + 5000,
                "by": "cli",
            },
        ),
    ],
)
def test_entry_says_what_was_done_to_whom_by_whom(store: Opened, change: c.Change, entry: dict[str, object]) -> None:
    """A change of a row names the fields that differ, before and after."""
    store.save(change)
    [(text,)] = store.rows("SELECT entries FROM audit WHERE writer = 'server'")
    assert entries_of(str(text)) == [{"what": type(change).__name__, **entry}]


def test_no_secret_is_told(store: Opened) -> None:
    """Neither hashes of passwords, secrets and credentials nor wrapped keys, in any spelling (assurance.md P9)."""
    store.save(*ACTS)
    text = "".join(str(row[0]) for row in store.rows("SELECT entries FROM audit"))
    secrets = (
        PASSWORD_HASH.encode(),
        b"argon2id",
        b"hash of a secret",
        b"sealed",
        b"wrapped",
        KEYS.secret_sha256 or b"",
        CREDENTIAL.sha256,
        SIGN_IN.secret_sha256,
        session_of(0).secret_sha256,
    )
    spellings: tuple[Callable[[bytes], str], ...] = (bytes.hex, lambda secret: secret.decode("latin-1"))
    assert [secret for secret in secrets for spell in spellings if spell(secret) in text] == []


def test_refused_unit_leaves_no_entry(store: Opened) -> None:
    """What did not happen is not told."""
    outcomes = store.save_at_once(
        (c.SessionOpened(session_of(0)),),
        (c.SessionOpened(session_of(1)), c.SessionEnded(session_of(9), EndReason.REVOKED, NOW_MS, "")),
    )
    assert outcomes[0] is None
    assert outcomes[1] is not None
    [(text,)] = store.rows("SELECT entries FROM audit WHERE writer = 'server'")
    assert [entry["session"] for entry in entries_of(str(text))] == [session_of(0).id]


@pytest.mark.parametrize("kind", get_args(c.AdminChange), ids=lambda kind: kind.__name__)
def test_every_act_of_an_administrator_says_who_did_it(kind: type[object]) -> None:
    """Creations too: a console has more than one administrator."""
    assert "by" in {field.name for field in fields(kind)}  # type: ignore[arg-type] # every change is a dataclass
