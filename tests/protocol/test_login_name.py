import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model.account import LoginName
from callgate.protocol.login_name import normal_phone, parse_login_name
from tests.protocol.hostile import texts


def phone(number: str, extension: str | None = None) -> LoginName:
    """A login by phone."""
    return LoginName(None, number, extension)


@pytest.mark.parametrize(
    ("username", "extension", "login"),
    [
        ("+12025550100", None, phone("12025550100")),
        ("12025550100", None, phone("12025550100")),
        (" 12025550100", None, phone("12025550100")),  # a '+' that was not percent-encoded
        ("+1 (202) 555-01.00", None, phone("12025550100")),
        ("+1\u00a0202\u00a05550100", None, phone("12025550100")),
        ("+12025550100*102", None, phone("12025550100", "102")),
        ("+12025550100", "102", phone("12025550100", "102")),
        ("+12025550100", " 102 ", phone("12025550100", "102")),
        ("+12025550100", "", phone("12025550100")),
        ("+12025550100*", "102", phone("12025550100", "102")),
        ("+12025550100*102", "103", phone("12025550100", "102")),
        ("Ada@Northwind.Example", None, LoginName("ada@northwind.example", None, None)),
        (" ada@northwind.example ", "102", LoginName("ada@northwind.example", None, None)),
        ("1234@x", None, LoginName("1234@x", None, None)),
        ("12345", None, phone("12345")),
        ("123456789012345", None, phone("123456789012345")),
    ],
)
def test_login_name_is_normal_when_it_has_a_possible_form(
    username: str, extension: str | None, login: LoginName
) -> None:
    """protocol.md B: phone, e-mail, phone*ext, company number and extension."""
    assert parse_login_name(username, extension) == login


@pytest.mark.parametrize(
    ("username", "extension"),
    [
        ("", None),
        ("ada", None),
        ("1234", None),
        ("1234567890123456", None),
        ("++12025550100", None),
        ("*102", None),
        ("+12025550100*x", None),
        ("+12025550100*102*3", None),
        ("+12025550100", "x"),
        ("+12025550100", "12345678901"),
        ("+12025550100", "١٠٢"),
        ("+١٢٠٢٥٥٥٠١٠٠", None),
        ("@", None),
        ("ada@", None),
        ("@northwind.example", None),
        ("a@b@c", None),
        ("a b@c", None),
        ("a\n@c", None),
        ("a" * 65 + "@c", None),
        ("a@" + "c" * 260, None),
        ("1" * 255, None),
    ],
)
def test_login_name_is_none_when_nobody_can_be_called_so(username: str, extension: str | None) -> None:
    """Such a name is looked up like any other and finds nobody, so that it costs the same."""
    assert parse_login_name(username, extension) is None


@given(texts, st.none() | texts)
def test_answer_is_normal_or_none_whatever_is_typed(username: str, extension: str | None) -> None:
    """No input makes an exception; a phone is digits, and what is normal stays as it is."""
    login = parse_login_name(username, extension)
    if login is None:
        return
    if login.email is not None:
        assert parse_login_name(login.email, None) == login
        assert len(login.email) <= 3 * 254  # casefolding may write one letter as three
    else:
        assert login.phone is not None
        assert login.phone == normal_phone(login.phone)
        assert parse_login_name(login.phone, login.extension_number) == login
