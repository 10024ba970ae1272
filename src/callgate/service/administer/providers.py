"""Identity providers as they describe themselves, in a file or at an address, read into what a connection keeps."""

from dataclasses import dataclass

from callgate.crypto.certificates import CertificateFault, read_certificate
from callgate.crypto.saml_metadata import METADATA_BYTES_MAX, MetadataRefused, read_idp_metadata
from callgate.crypto.strict_json import parse_object
from callgate.model.acts import Refused
from callgate.model.connection import CERTIFICATES_MAX
from callgate.model.fetch import NotFetched
from callgate.protocol.administer.discovery import OidcProvider, discovery_url, read_discovery
from callgate.service.administer.desk import Desk
from callgate.service.key_sets import NoKeys, fetch_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlProvider:
    """Who a SAML provider is, where browsers are sent, what it signs with: the primary certificate first."""

    issuer: str
    sso_url: str
    certificates: tuple[str, ...]


async def fetch_metadata(desk: Desk, url: str) -> bytes | Refused:
    """The document at an address, which must be public unless a setting permits it (assurance.md S25)."""
    answer = await desk.fetcher.get(url, bytes_max=METADATA_BYTES_MAX)
    if isinstance(answer, NotFetched):
        return Refused(f"nothing was fetched from {url}: {answer}")
    return answer.body


async def discover_oidc_provider(desk: Desk, issuer: str) -> OidcProvider | Refused:
    """The OpenID Connect provider of this issuer, whose keys could be read just now."""
    url = discovery_url(issuer)
    answer = await desk.fetcher.get(url)
    if isinstance(answer, NotFetched):
        return Refused(f"nothing was fetched from {url}: {answer}")
    provider = read_discovery(parse_object(answer.body) or {}, issuer=issuer)
    if isinstance(provider, Refused):
        return Refused(f"{url} cannot be used: {provider.problem}")
    keys = await fetch_keys(desk.fetcher, provider.jwks_url)
    return Refused(keys.why) if isinstance(keys, NoKeys) else provider


def read_saml_provider(metadata: bytes) -> SamlProvider | Refused:
    """The provider that SAML metadata describes."""
    read = read_idp_metadata(metadata)
    if isinstance(read, MetadataRefused):
        return Refused(f"the metadata cannot be used: {read.reason}")
    if len(read.certificates) > CERTIFICATES_MAX:
        return Refused(
            f"the metadata has {len(read.certificates)} certificates to sign with, and a connection two: "
            "give --issuer, --sso-url, --certificate and --secondary-certificate instead"
        )
    kept = [read_certificate(text.encode()) for text in read.certificates]
    weak = [each for each in kept if isinstance(each, CertificateFault)]
    if weak:
        return Refused(f"a certificate of the metadata cannot be used: {weak[0].value}")
    certificates = tuple(each for each in kept if isinstance(each, str))
    return SamlProvider(issuer=read.entity_id, sso_url=read.sso_url, certificates=certificates)
