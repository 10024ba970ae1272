"""Service discovery as the JS SDK reads it (protocol.md F): every field it dereferences, every address our own."""

import json

import pytest

from callgate.web.entry_points import describe_external, describe_initial, describe_versions
from callgate.web.links import JsonObject

BASE = "http://127.0.0.1:8080"

READ_OF_INITIAL = [
    "retryCount",
    "retryInterval",
    "discoveryApi.defaultExternalUri",
    "authApi.authorizationUri",
    "authApi.defaultTokenUri",
    "coreApi.baseUri",
    "rcv.baseApiUri",
]
READ_OF_EXTERNAL = [
    "retryCount",
    "retryInterval",
    "retryCycleDelay",
    "expiresIn",
    "discoveryApi.externalUri",
    "discoveryApi.initialUri",
    "authApi.authorizationUri",
    "authApi.tokenUri",
    "authApi.baseUri",
    "coreApi.baseUri",
    "rcv.baseApiUri",
]


def dig(document: object, path: str) -> object:
    """What stands at a path of a document."""
    for name in path.split("."):
        assert isinstance(document, dict)
        document = document[name]
    return document


@pytest.mark.parametrize("path", READ_OF_INITIAL)
def test_initial_has_what_the_sdk_reads(path: str) -> None:
    """The column "Read by js SDK?" of the table."""
    assert dig(describe_initial(BASE, brand_id="1210"), path)


@pytest.mark.parametrize("path", READ_OF_EXTERNAL)
def test_external_has_what_the_sdk_reads(path: str) -> None:
    """The column "Read by js SDK?" of the table."""
    assert dig(describe_external(BASE, brand_id="1210"), path)


@pytest.mark.parametrize(
    "document", [describe_initial(BASE, brand_id="3610"), describe_external(BASE, brand_id="3610")]
)
def test_every_address_is_on_the_servers_own_base_url(document: JsonObject) -> None:
    """protocol.md N.10: discovery must point at the local base URL."""
    text = json.dumps(document)
    assert "ringcentral" not in text
    assert text.count("://") == text.count(BASE)
    assert document["brandId"] == "3610"


def test_versions_are_told_in_the_shape_of_the_specification() -> None:
    """protocol.md I.4."""
    document = describe_versions(BASE)
    assert document["uri"] == f"{BASE}/restapi"
    assert document["serverVersion"]
    match document["apiVersions"]:
        case [version]:
            assert dig(version, "uri") == f"{BASE}/restapi/v1.0"
            assert dig(version, "uriString") == "v1.0"
        case other:
            pytest.fail(f"one version expected, not {other}")
