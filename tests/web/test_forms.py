"""Forms: whatever an app sends is a value of the asked type or an ApiError, never an accident."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.bodies import DEEPEST, MOST_PAIRS, nest, parse_json, parse_pairs
from web.errors import ApiError
from web.forms import MOST, Form, Upload, parse_id

GETTERS = (
    "text required texts integer boolean identifier identifiers child children upload".split()  # noqa: SIM905 - shorter
)


def form(query: str) -> Form:
    return Form(nest(parse_pairs(query)))


def status_of(getter: str, value: Any) -> int:
    with pytest.raises(ApiError) as caught:
        getattr(Form({"x": value}), getter)("x")
    return caught.value.status


class TestBrackets:
    @pytest.mark.parametrize(
        ("query", "tree"),
        [
            ("a=1", {"a": "1"}),
            ("a=", {"a": ""}),
            ("a", {"a": ""}),
            ("a[]=1&a[]=2", {"a": ["1", "2"]}),
            ("a=1&a=2", {"a": ["1", "2"]}),
            (
                "poll[options][]=x&poll[options][]=y&poll[multiple]=1",
                {"poll": {"options": ["x", "y"], "multiple": "1"}},
            ),
            ("a[0][k]=v&a[1][k]=w", {"a": {"0": {"k": "v"}, "1": {"k": "w"}}}),
            ("a[][k]=1&a[][l]=2&a[][k]=3", {"a": [{"k": "1", "l": "2"}, {"k": "3"}]}),
            ("a[][k][]=1&a[][k][]=2", {"a": [{"k": ["1", "2"]}]}),
            ("a%5B%5D=1", {"a": ["1"]}),
            ("a=caf%C3%A9+cr%C3%A8me", {"a": "café crème"}),
            ("[]=1&a[=2&b]=3", {"[]": "1", "a[": "2", "b]": "3"}),
        ],
    )
    def test_names_nest_as_rack_has_them(self, query: str, tree: dict[str, Any]) -> None:
        assert nest(parse_pairs(query)) == tree

    @pytest.mark.parametrize(
        "query",
        [
            "a=1&a[]=2",
            "a[]=1&a=2",
            "a=1&a[b]=2",
            "a[b]=1&a=2",
            "a[]=1&a[b]=2",
            "a=1&a=2&a[]=3",
            "a" + "[b]" * DEEPEST + "=1",
            "&".join(f"a{i}=" for i in range(MOST_PAIRS + 1)),
            "a=%FF",
            "a=%ED%A0%80",
            "a=\udc80",
        ],
    )
    def test_what_contradicts_itself_or_is_too_much_is_refused(self, query: str) -> None:
        with pytest.raises(ApiError) as caught:
            form(query)
        assert caught.value.status == 400

    @given(st.lists(st.tuples(st.text("ab[]0", max_size=12), st.text(max_size=3))))
    def test_no_names_are_an_accident(self, pairs: list[tuple[str, str]]) -> None:
        try:
            tree = Form(nest(pairs))
        except ApiError:
            return
        for name in ("a", "b", "0"):
            ask_everything(tree, name)


def ask_everything(tree: Form, name: str) -> None:
    for getter in GETTERS:
        try:
            value = getattr(tree, getter)(name)
        except ApiError as error:
            assert error.status in {400, 422}  # noqa: PT017 - either way is right, anything else escapes
            continue
        for text in value if getter == "texts" else [value or ""] if getter in {"text", "required"} else []:
            assert "\0" not in text
            text.encode()
        if getter == "integer" and value is not None:
            assert -MOST - 1 <= value <= MOST


class TestJson:
    @pytest.mark.parametrize("body", [b"[]", b"1", b"null", b"{", b'{"a": NaN}', b'{"a": "\\ud800"}', b'{"a": "\xff"}'])
    def test_only_an_object_in_utf8_is_read(self, body: bytes) -> None:
        with pytest.raises(ApiError) as caught:
            parse_json(body)
        assert caught.value.status == 400

    def test_a_deep_body_is_refused(self) -> None:
        with pytest.raises(ApiError):
            parse_json(b'{"a":' * 5000 + b"1" + b"}" * 5000)

    @given(st.recursive(
        st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("x01"), inner, max_size=3),
        max_leaves=8,
    ))  # fmt: skip
    def test_no_value_is_an_accident(self, value: Any) -> None:
        ask_everything(Form({"x": value}), "x")

    def test_lists_and_parts_read_as_those_of_forms_do(self) -> None:
        body = {"a": ["1", "2"], "poll": {"options": ["x"]}, "fields": [{"name": "n"}]}
        read = Form(parse_json(orjson.dumps(body)))
        assert read.texts("a") == form("a[]=1&a[]=2").texts("a") == ["1", "2"]
        assert [part.text("name") for part in read.children("fields")] == ["n"]
        poll = read.child("poll")
        assert poll is not None
        assert poll.texts("options") == ["x"]


class TestGetters:
    def test_missing_and_null_are_nothing(self) -> None:
        for tree in ({}, {"x": None}):
            nothing = Form(tree)
            assert [getattr(nothing, name)("x") for name in GETTERS if name != "required"] == [
                None, [], None, None, None, [], None, [], None,
            ]  # fmt: skip
        assert "x" in Form({"x": None})
        assert "x" not in Form({})

    def test_a_text_may_be_empty_a_required_one_not(self) -> None:
        assert form("x=").text("x") == ""
        assert form("x=+a+").required("x") == " a "
        for query in ("", "x=", "x=+%0A"):
            with pytest.raises(ApiError) as caught:
                form(query).required("x")
            assert caught.value.status == 422

    def test_of_a_repeated_name_a_text_is_the_last_and_a_list_all(self) -> None:
        assert form("x=1&x=2").text("x") == "2"
        assert form("x=1&x=2").texts("x") == ["1", "2"]
        assert form("x=1").texts("x") == ["1"]

    @pytest.mark.parametrize("getter", ["text", "texts", "required"])
    @pytest.mark.parametrize("text", ["a\0b", "\ud800", "a\udfffb"])
    def test_no_text_holds_nul_or_half_a_character(self, getter: str, text: str) -> None:
        assert status_of(getter, text) == 400

    @pytest.mark.parametrize(
        ("getter", "value"),
        [
            ("text", 1), ("text", True), ("text", ["a"]), ("text", {"a": "b"}), ("text", Upload("f", "", b"")),
            ("texts", [1]), ("texts", {"a": "b"}), ("texts", [["a"]]),
            ("integer", "1.5"), ("integer", "x"), ("integer", "１"), ("integer", 1.5), ("integer", True),
            ("integer", 2**63), ("integer", str(2**63)), ("integer", "-9223372036854775809"), ("integer", []),
            ("boolean", "maybe"), ("boolean", 2), ("boolean", {}), ("boolean", []),
            ("child", "x"), ("child", ["x"]), ("child", 1),
            ("children", ["x"]), ("children", "x"), ("children", {"a": {}}.get("a") or 1),
            ("upload", "x"), ("upload", {}),
        ],
    )  # fmt: skip
    def test_another_type_is_refused(self, getter: str, value: Any) -> None:
        assert status_of(getter, value) == 422

    def test_integers_have_64_bits(self) -> None:
        assert [form(f"x={n}").integer("x") for n in (MOST, -MOST - 1, "%2B7", "007", "")] == [
            MOST,
            -MOST - 1,
            7,
            7,
            None,
        ]

    @pytest.mark.parametrize("text", ["true", "True", "t", "1", "on", "yes", "TRUE"])
    def test_what_clients_call_true(self, text: str) -> None:
        assert form(f"x={text}").boolean("x") is True

    @pytest.mark.parametrize("text", ["false", "False", "f", "0", "off", "no"])
    def test_what_clients_call_false(self, text: str) -> None:
        assert form(f"x={text}").boolean("x") is False

    @pytest.mark.parametrize(("value", "found"), [(True, True), (False, False), (1, True), (0, False), ("", None)])
    def test_booleans_of_json(self, value: Any, found: object) -> None:
        assert Form({"x": value}).boolean("x") is found

    @pytest.mark.parametrize(
        "value", ["x", "", "-1", "1.0", "１", str(2**63), 2**63, -5, True, 1.0, [], {}, None, "1\n"]
    )
    def test_an_id_that_cannot_be_is_one_that_nothing_has(self, value: Any) -> None:
        assert parse_id(value) == 0

    def test_ids_are_texts_or_numbers(self) -> None:
        assert form("x=42").identifier("x") == 42
        assert form("x[]=1&x[]=y&x[]=3").identifiers("x") == [1, 0, 3]
        assert Form({"x": [5, "6"]}).identifiers("x") == [5, 6]
        assert form("x=").identifier("x") is None

    def test_parts_come_numbered_or_in_a_row(self) -> None:
        for query in ("f[1][n]=b&f[0][n]=a&f[10][n]=c", "f[][n]=a&f[][n]=b&f[][n]=c"):
            assert [part.text("n") for part in form(query).children("f")] == ["a", "b", "c"]
