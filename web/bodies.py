"""From the bytes of a query or a body to a `Form`: JSON, forms with brackets, multipart; bounded before it is read.

Must not know what any name means.
"""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from web.errors import ApiError
from web.forms import Form, Repeats, Upload, parse_id

# Bytes of everything that is not a file.
MOST_TEXT = 1 << 20
MOST_PAIRS = 1_000
DEEPEST = 8
_CHUNK = 1 << 16
_UNREADABLE = "The request could not be read"

Tree = dict[str, Any]
Pairs = Iterable[tuple[str, str | Upload]]


def read_query(request: web.Request) -> Form:
    """What the query says. Raises ApiError 400."""
    return Form(nest(parse_pairs(query_text(request))))


async def read_form(request: web.Request, *, files: int = 0, folder: Path | None = None) -> Form:
    """What query and body say; the body counts where both do. `files` is the most bytes of files the route takes; with
    a `folder` they are written there as they come.

    Raises ApiError 400 for what cannot be read, 413 for what is too long.
    """
    body = await _read_multipart(request, files, folder) if _is_multipart(request) else await _read_plain(request)
    return Form({**nest(parse_pairs(query_text(request))), **body})


def path_id(request: web.Request, name: str = "id") -> int:
    """An id in the path; 0, which nothing has, for what is none."""
    return parse_id(request.match_info[name])


def query_text(request: web.Request) -> str:
    """The query as it came, without `?`."""
    return request.rel_url.raw_query_string


def parse_json(body: bytes) -> Tree:
    """A JSON object. Raises ApiError 400."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, _UNREADABLE) from error
    if not isinstance(tree, dict):
        raise ApiError(400, _UNREADABLE)
    return tree


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """The pairs of an urlencoded text. Raises ApiError 400 for what is not UTF-8, or too many."""
    try:
        text.encode()
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PAIRS)
    except ValueError as error:
        raise ApiError(400, _UNREADABLE) from error


def nest(pairs: Pairs) -> Tree:
    """`a[]=1&b[0][c]=2` as `{"a": ["1"], "b": {"0": {"c": "2"}}}`, as Rack does. Raises ApiError 400."""
    tree: Tree = {}
    for name, value in pairs:
        path = _parse_name(name)
        if len(path) > DEEPEST:
            raise ApiError(400, _UNREADABLE)
        _put(tree, path, value)
    return tree


def _parse_name(name: str) -> list[str]:
    """`a[b][]` as `["a", "b", ""]`; a name whose brackets do not close is a name like any other."""
    head, bracket, rest = name.partition("[")
    if not head or not bracket or not rest.endswith("]"):
        return [name]
    return [head, *rest[:-1].split("][")]


def _put(tree: Tree, path: list[str], value: str | Upload) -> None:
    head, rest = path[0], path[1:]
    if not rest:
        _put_leaf(tree, head, value)
    elif rest[0] == "":
        _append(_below(tree, head, list), rest[1:], value)
    else:
        _put(_below(tree, head, dict), rest, value)


def _put_leaf(tree: Tree, name: str, value: str | Upload) -> None:
    match tree.get(name):
        case None:
            tree[name] = value
        case Repeats() as values:
            values.append(value)
        case str() | Upload() as first:
            tree[name] = Repeats([first, value])
        case _:
            raise ApiError(400, _UNREADABLE)


def _append(items: list[Any], rest: list[str], value: str | Upload) -> None:
    """`a[][b]` goes on with the last item until that has a `b`."""
    if not rest:
        items.append(value)
        return
    last = items[-1] if items else None
    if not isinstance(last, dict) or (len(rest) == 1 and rest[0] in last):
        items.append(last := {})
    _put(last, rest, value)


def _below(tree: Tree, name: str, kind: type[Any]) -> Any:
    found = tree.setdefault(name, kind())
    if type(found) is not kind:
        raise ApiError(400, _UNREADABLE)
    return found


def _is_multipart(request: web.Request) -> bool:
    return request.content_type == "multipart/form-data"


async def _read_plain(request: web.Request) -> Tree:
    """JSON or a form. The body itself tells which: an old IceCubes sends no usable content type (wildebeest#35)."""
    body = await _read_body(request)
    if not body.strip():
        return {}
    if body.lstrip().startswith(b"{") or request.content_type == "application/json":
        return parse_json(body)
    try:
        return nest(parse_pairs(body.decode()))
    except UnicodeDecodeError as error:
        raise ApiError(400, _UNREADABLE) from error


async def _read_body(request: web.Request) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MOST_TEXT:
            raise ApiError(413, "The request is too large")
    return bytes(body)


async def _read_multipart(request: web.Request, files: int, folder: Path | None) -> Tree:
    try:
        return nest([part async for part in _parts(await request.multipart(), files, folder)])
    except (ValueError, RuntimeError, HttpProcessingError) as error:  # what aiohttp's reader raises
        raise ApiError(400, _UNREADABLE) from error


async def _parts(reader: MultipartReader, files: int, folder: Path | None) -> AsyncIterator[tuple[str, str | Upload]]:
    text_left, file_left, count = MOST_TEXT, files, 0
    while (part := await reader.next()) is not None:
        count += 1
        if not isinstance(part, BodyPartReader) or not part.name or count > MOST_PAIRS:
            raise ApiError(400, _UNREADABLE)
        if part.filename:
            path = folder / str(count) if folder else None
            data, size = (b"", await _write_part(part, file_left, path)) if path else await _read_part(part, file_left)
            file_left -= size
            yield part.name, Upload(part.filename, part.headers.get("Content-Type", ""), data, path)
        else:
            data, size = await _read_part(part, text_left)
            text_left -= size
            yield part.name, data.decode()


async def _read_part(part: BodyPartReader, most: int) -> tuple[bytes, int]:
    data = b"".join([chunk async for chunk in _chunks(part, most)])
    return data, len(data)


async def _write_part(part: BodyPartReader, most: int, path: Path) -> int:
    """Answers how many bytes there were. Each goes to the system's cache, which does not wait for the disk."""
    size = 0
    with path.open("xb") as file:
        async for chunk in _chunks(part, most):
            size += file.write(chunk)
    return size


async def _chunks(part: BodyPartReader, most: int) -> AsyncIterator[bytes]:
    """A part piece by piece; ApiError 413 as soon as it is longer than `most`."""
    size = 0
    while chunk := await part.read_chunk(_CHUNK):
        size += len(chunk)
        if size > most:
            raise ApiError(413, "The request is too large")
        yield chunk
