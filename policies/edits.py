"""Writing rulesets: the first one, and edits of peers that leave the rest of the text as its author wrote it.

Each edit is checked twice: the text must then say what was asked and nothing else, and it must be a ruleset.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import TypeAlias, cast

from policies.rules import Mistake, RulesetError, key_text, load, parse
from policies.ruleset import Agreement
from policies.terms import PeerState
from policies.toml_text import Path, Statement, line_of, statements

Setting: TypeAlias = str | int | Agreement | Mapping[str, str] | list[str]

_BY_HAND = ("is written in a way that only a person can edit", "doit être modifié à la main")

FIRST = """\
# Confrère: what may cross the boundary of this institution. Whatever is not allowed here is refused.
# Confrère : ce qui peut franchir la frontière de l'établissement. Ce qui n'est pas autorisé ici est refusé.

[instance]
organisation = {organisation}
network = "closed"           # closed | open. Hosts that are not listed / hôtes absents de la liste
verified_from = "checked"    # declared | vouched | institution | checked | register | strong
strangers = "hold"           # hold | deny | allow. Follows and direct messages of the unverified / des non vérifiés

# What may leave to an active peer, unless the peer says otherwise / ce qui peut sortir vers un pair actif
[audiences]
public = "allow"             # allow | hold | deny
unlisted = "allow"           # allow | hold | deny
followers = "allow"          # allow | verified | hold | deny
direct = "verified"          # allow | verified | hold | deny
group = "members"            # members | hold | deny
"""


def closed_network(organisation: str) -> str:
    """The ruleset that `init` writes: no peers, and nothing crosses before one is added."""
    return FIRST.format(organisation=_quoted(organisation))


def add_peer(text: str, host: str, *, organisation: str, state: PeerState, agreement: Agreement | None = None) -> str:
    """The text with a new peer at its end. Raises `RulesetError`, also when the host is listed already."""
    if host in parse(text).peers:
        raise _mistake(text, ("peers", host), "is listed already", "est déjà dans la liste")
    settings: dict[str, Setting] = {"organisation": organisation, "state": state.value}
    if agreement:
        settings["agreement"] = agreement
    lines = [f"[{key_text(('peers', host))}]", *(f"{key} = {_written(value)}" for key, value in settings.items())]
    result = _ended(text) + "\n" + "\n".join(lines) + "\n"
    return _checked(text, result, host, {key: _plain(value) for key, value in settings.items()})


def set_peer(text: str, host: str, settings: Mapping[str, Setting | None]) -> str:
    """The text with settings of a peer replaced or added, or taken out (None). Raises `RulesetError`."""
    wanted = _listed(text, host)
    result = _ended(text)
    for key, value in settings.items():
        path = ("peers", host, key)
        wanted.pop(key, None)
        if value is None:
            result = _without(result, path)
        else:
            wanted[key] = _plain(value)
            result = _with(result, path, _written(value))
    return _checked(text, result, host, wanted)


def set_list(text: str, name: str, *, version: int, until: date) -> str:
    """The text with what was taken last of a trusted list. Raises `RulesetError`."""
    expected = load(text)
    lists = cast("dict[str, dict[str, object]]", expected.get("lists", {}))
    if name not in lists:
        raise _mistake(text, ("lists", name), "is not listed", "n'est pas dans la liste")
    lists[name] |= {"version": version, "until": until}
    result = _ended(text)
    for key, value in (("version", str(version)), ("until", until.isoformat())):
        result = _with(result, ("lists", name, key), value)
    if _said(result) != _with_peers(expected):
        raise _mistake(text, ("lists", name), *_BY_HAND)
    parse(result)
    return result


def remove_peer(text: str, host: str) -> str:
    """The text without a peer: its host is then unknown. Raises `RulesetError`."""
    _listed(text, host)
    return _checked(text, _without(text, ("peers", host)), host, None)


def _listed(text: str, host: str) -> dict[str, object]:
    if host not in parse(text).peers:
        raise _mistake(text, ("peers", host), "is not listed", "n'est pas dans la liste")
    return dict(_peers(load(text))[host])


def _peers(document: dict[str, object]) -> dict[str, dict[str, object]]:
    return cast("dict[str, dict[str, object]]", document.setdefault("peers", {}))


def _checked(text: str, result: str, host: str, wanted: dict[str, object] | None) -> str:
    """The edited text, if it says what the old one said, but for this peer; else its layout is beyond us."""
    expected = load(text)
    _peers(expected).pop(host, None)
    if wanted is not None:
        _peers(expected)[host] = wanted
    if _said(result) != expected:
        raise _mistake(text, ("peers", host), *_BY_HAND)
    parse(result)
    return result


def _with_peers(document: dict[str, object]) -> dict[str, object]:
    _peers(document)
    return document


def _said(text: str) -> dict[str, object] | None:
    try:
        document = load(text)
    except RulesetError:
        return None
    return _with_peers(document)


def _with(text: str, path: Path, value: str) -> str:
    """The text with this value at a path: in the place of the old one, or last in its table."""
    for statement in statements(text):
        if statement.path == path and not statement.is_header:
            return text[: statement.value] + value + text[statement.end :]
    text = _without(text, path)
    line = f"{key_text(path[-1:])} = {value}\n"
    end = _end_of_table(text, path[:-1])
    if end is None:
        return f"{_ended(text)}\n[{key_text(path[:-1])}]\n{line}"
    return text[:end] + line + text[end:]


def _end_of_table(text: str, path: Path) -> int | None:
    """Where the last statement under this header ends; None without such a header."""
    end, inside = None, False
    for statement in statements(text):
        inside = statement.path == path if statement.is_header else inside
        if inside:
            _, end = _lines(text, statement)
    return end


def _without(text: str, path: Path) -> str:
    """The text without the statements at and below a path, nor the comments between them."""
    cuts: list[tuple[int, int]] = []
    adjoining = False
    for statement in statements(text):
        matches = statement.path[: len(path)] == path
        if matches:
            start, end = _lines(text, statement)
            cuts.append((cuts.pop()[0] if adjoining else start, end))
        adjoining = matches
    for start, end in reversed(cuts):
        gap = text[:start].endswith("\n\n") and text[end : end + 1] in {"", "\n"}
        text = text[: start - 1 if gap else start] + text[end:]
    return text


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _lines(text: str, statement: Statement) -> tuple[int, int]:
    """From the beginning of its first line to the end of its last."""
    end = text.find("\n", statement.end)
    return text.rfind("\n", 0, statement.start) + 1, len(text) if end < 0 else end + 1


def _plain(value: Setting) -> object:
    if isinstance(value, Agreement):
        return {"reference": value.reference, "from": value.starts, "until": value.until}
    return value if isinstance(value, str | int | list) else dict(value)


def _written(value: Setting) -> str:
    """A setting as TOML on one line."""
    plain = _plain(value)
    if isinstance(plain, dict):
        return "{ " + ", ".join(f"{key_text((key,))} = {_scalar(each)}" for key, each in plain.items()) + " }"
    if isinstance(plain, list):
        return f"[{', '.join(map(_scalar, plain))}]"
    return _scalar(plain)


def _scalar(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    return value.isoformat() if isinstance(value, date) else _quoted(str(value))


def _quoted(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _mistake(text: str, path: Path, english: str, french: str) -> RulesetError:
    return RulesetError([Mistake(line_of(text, path), key_text(path), english, french)])
