"""Whoever publishes something to be fetched: honest and hostile HTTP servers on loopback, which count who comes."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Publisher:
    """A server that is running, and how many connections were made to it."""

    host: str
    port: int
    connections: int = 0

    def url(self, scheme: str = "http", host: str | None = None) -> str:
        """Where it is."""
        name = host or self.host
        return f"{scheme}://{f'[{name}]' if ':' in name else name}:{self.port}/keys"


@asynccontextmanager
async def publishing(
    answer: Answer, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Publisher]:
    """Listen; each connection's request is read and answered with `answer`."""
    publisher = Publisher(host, port)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        publisher.connections += 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # who asked has heard enough, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, port, ssl=tls)
    publisher.port = server.sockets[0].getsockname()[1]
    try:
        yield publisher
    finally:
        server.close()


def says(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> Answer:
    """A whole answer."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        head = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers)
        writer.write(b"\r\n".join(head) + b"\r\n\r\n" + body)

    return answer


def make_tls(folder: Path, *names: str) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for these names and addresses, and the file with the authority that vouches for it."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("Test authority", authority_key, signer=authority_key, names=None)
    certificate = _certificate("Publisher", key, signer=authority_key, names=names)
    authority_file, chain_file = folder / "authority.pem", folder / "chain.pem"
    authority_file.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain_file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain_file)
    return context, authority_file


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, *, signer: ec.EllipticCurvePrivateKey, names: tuple[str, ...] | None
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
    )
    if names is not None:
        alternatives = [_alternative(each) for each in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    return x509.DNSName(name) if any(char.isalpha() for char in name) else x509.IPAddress(ip_address(name))
