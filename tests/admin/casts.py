"""The cast of seeded calls in tests: two people and a queue of one account."""

from callgate.admin.seed_call_kinds import Cast, Speaker
from callgate.admin.seed_calls import make_calls
from callgate.model.calls import CallRecord
from callgate.model.ids import AccountId, ExtensionId

ACCOUNT = AccountId(1001)
ADMIN = Speaker(ExtensionId(1001), "101", "Ada Byron", "+12025550100")
AGENT = Speaker(ExtensionId(1002), "102", "Alan Mathison", "+12025550102")
QUEUE = Speaker(ExtensionId(1005), "105", "Support", "+12025550105")
CAST = Cast(ACCOUNT, "+12025550100", (ADMIN, AGENT), QUEUE)
SEEDED_MS = 1_760_000_000_000

SEEDED: tuple[CallRecord, ...] = make_calls(CAST, seeded_ms=SEEDED_MS)
"""Their call log; making it takes longer than most tests."""
