"""Edits in JSON text: what is edited changes as asked, and not one other character."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conformance.format.splice import (
    Span,
    elements,
    find,
    members,
    replaced,
    with_first,
    with_member,
    without_first,
)
from conformance.strategies.fields import json_values

# A document as no encoder of the suite would write it: blanks, escapes, numbers that Python cannot hold.
ODD = '\t{ "a" : [ 1e999 , 1.10,"\\u0061]" ] ,\r\n"\\u0062":{"c":{ } },"d":-0.0, "e" : "}\\"{", "a\\\\":[ ] }\n'


def cut(text: str, span: Span | None) -> str:
    assert span is not None
    return text[span.start : span.end]


def documents() -> st.SearchStrategy[str]:
    """Objects in the spellings of several writers."""
    values = st.dictionaries(st.text(max_size=5), json_values(), max_size=4)
    return st.builds(
        lambda value, indent, ascii_, blanks: blanks + json.dumps(value, indent=indent, ensure_ascii=ascii_) + blanks,
        values,
        st.sampled_from((None, 0, 2, "\t")),
        st.booleans(),
        st.sampled_from(("", " ", "\r\n\t ")),
    )


@given(documents())
def test_members_are_those_of_the_object_in_order(text: str) -> None:
    found = [(key, json.loads(cut(text, span))) for key, span in members(text)]
    assert found == list(json.loads(text).items())


@given(documents(), st.text(max_size=5), json_values())
def test_a_member_is_replaced_or_added_last(text: str, key: str, value: object) -> None:
    edited = with_member(text, key, json.dumps(value))
    expected = {**json.loads(text), key: value}
    assert list(json.loads(edited).items()) == list(expected.items())


@given(documents(), st.text(max_size=5))
def test_what_is_found_is_the_value_and_replacing_it_by_itself_changes_nothing(text: str, key: str) -> None:
    span = find(text, (key,))
    value = json.loads(text)
    assert (span is not None) == (key in value)
    if span is not None:
        assert json.loads(cut(text, span)) == value[key]
        assert replaced(text, span, cut(text, span)) == text


@given(st.lists(json_values(), max_size=4), st.sampled_from((None, 0, 2)), json_values())
def test_what_is_put_first_is_taken_out_without_trace(array: list[object], indent: int | None, value: object) -> None:
    text = json.dumps({"before": 1, "list": array, "after": 2}, indent=indent)
    span = find(text, ("list",))
    assert span is not None
    longer = with_first(text, span, json.dumps(value))
    assert json.loads(longer) == {"before": 1, "list": [value, *array], "after": 2}
    assert without_first(longer, span) == text


@given(st.lists(json_values(), min_size=1, max_size=4), st.sampled_from((None, 2)))
def test_the_first_element_goes_and_the_rest_stays(array: list[object], indent: int | None) -> None:
    text = json.dumps({"list": array, "after": 2}, indent=indent)
    span = find(text, ("list",))
    assert span is not None
    assert json.loads(without_first(text, span)) == {"list": array[1:], "after": 2}


@given(st.lists(json_values(), max_size=4), st.sampled_from((None, 0, 3)))
def test_elements_are_those_of_the_array(array: list[object], indent: int | None) -> None:
    text = json.dumps(array, indent=indent)
    assert [json.loads(cut(text, span)) for span in elements(text)] == array


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("a",), '[ 1e999 , 1.10,"\\u0061]" ]'),
        (("b", "c"), "{ }"),
        (("d",), "-0.0"),
        (("e",), '"}\\"{"'),
        (("a\\",), "[ ]"),
        ((), ODD[1:]),
    ],
)
def test_values_are_found_in_the_oddest_spelling(path: tuple[str, ...], value: str) -> None:
    assert cut(ODD, find(ODD, path)) == value


@pytest.mark.parametrize("path", [("x",), ("b", "x"), ("a", "0"), ("d", "c"), ("b", "c", "x")])
def test_what_is_not_there_is_not_found(path: tuple[str, ...]) -> None:
    assert find(ODD, path) is None


def test_numbers_that_python_cannot_hold_stay_as_they_are_written() -> None:
    digits = "9" * 5000
    text = f'{{"big":{digits},"list":[1e999]}}'
    span = find(text, ("list",))
    assert span is not None
    assert with_first(text, span, "1") == f'{{"big":{digits},"list":[1,1e999]}}'
    assert with_member(text, "new", "1") == f'{{"big":{digits},"list":[1e999],"new":1}}'


def test_a_lone_surrogate_is_left_alone() -> None:
    text = '{"a":"\\ud800","b":1}'
    assert with_member(text, "b", "2") == '{"a":"\\ud800","b":2}'


@given(documents(), documents())
def test_a_replaced_value_leaves_every_other_character(text: str, other: str) -> None:
    found = list(members(text))
    assume(found)
    _, span = found[0]
    edited = replaced(text, span, other)
    assert edited.startswith(text[: span.start])
    assert edited.endswith(text[span.end :])
