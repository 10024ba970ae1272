"""What must happen: the session's rules as the architecture tells them, executable, and written without the code.

One `Life` is one authorization from its code to its end. Every method says what the server must answer: the life and
pair that an answer stands for, or the denials of which it must be one (where several reasons hold, any may be told).
Figures stand here as the documents have them; nothing is imported from the code they judge.
"""

from dataclasses import dataclass, field

SECOND = 1000
MINUTE = 60 * SECOND

EXPIRED, REVOKED, UNKNOWN = "OAU-210", "OAU-211", "OAU-213"
API_EXPIRED, API_SUPERSEDED, API_UNKNOWN = "OAU-128", "OAU-129", "OAU-213"
BAD_CODE, OLD_CODE, OTHER_URI, OTHER_APP = "OAU-106", "OAU-108", "OAU-109", "OAU-110"
BLOCKED, WRONG_PASSWORD, MAY_NOT_SIGN_IN = "OAU-127", "OAU-140", "OAU-141"
MORE_THAN_A_PASSWORD = "OAU-168"
DISABLED, CREDENTIAL_GONE, NO_ALLOWANCE, WIDER = "OAU-236", "CGT-113", "OAU-251", "CGT-111"
NOT_FOREIGN, CREDENTIAL_EXPIRED = "CMN-408", "CGT-114"

WAITING, OLD_DEVICE, REFUSED_DEVICE, OTHERS_DEVICE, USED_DEVICE = "CGT-180", "CGT-182", "CGT-183", "CGT-184", "CGT-185"
NO_DEVICE = "CGT-187"


@dataclass
class App:
    """An app as far as sessions depend on it."""

    public: bool
    cap: int
    strict: bool = False
    blocked: bool = False
    foreign: bool = False


@dataclass
class Person:
    """A person or a service, whose password or allowance has a version (None: taken away)."""

    enabled: bool = True
    second_factor: str = ""
    """What they prove at a browser beside the password, or instead of it."""
    credential: int | None = 1
    signed_out_before: int = 0


@dataclass
class Pair:
    """One generation: when it was made, since when its times run, when its access token was first used."""

    made: int
    issued: int
    key: int
    used: int | None = None
    unwritten: int | None = None
    """When it was last used without being marked; the mark may come late, or never."""


@dataclass
class Life:
    """One authorization. `over` holds the denials that its end may be told by; empty while nothing ended it."""

    app: str
    person: str
    opened: int
    order: int
    credential: tuple[str, int]
    scope: frozenset[str] = frozenset()
    access_s: int = 3600
    refresh_s: int = 604_800
    endpoint: str | None = None
    seated: bool = True
    redeemed: int | None = None
    pairs: list[Pair] = field(default_factory=list)
    over: frozenset[str] = frozenset()


@dataclass
class Device:
    """A device's code: who asked when, what was said, and the life that comes of a yes."""

    app: str
    asked: int
    answer: str = ""
    life: Life | None = None
    used: bool = False


@dataclass(frozen=True)
class Must:
    """The answer: tokens of a life's pair (its number, from 1), or a plain yes where `pair` is 0."""

    life: Life | None = None
    pair: int = 0
    access_s: int = 0
    refresh_s: int | None = None


Expected = Must | frozenset[str]


def no(*codes: str) -> frozenset[str]:
    """One of these denials."""
    return frozenset(codes)


class Spec:
    """The cell: its clock, its time-outs, its apps and people, and every life there was."""

    def __init__(self) -> None:
        self.now = 0
        self.key = 1
        self.all_out_before = 0
        self.absolute_s = 0
        self.idle_s = 0
        self.foreign_apps = True
        self.apps: dict[str, App] = {}
        self.people: dict[str, Person] = {}
        self.credentials: set[int] = set()
        self.expired: set[int] = set()
        self.lives: list[Life] = []
        self.devices: dict[int, Device] = {}

    def life(self, order: int) -> Life:
        """A life by the order in which it was asked for."""
        return next(life for life in self.lives if life.order == order)

    # --- what is alive -------------------------------------------------------------------------------------------

    def ends(self, life: Life) -> frozenset[str]:
        """Denials by comparison with today: empty while the life stands."""
        issued = life.pairs[-1].issued if life.pairs else life.opened
        person = self.people[life.person]
        found = set()
        if self.apps[life.app].blocked or self.credential(life) != life.credential[1]:
            found.add(REVOKED)
        if life.credential[0] == "password" and person.second_factor:
            found.add(REVOKED)
        if issued < max(self.all_out_before, person.signed_out_before):
            found.add(REVOKED)
        if self.absolute_s and self.now >= life.opened + self.absolute_s * SECOND:
            found.add(EXPIRED)
        if self.idle_s and self.now >= issued + self.idle_s * SECOND:
            found.add(EXPIRED)
        return frozenset(found)

    def credential(self, life: Life) -> int | None:
        """Today's version of what opened a life."""
        kind, version = life.credential
        if kind == "jwt":
            return version if version in self.credentials else None
        return self.people[life.person].credential

    def access_end(self, life: Life) -> int:
        """When the newest access token expires."""
        return life.pairs[-1].issued + life.access_s * SECOND

    def refresh_end(self, life: Life) -> int:
        """When the newest refresh token expires."""
        return life.pairs[-1].issued + life.refresh_s * SECOND

    def spent(self, life: Life) -> bool:
        """Whether the times of all its tokens, or of its code, have run out."""
        if not life.pairs:
            return self.now >= life.opened + 60 * SECOND
        return self.now >= max(self.access_end(life), self.refresh_end(life))

    def alive(self, life: Life) -> bool:
        """Whether anything of it can be used by a person who works."""
        return not (life.over or self.ends(life) or self.spent(life))

    def barred(self, app: str) -> bool:
        """Whether the role of today keeps everybody from an app of another company."""
        return self.apps[app].foreign and not self.foreign_apps

    def beside(self, life: Life) -> list[Life]:
        """The other lives of its seat that are of its kind, codes or sessions, and not remembered as over."""
        return [
            other
            for other in self.lives
            if other is not life
            and other.seated
            and not other.over
            and (other.app, other.person) == (life.app, life.person)
            and bool(other.pairs) == bool(life.pairs)
        ]

    # --- what is opened --------------------------------------------------------------------------------------------

    def sit_down(self, life: Life, most: int) -> None:
        """Whoever is over already goes; its own endpoint's session is replaced; the oldest rise for it."""
        staying = []
        for other in self.beside(life):
            if self.alive(other):
                staying.append(other)
            else:
                other.over = self.ends(other) or no(EXPIRED)
        for other in [s for s in staying if life.endpoint is not None and s.endpoint == life.endpoint]:
            other.over = no(REVOKED)
            staying.remove(other)
        staying.sort(key=lambda s: (s.pairs[-1].made if s.pairs else s.opened, s.order))
        while len(staying) >= most:
            staying.pop(0).over = no(REVOKED)

    def begin(self, life: Life, *, person_code: str) -> Expected:
        """Tokens at once: a password, a JWT credential, an allowance."""
        if self.apps[life.app].blocked:
            return no(BLOCKED)
        if not self.people[life.person].enabled:
            return no(person_code)
        if life.credential[0] == "password" and self.people[life.person].second_factor:
            return no(MORE_THAN_A_PASSWORD)
        if self.barred(life.app):
            return no(NOT_FOREIGN)
        life.pairs.append(Pair(self.now, self.now, self.key))
        life.redeemed = self.now
        if life.seated:
            self.sit_down(life, self.apps[life.app].cap)
        self.lives.append(life)
        return self.tokens(life)

    def authorize(self, life: Life) -> Expected:
        """A code: at most five wait, the sixth replaces the oldest."""
        if self.apps[life.app].blocked:
            return no(BLOCKED)
        if not self.people[life.person].enabled:
            return no(MAY_NOT_SIGN_IN)
        if self.barred(life.app):
            return no(NOT_FOREIGN)
        self.sit_down(life, 5)
        self.lives.append(life)
        return Must(life)

    def redeem(self, life: Life, app: str, *, uri: bool, proof: bool, terms: tuple[int, int, str | None]) -> Expected:
        """A code becomes tokens, once, within a minute, for whoever it was made."""
        if self.apps[app].blocked:
            return no(BLOCKED)
        if app != life.app:
            return no(OTHER_APP)
        if not (uri and proof):
            return no(*([] if uri else [OTHER_URI]), *([] if proof else [BAD_CODE]))
        if life.over:
            return no(BAD_CODE)
        if life.redeemed is not None:
            if self.now - life.redeemed > 10 * SECOND:
                life.over = no(REVOKED)
            return no(BAD_CODE)
        refused = set()
        if self.now >= life.opened + 60 * SECOND:
            refused.add(OLD_CODE)
        if self.ends(life):
            refused.add(BAD_CODE)
        if not self.people[life.person].enabled:
            refused.add(DISABLED)
        if self.barred(app):
            refused.add(NOT_FOREIGN)
        if refused:
            return frozenset(refused)
        life.access_s, life.refresh_s, life.endpoint = terms
        life.pairs.append(Pair(self.now, self.now, self.key))
        life.redeemed = self.now
        self.sit_down(life, self.apps[app].cap)
        return self.tokens(life)

    # --- devices ---------------------------------------------------------------------------------------------------

    def connect(self, order: int, app: str) -> Expected:
        """A device begins to wait."""
        if self.apps[app].blocked:
            return no(BLOCKED)
        self.devices[order] = Device(app, self.now)
        return Must(Life(app, "", self.now, order, ("", 0)))

    def answer(self, order: int, life: Life, *, yes: bool) -> Expected:
        """A person says yes or no, once, within a quarter of an hour; whoever may not sign in may say no."""
        device = self.devices[order]
        if device.answer or self.now >= device.asked + 15 * MINUTE:
            return no(NO_DEVICE)
        if self.apps[device.app].blocked:
            return no(BLOCKED)
        if yes and not self.people[life.person].enabled:
            return no(MAY_NOT_SIGN_IN)
        device.answer, device.life = ("yes", life) if yes else ("no", None)
        return Must()

    def poll(self, order: int, app: str, terms: tuple[int, int, str | None]) -> Expected:
        """Tokens for a yes, once; and not when anything since would have ended them."""
        device = self.devices[order]
        if self.apps[app].blocked:
            return no(BLOCKED)
        if app != device.app:
            return no(OTHERS_DEVICE)
        if device.used:
            return no(USED_DEVICE)
        if self.now >= device.asked + 15 * MINUTE:
            return no(OLD_DEVICE)
        if not device.answer:
            return no(WAITING)
        life = device.life
        if life is None:
            return no(REFUSED_DEVICE)
        refused = set()
        if not self.people[life.person].enabled:
            refused.add(DISABLED)
        if self.ends(life):
            refused.add(REFUSED_DEVICE)
        if refused:
            return frozenset(refused)
        device.used = True
        life.opened = self.now
        life.access_s, life.refresh_s, life.endpoint = terms
        return self.begin(life, person_code=DISABLED)

    # --- what is used ----------------------------------------------------------------------------------------------

    def refresh(self, life: Life, app: str, generation: int, *, wider: bool = False) -> Expected:
        """The newest token rotates; its parent repeats for a while; anything older is theft."""
        if self.apps[app].blocked:
            return no(BLOCKED)
        if app != life.app:
            return no(UNKNOWN)
        if life.over:
            return life.over
        if self.ends(life):
            return self.ends(life)
        if self.spent(life):
            return no(EXPIRED)
        newest, pair = len(life.pairs), life.pairs[-1]
        if generation < newest - 1:
            return self._theft(life)
        if generation == newest - 1 and not self._in_window(pair):
            if self.apps[app].public or self.apps[app].strict:
                return self._theft(life)
            return no(UNKNOWN)
        refused = set()
        if not self.people[life.person].enabled:
            refused.add(DISABLED)
        if self.barred(app):
            refused.add(NOT_FOREIGN)
        if self.now >= self.refresh_end(life):
            refused.add(EXPIRED)
        if wider:
            refused.add(WIDER)
        if refused:
            return frozenset(refused)
        if generation == newest:
            life.pairs.append(Pair(self.now, self.now, self.key))
        elif pair.used is None and self.access_end(life) - self.now < life.access_s * SECOND / 2:
            pair.issued = self.now
        return self.tokens(life)

    def _theft(self, life: Life) -> Expected:
        life.over = no(REVOKED)
        return no(REVOKED)

    def _in_window(self, pair: Pair) -> bool:
        if pair.used is None:
            return self.now - pair.made <= 60 * MINUTE
        return self.now - pair.used <= 10 * SECOND

    def use(self, life: Life, generation: int) -> Expected:
        """Only the newest access token works, while its life, its session and its person do."""
        if life.over:
            return no(*(API_EXPIRED if code == EXPIRED else API_UNKNOWN for code in life.over), API_UNKNOWN)
        refused = set()
        if generation < len(life.pairs):
            refused.add(API_SUPERSEDED)
        if self.ends(life) or not self.people[life.person].enabled:
            refused.add(API_UNKNOWN)
        if self.barred(life.app):
            refused.add(NOT_FOREIGN)
        if self.now >= self.access_end(life):
            refused.add(API_EXPIRED)
        return frozenset(refused) if refused else Must(life)

    def mark(self, life: Life, generation: int, *, at: int) -> None:
        """The first use is noted once, while its generation lives, where a refresh token precedes it."""
        newest = len(life.pairs)
        if not life.over and generation == newest > 1 and life.refresh_s and life.pairs[-1].used is None:
            life.pairs[-1].used = at

    def leave_unmarked(self, life: Life, generation: int) -> None:
        """A use whose lazy write is under way: nothing, where there was a mark already."""
        pair = life.pairs[generation - 1]
        pair.unwritten = self.now if pair.used is None else None

    def mark_late(self, life: Life, generation: int) -> None:
        """The lazy write arrives, and says when the use was."""
        used = life.pairs[generation - 1].unwritten
        if used is not None:
            self.mark(life, generation, at=used)

    def revoke(self, life: Life, app: str) -> Expected:
        """Any token of the caller's own ends the whole session; the answer is always the same."""
        if app == life.app and not life.over:
            life.over = no(REVOKED)
        return Must()

    def tokens(self, life: Life) -> Must:
        """The newest pair, with what remains of it, never beyond the account's time-outs."""
        ends = [self.now + 10**12]
        if self.absolute_s:
            ends.append(life.opened + self.absolute_s * SECOND)
        if self.idle_s:
            ends.append(life.pairs[-1].issued + self.idle_s * SECOND)

        def left(end: int) -> int:
            return max(0, min(end, *ends, end) - self.now) // SECOND

        refresh_s = left(self.refresh_end(life)) if life.refresh_s else None
        return Must(life, len(life.pairs), left(self.access_end(life)), refresh_s)
