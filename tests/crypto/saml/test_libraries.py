"""The XML libraries fit together: their wheels carry their own libxml2, and two that differ do not load as one."""

import importlib.metadata

import pytest
import xmlsec
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from callgate.crypto import saml_opinions


def test_xmlsec_and_lxml_carry_one_libxml2() -> None:
    """Elements go from one to the other: a different layout would be read as garbage."""
    assert xmlsec.get_libxml_version() == etree.LIBXML_VERSION == xmlsec.get_libxml_compiled_version()


@pytest.mark.parametrize(("name", "version"), [("python3-saml", "1.16.0"), ("xmlsec", "1.3.17")])
def test_pinned_library_is_the_one_that_was_judged(name: str, version: str) -> None:
    """ADR 22 speaks of these versions; another one is to be read first."""
    assert importlib.metadata.version(name) == version


def test_library_reads_our_clock() -> None:
    """Nothing of python3-saml looks at the machine's clock past this function."""
    saml_opinions._clock.now_s = 1234
    assert OneLogin_Saml2_Utils.now() == 1234
