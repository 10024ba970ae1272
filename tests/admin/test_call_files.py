"""Files of call records: every line is a record or says why it is none, and none is lost."""

import io
import re

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callgate.admin.call_files import COLUMNS, LINE_BYTES_MAX, Line, NoColumns, read_calls


def lines_of(raw: bytes) -> list[Line]:
    """Everything a file holds."""
    return list(read_calls(io.BytesIO(raw)))


def problems(raw: bytes) -> list[tuple[int, str]]:
    """The lines that are no records."""
    return [(line.number, line.problem) for line in lines_of(raw) if line.members is None]


def test_json_lines_are_read_one_by_one() -> None:
    """Blank lines and a byte order mark say nothing; the last line needs no end."""
    found = lines_of(b'\xef\xbb\xbf{"id": "a"}\n\n{"id": "b"}\r\n{"id": "c"}')
    assert [(line.number, line.members) for line in found] == [
        (1, {"id": "a"}),
        (3, {"id": "b"}),
        (4, {"id": "c"}),
    ]


def test_line_says_why_it_is_no_record() -> None:
    """Reading goes on behind it."""
    long = b'{"id": "' + b"a" * LINE_BYTES_MAX + b'"}\n'
    raw = b'{"id": "a"}\n{"id": \n[1]\n{"id": "\xff"}\n' + long + b'{"id": "b"}\n'
    assert problems(raw) == [
        (2, "not JSON"),
        (3, "not a JSON object"),
        (4, "not UTF-8"),
        (5, "longer than 256 KiB"),
    ]
    assert [line.members for line in lines_of(raw) if line.members] == [{"id": "a"}, {"id": "b"}]


def test_columns_are_members_of_the_record() -> None:
    """A dot leads inside, an empty field is absent, numbers and flags are what they mean."""
    raw = (
        b"id,startTime,duration,from.phoneNumber,from.device.id,recording.id,billing.costIncluded,deleted,"
        b"metadataCategories\r\n"
        b'a,2015-11-25,7,+1202,804,,0.5,TRUE,"Sales Support"\r\n'
        b"b,,x,,,9,,no,\r\n"
    )
    first, second = lines_of(raw)
    assert (first.number, first.members) == (
        2,
        {
            "id": "a",
            "startTime": "2015-11-25",
            "duration": 7,
            "from": {"phoneNumber": "+1202", "device": {"id": "804"}},
            "billing": {"costIncluded": 0.5},
            "deleted": True,
            "metadataCategories": ["Sales", "Support"],
        },
    )
    assert second.members == {"id": "b", "duration": "x", "recording": {"id": "9"}, "deleted": "no"}


def test_record_of_several_lines_has_the_number_of_its_first() -> None:
    """A name may hold a line's end in CSV."""
    raw = b'id,from.name\na,"two\nlines"\nb,one,more\n"c\n'
    found = lines_of(raw)
    assert [(line.number, line.problem) for line in found] == [
        (2, ""),
        (4, "3 fields, where the first line names 2"),
        (5, "not CSV: unexpected end of data"),
    ]
    assert found[0].members == {"id": "a", "from": {"name": "two\nlines"}}
    assert [line.text for line in found[1:]] == ["b,one,more\n", '"c\n']


@pytest.mark.parametrize("first", [b"id,Phone\n", b"[{}]\n", b"id,id\n", b"\n", b"\xff\n"])
def test_file_is_refused_when_its_columns_are_not_known(first: bytes) -> None:
    """Rather than losing what a misspelled column holds."""
    with pytest.raises(NoColumns):
        lines_of(first)


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        (b"id,from.phone\n", "line 1: there is no column 'from.phone', did you mean 'from.phoneNumber'?"),
        (b"id,legs,x\n", "line 1: there is no column 'legs'; there is no column 'x'"),
        (b"id,action,id\n", "line 1: column 'id' is there twice"),
        (b"[1]\n", "line 1: neither a JSON object nor the columns of a CSV file"),
        (b"\xff\n", "line 1: not UTF-8"),
    ],
)
def test_columns_that_are_not_known_are_named(first: bytes, problem: str) -> None:
    """With the nearest that is."""
    with pytest.raises(NoColumns, match=f"^{re.escape(problem)}$"):
        lines_of(first)


def test_no_file_is_too_short() -> None:
    """An empty one holds nothing."""
    assert lines_of(b"") == []


@given(st.lists(st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b"")), max_size=20))
@example([b"{", b"\x00", b"{}"])
def test_every_line_of_json_is_accounted_for(raw: list[bytes]) -> None:
    """A record, a problem, or blank."""
    found = lines_of(b"\n".join([b"{}", *raw]))
    blank = sum(1 for line in raw if line.decode("utf-8", "replace").strip() == "")
    assert len(found) == len(raw) + 1 - blank
    assert all((line.members is None) == bool(line.problem) for line in found)


@given(st.lists(st.binary(max_size=30), max_size=20))
@example([b'"', b"a", b'"b', b"\n"])
def test_every_line_of_csv_is_accounted_for(raw: list[bytes]) -> None:
    """Between them, the records and the problems hold every line that is not blank."""
    text = b"\n".join(raw)
    found = lines_of(b"id,action\n" + text)
    told = "".join(line.text for line in found if line.problem)
    read = [value for line in found if line.members for value in line.members.values()]
    seen = told + "".join(str(value) for value in read)
    for word in text.decode("utf-8", "replace").split():
        for part in word.replace('"', " ").replace(",", " ").split():
            assert part in seen


def test_every_column_has_a_place_that_a_record_knows() -> None:
    """No column is read for nothing: each is told in a record or is one of ours."""
    assert len(COLUMNS) == len(set(COLUMNS)) > 30
    assert orjson.loads(orjson.dumps(list(COLUMNS))) == list(COLUMNS)
