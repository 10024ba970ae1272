import base64

import pytest
from cryptography import x509

from callgate.crypto.connection_keys import new_connection_key, open_connection_key
from callgate.crypto.kek import KeyEncryptionError
from callgate.model.ids import ConnectionId
from tests.crypto.factories import make_kek

ONE = ConnectionId(1)


def test_key_opens_for_its_connection_alone_and_fits_its_certificate() -> None:
    """P10: the database alone signs nothing, and a row cannot be moved to another connection."""
    kek = make_kek()
    made = new_connection_key(kek, connection_id=ONE)
    key = open_connection_key(kek, made.sealed, connection_id=ONE)
    assert x509.load_der_x509_certificate(base64.b64decode(made.certificate)).public_key() == key.public_key()
    with pytest.raises(KeyEncryptionError):
        open_connection_key(kek, made.sealed, connection_id=ConnectionId(2))
    with pytest.raises(KeyEncryptionError):
        open_connection_key(make_kek(2), made.sealed, connection_id=ONE)
    assert "sealed" not in repr(made)
