"""What discovery may promise, from the apps there are, at a cost that does not grow with them."""

from callgate.model.changes import AppRegistered
from callgate.model.client import GrantType, Switch
from callgate.model.facts import OffersFacts
from callgate.model.ids import ClientId
from callgate.model.lookups import OffersLookup
from callgate.storage.load_offers import OFFERS
from tests.storage.engines import Opened, OpenedFile
from tests.storage.world import APP, KEYS


def test_offers_are_what_at_least_one_app_may_use(store: Opened) -> None:
    """Ruling 12: no more than that. `APP` has the switch for plain challenges."""
    assert store.read(OffersLookup()) == OffersFacts(True, False, False, False)
    old = APP._replace(id=ClientId("old"), name="Old", grants=frozenset({GrantType.IMPLICIT}))
    store.save(AppRegistered(old, KEYS, "cli"))
    assert store.read(OffersLookup()) == OffersFacts(True, True, False, False)
    job = APP._replace(
        id=ClientId("job"), name="Job", grants=frozenset({GrantType.REFRESH_TOKEN, GrantType.SAML2_BEARER})
    )
    store.save(AppRegistered(job, KEYS, "cli"))
    assert store.read(OffersLookup()) == OffersFacts(True, True, True, False)
    screen = APP._replace(id=ClientId("tv"), name="Screen", grants=frozenset({GrantType.DEVICE_CODE}))
    store.save(AppRegistered(screen, KEYS, "cli"))
    assert store.read(OffersLookup()) == OffersFacts(True, True, True, True)
    assert Switch.PKCE_PLAIN in APP.switches


def test_offers_are_found_without_looking_at_every_app(embedded: OpenedFile) -> None:
    """Anybody may ask for the discovery documents, as often as they like: 100,000 apps took 75 ms each time."""
    plan = [str(row[3]) for row in embedded.rows(f"EXPLAIN QUERY PLAN {OFFERS}")]
    looks = [line for line in plan if "client" in line]
    assert len(looks) == 4
    assert all("INDEX client_" in line for line in looks), plan
