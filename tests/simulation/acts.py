"""What apps, people and thieves may do: each act draws the rest from the history's seed. Administrators: powers.py."""

from collections.abc import Callable

from callgate.protocol.pkce import s256
from tests.factories import WEB
from tests.simulation.history import APPS, OTHER_URI, PEOPLE, SERVICE, URI, History, Step
from tests.simulation.powers import (
    LEAPS,
    chance,
    change_password,
    change_timeouts,
    expire_credential,
    remove_factor,
    rotate_key,
    set_up_factor,
    sign_out_everywhere,
    switch_app,
    switch_credential,
    switch_person,
    switch_role,
    wait,
)
from tests.simulation.spec import (
    BLOCKED,
    CREDENTIAL_EXPIRED,
    CREDENTIAL_GONE,
    NO_ALLOWANCE,
    WRONG_PASSWORD,
    Expected,
    Life,
    Must,
    Spec,
)
from tests.simulation.world import Carried, Reply, right_password, spell

Act = Callable[[History], None]
Terms = tuple[int, int, str | None]

# --- signing in --------------------------------------------------------------------------------------------------


def log_in(history: History) -> None:
    """A password: right, wrong, or right until it was overtaken by a new one."""
    step = _login(history, manner=history.draw.choices(("right", "wrong", "overtaken"), (90, 5, 5))[0])
    if step:
        history.take(step)


def log_in_twice(history: History) -> None:
    """Two instances of an app sign one person in at once, perhaps as the same endpoint."""
    person = history.draw.choice(history.people)
    first, second = _login(history, person=person), _login(history, person=person)
    if first and second:
        history.race(first, second)


def _login(history: History, *, manner: str = "right", person: str = "") -> Step | None:
    app = next((app for app in history.apps if app in {"desk", "script"}), None)
    if app is None:
        return None
    person = person or history.draw.choice(history.people)
    version = history.spec.people[person].credential
    assert version is not None
    scope_asked, scope = _scope(history)
    terms_asked, terms = _terms(history)
    typed = "wrong" if manner == "wrong" else right_password(version)
    fields = {"grant_type": "password", "username": person, "password": typed, **scope_asked, **terms_asked}
    order = history.next_order(app)

    def expect(spec: Spec) -> Expected:
        if spec.apps[app].blocked:
            return frozenset({BLOCKED})
        if manner == "overtaken":
            spec.people[person].credential = version + 1
        if manner != "right":
            return frozenset({WRONG_PASSWORD})
        life = _life(spec, order, app, person=person, credential=("password", version), scope=scope, terms=terms)
        return spec.begin(life, person_code="OAU-141")

    return Step(
        label=f"login {manner} {order} {app} {person[:3]} {terms_asked}",
        order=order,
        real=lambda: history.world.post(APPS[app], fields, overtaken=manner == "overtaken"),
        spec=expect,
    )


def use_credential(history: History) -> None:
    """A JWT credential, perhaps one that was deleted."""
    if "script" not in history.apps:
        return
    number = history.draw.choice([1, *history.spec.credentials])
    scope_asked, scope = _scope(history)
    terms_asked, terms = _terms(history)
    fields = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": f"jwt-{number}",
        **scope_asked,
        **terms_asked,
    }
    order = history.next_order("script")

    def expect(spec: Spec) -> Expected:
        if number not in spec.credentials and not spec.apps["script"].blocked:
            return frozenset({CREDENTIAL_GONE})
        if number in spec.expired and not spec.apps["script"].blocked:
            return frozenset({CREDENTIAL_EXPIRED})
        life = _life(spec, order, "script", person=PEOPLE[0], credential=("jwt", number), scope=scope, terms=terms)
        return spec.begin(life, person_code="OAU-141")

    real = lambda: history.world.post(APPS["script"], fields)  # noqa: E731 - as the other acts have it
    history.take(Step(label=f"jwt {order} {terms_asked}", order=order, real=real, spec=expect))


def start_pod(history: History) -> None:
    """A service without a user: no seat, no refresh token, as many as it likes."""
    order = history.next_order("pods")
    scope = frozenset(WEB.scopes)

    def expect(spec: Spec) -> Expected:
        version = spec.people[SERVICE].credential
        if version is None and not spec.apps["pods"].blocked:
            return frozenset({NO_ALLOWANCE})
        credential = ("allowance", version or 0)
        life = _life(spec, order, "pods", person=SERVICE, credential=credential, scope=scope, terms=(3600, 0, None))
        life.seated = False
        return spec.begin(life, person_code="OAU-236")

    history.take(
        Step(
            label=f"pod {order}",
            order=order,
            real=lambda: history.world.post(APPS["pods"], {"grant_type": "client_credentials"}),
            spec=expect,
        )
    )


def ask_code(history: History) -> None:
    """A person signs in at a browser and agrees; public apps bring a challenge, others may."""
    app, person = history.draw.choice(history.apps), history.draw.choice(history.people)
    if app == "script":
        return
    order = history.next_order(app)
    held = history.held[order]
    held.uri = history.draw.choice((URI, OTHER_URI))
    held.verifier = f"verifier-{order}".ljust(43, "x") if app != "web" or chance(history, 50) else None
    scope_asked, scope = _scope(history)
    fields = {"redirect_uri": held.uri, **scope_asked}
    if held.verifier:
        fields |= {"code_challenge": s256(held.verifier), "code_challenge_method": "S256"}
    version = history.spec.people[person].credential
    assert version is not None

    def expect(spec: Spec) -> Expected:
        terms = (3600, 604_800, None)
        credential = (_proof(spec, person), version)
        return spec.authorize(_life(spec, order, app, person=person, credential=credential, scope=scope, terms=terms))

    history.take(
        Step(
            label=f"authorize {order} {app} {person[:3]}",
            order=order,
            real=lambda: history.world.authorize(APPS[app].id, person, fields),
            spec=expect,
        )
    )


def redeem(history: History) -> None:
    """A code, by its app with everything it needs; or by a thief who lacks something."""
    step = _redeem(history, thief=chance(history, 30))
    if step:
        history.take(step)


def redeem_twice(history: History) -> None:
    """A page sends its code twice at once."""
    first = _redeem(history, thief=False)
    if first:
        second = _redeem(history, thief=False, order=first.order)
        assert second is not None
        history.race(first, second)


def _redeem(history: History, *, thief: bool, order: int | None = None) -> Step | None:
    coded = [number for number, held in history.held.items() if held.code][-6:]
    if not coded:
        return None
    order = order or history.draw.choice(coded)
    held = history.held[order]
    assert held.code is not None
    lacks = history.draw.choice(("app", "uri", "no uri", "proof", "no proof")) if thief else ""
    app = history.draw.choice(("web", "spa", "desk")) if lacks == "app" else held.app
    uri = {"uri": "https://app.example/evil", "no uri": ""}.get(lacks, held.uri)
    verifier = {"proof": "y" * 43, "no proof": ""}.get(lacks, held.verifier or "")
    terms_asked, terms = _terms(history)
    fields = {
        "grant_type": "authorization_code",
        "code": spell(held.code),
        "redirect_uri": uri,
        "code_verifier": verifier,
        **terms_asked,
    }
    proof = verifier == (held.verifier or "")
    return Step(
        label=f"redeem {order} by {app} lacking {lacks or 'nothing'} {terms_asked}",
        order=order,
        real=lambda: history.world.post(APPS[app], fields),
        spec=lambda spec: spec.redeem(spec.life(order), app, uri=uri == held.uri, proof=proof, terms=terms),
    )


# --- devices -------------------------------------------------------------------------------------------------------

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DEVICES = ("desk", "script")


def connect_device(history: History) -> None:
    """A device asks for its codes, and begins to wait."""
    app = next((app for app in history.apps if app in DEVICES), None)
    if app is None:
        return
    order = history.next_order(app)
    scope_asked, history.held[order].scope = _scope(history)
    history.take(
        Step(
            label=f"connect {order} {app}",
            order=order,
            real=lambda: history.world.connect(APPS[app], scope_asked),
            spec=lambda spec: spec.connect(order, app),
        )
    )


def answer_device(history: History) -> None:
    """A person types its code: mostly one that waits, and mostly with a yes."""
    step = _answer(history)
    if step:
        history.take(step)


def answer_device_twice(history: History) -> None:
    """Two people have the code, or one has two tabs."""
    first = _answer(history)
    if first:
        second = _answer(history, order=first.order)
        assert second is not None
        history.race(first, second)


def let_in_late(history: History) -> None:
    """Between the yes and the poll, something happens that would end a session."""
    connect_device(history)
    answer_device(history)
    history.draw.choice(
        (change_password, sign_out_everywhere, change_timeouts, switch_person, set_up_factor, remove_factor, wait)
    )(history)
    history.pass_time(1)
    poll_device(history)


def poll_device(history: History) -> None:
    """A device asks for its tokens."""
    step = _poll(history)
    if step:
        history.take(step)


def poll_device_twice(history: History) -> None:
    """A device that lost its patience asks twice at once."""
    step = _poll(history)
    if step:
        history.race(step, step)


def _proof(spec: Spec, person: str) -> str:
    """What whoever signs in at a browser proves: more than a password, from when they have something to do it with."""
    return spec.people[person].second_factor or "password"


def _answer(history: History, order: int | None = None) -> Step | None:
    order = order or _device(history)
    if order is None:
        return None
    waiting, person, yes = history.held[order].device, history.draw.choice(history.people), chance(history, 80)
    assert waiting is not None
    version = history.spec.people[person].credential
    assert version is not None

    def expect(spec: Spec) -> Expected:
        app, scope = spec.devices[order].app, history.held[order].scope
        terms = (3600, 604_800, None)
        credential = (_proof(spec, person), version)
        life = _life(spec, order, app, person=person, credential=credential, scope=scope, terms=terms)
        return spec.answer(order, life, yes=yes)

    return Step(
        label=f"answer {order} {person[:3]} {yes}",
        order=order,
        real=lambda: history.world.answer(waiting, person, agreed=yes),
        spec=expect,
    )


def _poll(history: History) -> Step | None:
    order = _device(history)
    if order is None:
        return None
    waiting = history.held[order].device
    assert waiting is not None
    app = history.draw.choice(DEVICES) if chance(history, 10) else history.held[order].app
    terms_asked, terms = _terms(history)
    fields = {"grant_type": GRANT, "device_code": spell(waiting), **terms_asked}
    return Step(
        label=f"poll {order} by {app} {terms_asked}",
        order=order,
        real=lambda: history.world.post(APPS[app], fields),
        spec=lambda spec: spec.poll(order, app, terms),
    )


def _device(history: History) -> int | None:
    """A device that was connected lately."""
    connected = [order for order, held in history.held.items() if held.device][-3:]
    return history.draw.choice(connected) if connected else None


# --- using tokens --------------------------------------------------------------------------------------------------


def refresh(history: History) -> None:
    """A refresh token: mostly the newest, often its parent, sometimes an older one, or by another app."""
    step = _refresh(history)
    if step:
        history.take(step)


def refresh_twice(history: History) -> None:
    """A hundred processes share one token; two of them are enough to race."""
    step = _refresh(history)
    if step:
        history.race(step, step)


def refresh_while_revoked(history: History) -> None:
    """The user signs out in one tab while another refreshes."""
    first = _refresh(history)
    if first:
        steps = [first, _revoke(history, first.order)]
        history.draw.shuffle(steps)
        history.race(steps[0], steps[1])


def lose_replies(history: History) -> None:
    """A refresh whose reply is lost is repeated, now or much later, while other things may happen."""
    found = _tokens(history)
    for _ in range(history.draw.randint(2, 4)):
        step = _refresh(history, found)
        if step is None:
            return
        history.take(step)
        history.pass_time(1 + history.draw.choice(LEAPS[:-2]))
        if chance(history, 40):
            call_api(history)
        if chance(history, 15):
            history.draw.choice((rotate_key, switch_person, change_timeouts))(history)


def _refresh(history: History, found: tuple[int, int] | None = None) -> Step | None:
    found = found or _tokens(history)
    if found is None:
        return None
    order, generation = found
    held = history.held[order]
    token = held.pairs[generation].refresh
    if token is None:
        return None
    app = history.draw.choice(("web", "spa", "desk", "script")) if chance(history, 6) else held.app
    wider = chance(history, 4)
    fields = {"grant_type": "refresh_token", "refresh_token": spell(token), "scope": "SMS" if wider else ""}
    return Step(
        label=f"refresh {order}.{generation} by {app}{' wider' if wider else ''}",
        order=order,
        real=lambda: history.world.post(APPS[app], fields),
        spec=lambda spec: spec.refresh(spec.life(order), app, generation, wider=wider),
    )


def call_api(history: History) -> None:
    """An access token is used; its mark is made at once, late, or lost."""
    found = _tokens(history)
    if found is None:
        return
    order, generation = found
    access = history.held[order].pairs[generation].access
    marked = chance(history, 70)
    if not marked and chance(history, 60):
        history.late_marks.append(found)

    def expect(spec: Spec) -> Expected:
        life = spec.life(order)
        expected = spec.use(life, generation)
        if isinstance(expected, Must) and marked:
            spec.mark(life, generation, at=spec.now)
        elif isinstance(expected, Must):
            spec.leave_unmarked(life, generation)
        return expected

    history.take(
        Step(
            label=f"use {order}.{generation}{'' if marked else ' unmarked'}",
            order=order,
            real=lambda: history.world.call(access, marked=marked),
            spec=expect,
            presented=access,
        )
    )


def mark_late(history: History) -> None:
    """A lazy write is made at last, whatever became of its session."""
    if not history.late_marks:
        return
    order, generation = history.late_marks.pop(0)
    access = history.held[order].pairs[generation].access

    def mark() -> Reply:
        history.world.mark(access)
        return Carried()

    def expect(spec: Spec) -> Expected:
        spec.mark_late(spec.life(order), generation)
        return Must()

    history.take(Step(label=f"late mark {order}.{generation}", order=order, real=mark, spec=expect))


def revoke(history: History) -> None:
    """Any token of a session, by its app or by another."""
    found = _tokens(history)
    if found:
        history.take(_revoke(history, found[0]))


def _revoke(history: History, order: int) -> Step:
    held = history.held[order]
    given = history.draw.choice(list(held.pairs.values()))
    token = given.refresh if given.refresh and chance(history, 50) else given.access
    app = history.draw.choice(("web", "spa", "desk", "script")) if chance(history, 15) else held.app
    return Step(
        label=f"revoke {order}.{token.generation} ({token.kind.value}) by {app}",
        order=order,
        real=lambda: history.world.revoke(APPS[app], token),
        spec=lambda spec: spec.revoke(spec.life(order), app),
        revokes=app == held.app,
    )


def _tokens(history: History) -> tuple[int, int] | None:
    """A life and one of its generations, dead ones as well."""
    orders = [order for order, held in history.held.items() if held.pairs][-6:]
    if not orders:
        return None
    order = history.draw.choice(orders)
    given = sorted(history.held[order].pairs, reverse=True)
    back = history.draw.choices((0, 1, 2, 3), (50, 32, 12, 6))[0]
    return order, given[min(back, len(given) - 1)]


# --- what an opening asks for --------------------------------------------------------------------------------------


def _life(
    spec: Spec,
    order: int,
    app: str,
    *,
    person: str,
    credential: tuple[str, int],
    scope: frozenset[str],
    terms: Terms,
) -> Life:
    access_s, refresh_s, endpoint = terms
    return Life(app, person, spec.now, order, credential, scope, access_s, refresh_s, endpoint)


def _terms(history: History) -> tuple[dict[str, str], Terms]:
    """Lifetimes and endpoint as form fields, and what they come to."""
    access_s = history.draw.choice((3600, 3600, 3600, 1000, 600))
    refresh_s = history.draw.choice((604_800, 604_800, 604_800, 604_800, 2000, 30, 0))
    endpoint = history.draw.choice((None, None, "a", "b"))
    fields = {"access_token_ttl": str(access_s), "refresh_token_ttl": str(refresh_s), "endpoint_id": endpoint or ""}
    return fields, (access_s, refresh_s, endpoint)


def _scope(history: History) -> tuple[dict[str, str], frozenset[str]]:
    """A scope to ask for, and what is given."""
    asked = history.draw.choice(("", "", "ReadCallLog", "ReadCallLog Nothing"))
    return {"scope": asked}, frozenset({"ReadCallLog"} if asked else WEB.scopes)


ACTS: dict[Act, int] = {
    wait: 26,
    refresh: 20,
    lose_replies: 6,
    call_api: 16,
    log_in: 8,
    ask_code: 8,
    redeem: 11,
    use_credential: 4,
    start_pod: 1,
    revoke: 3,
    mark_late: 3,
    connect_device: 4,
    answer_device: 5,
    answer_device_twice: 1,
    poll_device: 8,
    poll_device_twice: 2,
    let_in_late: 4,
    refresh_twice: 3,
    refresh_while_revoked: 1,
    redeem_twice: 2,
    log_in_twice: 2,
    change_password: 1,
    switch_person: 3,
    set_up_factor: 1,
    remove_factor: 1,
    sign_out_everywhere: 1,
    switch_app: 4,
    switch_credential: 2,
    expire_credential: 1,
    switch_role: 2,
    change_timeouts: 3,
    rotate_key: 1,
}
"""Each act, and how often it is drawn beside the others."""


def run(seed: int, *, steps: int) -> History:
    """One history of so many steps. Raises AssertionError with the seed and the last of them."""
    history = History(seed)
    for number in range(steps):
        history.pass_time(1)
        act = history.draw.choices(list(ACTS), list(ACTS.values()))[0]
        try:
            act(history)
            history.watch.look()
        except AssertionError as broken:
            story = "\n  ".join(history.told[-25:])
            raise AssertionError(f"seed {seed}, step {number}: {broken}\n  {story}") from broken
    return history
