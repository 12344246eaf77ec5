"""The settings of one instance: a TOML file, and `CONFRERE_*` variables that win over it.

`parse_config` reports every mistake at once. Must not know what any setting does: each is one line in `SETTINGS`, one
field of `Config`, and one paragraph in docs/settings.md.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from server.speech import say
from storage.journal import DAYS
from web.outside.mail import MailServer
from web.outside.translate import Engine
from web.rates import Rate, Rates
from web.texts import read_text

Network = IPv4Network | IPv6Network

PREFIX = "CONFRERE_"
# Domain names that no public resolver answers: RFC 6761, RFC 6762, RFC 8375, and ICANN's reservation of .internal.
_PRIVATE_NAMES = ("localhost", "test", "example", "invalid", "local", "internal", "home.arpa")
_MAIL_SCHEMES = {"smtp+starttls": ("starttls", 587), "smtps": ("tls", 465), "smtp": ("none", 25)}
_ADDRESS = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{1,255}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::[0-9]{{1,5}})?")


@dataclass(frozen=True, slots=True)
class Bind:
    """Where the server listens."""

    address: str = "127.0.0.1"
    port: int = 8000

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Config:
    """What the settings say, checked. Paths are absolute."""

    host: str
    handle_domain: str
    database: str
    media: str
    media_host: str = ""
    development: bool = False
    title: str = ""
    description: str = ""
    contact: str = ""
    registrations: str = "closed"
    confirm_email: bool = False
    rules: tuple[str, ...] = ()
    bind: Bind = field(default_factory=Bind)
    workers: int = 1
    trusted_addresses: tuple[Network, ...] = ()
    trusted_hosts: Mapping[str, tuple[Network, ...]] = field(default_factory=lambda: MappingProxyType({}))
    trusted_proxies: tuple[Network, ...] = ()
    rate_limits: Rates = field(default_factory=Rates)
    ca_bundle: Path | None = None
    mail: MailServer | None = None
    mail_from: str = ""
    privacy_policy: Path | None = None
    terms_of_service: Mapping[date, Path] = field(default_factory=lambda: MappingProxyType({}))
    publish_blocks: bool = False
    translation: Engine | None = None
    ffmpeg: str = "ffmpeg"
    journal: Path = Path("journal")
    journal_days: int = DAYS

    @property
    def scheme(self) -> str:
        """Ids are plain http only where `development` allows it."""
        return "http" if self.development else "https"

    @property
    def media_folder(self) -> Path:
        """Where `media` is on this machine."""
        return Path(unquote(urlsplit(self.media).path))


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with the settings, in the language of the console. `key` is as its author wrote it."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


class ConfigError(ValueError):
    """The settings cannot be used; `mistakes` says all that is wrong."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(map(str, mistakes)))


class _WrongError(ValueError):
    """A value is not what its setting wants; the text says what it wants."""


def load_config(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """The settings in a file and in the environment. Raises `ConfigError`, also when the file cannot be read."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        cause = say(f"cannot be read: {error}", f"illisible : {error}")
        hint = say("(`confrere init` writes one, `--config F` names another)", "(`confrere init` en écrit un)")
        raise ConfigError([Mistake(str(path), f"{cause} {hint}")]) from None
    return parse_config(text, os.environ if environ is None else environ, path.absolute().parent)


def parse_config(text: str, environ: Mapping[str, str], folder: Path) -> Config:
    """Understand settings; relative paths are below `folder`. Raises `ConfigError` with every mistake."""
    mistakes: list[Mistake] = []
    given = [*_from_file(text, mistakes), *_from_environment(environ, mistakes)]
    found: dict[str, Any] = {}
    for name, written, value in given:
        try:
            found[name] = SETTINGS[name](value)
        except _WrongError as wrong:
            mistakes.append(Mistake(written, str(wrong)))
    missing = [name for name in ("host", "database") if name not in {name for name, _, _ in given}]
    mistakes.extend(Mistake(name, say("is missing", "est absent")) for name in missing)
    mistakes.extend(_contradictions(found))
    mistakes.extend(_unreadable(found, folder))
    if mistakes:
        raise ConfigError(mistakes)
    return _completed(found, folder)


def _from_file(text: str, mistakes: list[Mistake]) -> Iterator[tuple[str, str, Any]]:
    """(setting, as its author wrote it, value) of every known key."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        mistakes.append(Mistake("", say(f"not TOML: {error}", f"pas du TOML : {error}")))
        return
    for key, value in document.items():
        if key in SETTINGS:
            yield key, key, value
        else:
            mistakes.append(Mistake(key, say("no such setting", "réglage inconnu") + _meant(key, 0.6)))


def _from_environment(environ: Mapping[str, str], mistakes: list[Mistake]) -> Iterator[tuple[str, str, Any]]:
    """The same for `CONFRERE_*` variables. One that resembles a setting is a mistake; other tools' ones are not ours."""
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX):
            continue
        if name in SETTINGS:
            yield name, variable, _typed(name, environ[variable])
        elif meant := _meant(name, 0.8):
            mistakes.append(Mistake(variable, say("no such setting", "réglage inconnu") + meant))


def _typed(name: str, text: str) -> Any:
    """A variable holds plain text, or a TOML value where the setting is not a text."""
    if name in _TEXTS:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _meant(key: str, likeness: float) -> str:
    close = difflib.get_close_matches(key, SETTINGS, n=1, cutoff=likeness)
    return say(f"; did you mean {close[0]}?", f" ; vouliez-vous dire {close[0]} ?") if close else ""


def _contradictions(found: Mapping[str, Any]) -> Iterator[Mistake]:
    host, development = found.get("host", ""), found.get("development", False)
    if development and host and not is_private(host):
        yield Mistake(
            "development",
            say(
                f"refused on a public host ({host}): ids would be plain http for ever",
                f"refusé sur un hôte public ({host}) : les identifiants seraient en http pour toujours",
            ),
        )
    files = found.get("media_host")
    if files and files in {host, found.get("handle_domain", host)}:
        yield Mistake("media_host", say("must be another host", "doit être un autre hôte"))
    for key in ("host", "handle_domain", "media_host"):
        if not development and re.search(r":\d+$", found.get(key, "")):
            only = say("a port is for development = true only", "un port n'est permis qu'avec development = true")
            yield Mistake(key, only)
    if found.get("confirm_email") and not found.get("mail"):
        yield Mistake("confirm_email", say("needs a server in mail", "demande un serveur dans mail"))
    if found.get("trusted_addresses") and not development:
        yield Mistake(
            "trusted_addresses",
            say(
                "for development = true only; trusted_hosts names hosts",
                "seulement avec development = true ; trusted_hosts nomme des hôtes",
            ),
        )


def _unreadable(found: Mapping[str, Any], folder: Path) -> Iterator[Mistake]:
    """Texts that people are to be shown and that cannot be read."""
    policy = found.get("privacy_policy")
    files = [("privacy_policy", policy)] if policy else []
    files += [("terms_of_service", file) for file in found.get("terms_of_service", {}).values()]
    for key, file in files:
        try:
            read_text(folder / file)
        except (OSError, UnicodeDecodeError) as error:
            yield Mistake(key, say(f"cannot be read: {error}", f"illisible : {error}"))


def is_private(host: str) -> bool:
    """Whether nobody outside can mean us by this host name: then plain http ids do no harm."""
    name = re.sub(r":\d+$", "", host).strip("[]")
    try:
        return not ip_address(name).is_global
    except ValueError:
        return "." not in name or any(name.endswith(f".{private}") for private in _PRIVATE_NAMES)


def _completed(found: dict[str, Any], folder: Path) -> Config:
    database: str = found["database"]
    if database.startswith("sqlite:///"):
        found["database"] = f"sqlite:///{folder / database.removeprefix('sqlite:///')}"
    found["media"] = (folder / found.get("media", "media")).as_uri()
    found.setdefault("handle_domain", found["host"])
    found.setdefault("title", found["host"])
    found.setdefault("confirm_email", "mail" in found)
    if not database.startswith("sqlite:"):
        found.setdefault("workers", os.cpu_count() or 1)
    found["journal"] = folder / found.get("journal", "journal")
    for name in ("ca_bundle", "privacy_policy"):
        if path := found.get(name):
            found[name] = folder / path
    terms = found.get("terms_of_service", {})
    found["terms_of_service"] = MappingProxyType({day: folder / terms[day] for day in sorted(terms)})
    if mail := found.get("mail"):
        sender = found.get("mail_from") or f"confrere@{found['host'].partition(':')[0]}"
        found["mail"] = replace(mail, sender=sender, ca_bundle=found.get("ca_bundle"))
    return Config(**found)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongError(say("must be a text", "doit être un texte"))
    return value


def _host(value: Any) -> str:
    if not isinstance(value, str) or not _HOST.fullmatch(value):
        raise _WrongError(
            say(
                "must be a host name in small letters, without scheme or path (international names as xn--...)",
                "doit être un nom d'hôte en minuscules, sans protocole ni chemin (noms internationaux en xn--...)",
            )
        )
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongError(say("must be true or false", "doit être true ou false"))
    return value


def _word(*allowed: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed:
            words = ", ".join(allowed)
            raise _WrongError(say(f"must be one of: {words}", f"doit être l'un de : {words}"))
        return str(value)

    return read


def _database(value: Any) -> str:
    if not re.fullmatch(r"sqlite:///.+|postgres(?:ql)?://.+", _text(value)):
        raise _WrongError(
            say("must be sqlite:///FILE or postgresql://...", "doit être sqlite:///FICHIER ou postgresql://...")
        )
    return str(value)


def _media(value: Any) -> str:
    found = re.fullmatch(r"file:(?://(?=/))?(.+)", _text(value))
    if not found:
        wanted = say("must be file:FOLDER or file:///FOLDER", "doit être file:DOSSIER ou file:///DOSSIER")
        raise _WrongError(wanted)
    return found[1]


def _mail(value: Any) -> MailServer:
    wanted = _WrongError(
        say(
            "must be smtp+starttls://USER:PASSWORD@HOST:587, smtps://HOST:465 or, for a server on this machine, smtp://HOST:25",
            "doit être smtp+starttls://UTILISATEUR:MOTDEPASSE@HÔTE:587, smtps://HÔTE:465 ou, pour un serveur sur cette machine, smtp://HÔTE:25",
        )
    )
    try:
        parts = urlsplit(_text(value))
        port = parts.port
    except ValueError:
        raise wanted from None
    if parts.scheme not in _MAIL_SCHEMES or not parts.hostname or parts.path.strip("/") or parts.query:
        raise wanted
    security, usual = _MAIL_SCHEMES[parts.scheme]
    if security == "none" and not is_private(parts.hostname):
        raise wanted
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.hostname, port or usual, "", security, user, password)


def _translation(value: Any) -> Engine:
    """In clear only to where nobody outside can listen."""
    example = '{ url = "https://translate.intra", key = "...", local = true }'
    wanted = _WrongError(
        say(
            f"must be a table such as {example}; http:// is for private host names only",
            f"doit être une table telle que {example} ; http:// seulement pour un nom d'hôte privé",
        )
    )
    if not isinstance(value, dict) or not set(value) <= {"url", "key", "local"}:
        raise wanted
    url, key, local = value.get("url"), value.get("key", ""), value.get("local", False)
    if not isinstance(url, str) or not isinstance(key, str) or not isinstance(local, bool):
        raise wanted
    try:
        parts = urlsplit(url)
    except ValueError:
        raise wanted from None
    schemes = {"http", "https"} if parts.hostname and is_private(parts.hostname) else {"https"}
    if not parts.hostname or parts.query or parts.scheme not in schemes:
        raise wanted
    return Engine(url.rstrip("/"), key, local)


def _address(value: Any) -> str:
    text = _text(value)
    if not _ADDRESS.fullmatch(text):
        raise _WrongError(say("must be an e-mail address", "doit être une adresse électronique"))
    return text


def _bind(value: Any) -> Bind:
    found = re.fullmatch(r"(.+):(\d{1,5})", _text(value))
    try:
        if found and int(found[2]) < 65536:
            return Bind(str(ip_address(found[1].strip("[]"))), int(found[2]))
    except ValueError:
        pass
    wanted = say("must be ADDRESS:PORT such as 127.0.0.1:8000", "doit être ADRESSE:PORT, par exemple 127.0.0.1:8000")
    raise _WrongError(wanted)


def _number(most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise _WrongError(say(f"must be a number from 1 to {most}", f"doit être un nombre de 1 à {most}"))
        return value

    return read


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        wanted = '["No names of patients.", "Be kind."]'
        raise _WrongError(say(f"must be a list such as {wanted}", f"doit être une liste telle que {wanted}"))
    return tuple(value)


def _networks(value: Any) -> tuple[Network, ...]:
    if not isinstance(value, list):
        raise _WrongError(
            say('must be a list such as ["10.2.0.0/16"]', 'doit être une liste telle que ["10.2.0.0/16"]')
        )
    try:
        return tuple(ip_network(each) for each in value)
    except (ValueError, TypeError) as error:
        raise _WrongError(say(f"not a network: {error}", f"pas un réseau : {error}")) from None


def _dated(value: Any) -> Mapping[date, str]:
    wanted = '{ 2026-11-01 = "terms.md" }'
    wrong = _WrongError(say(f"must be a table such as {wanted}", f"doit être une table telle que {wanted}"))
    if not isinstance(value, dict):
        raise wrong
    try:
        return {date.fromisoformat(day): _text(file) for day, file in value.items()}
    except ValueError:
        raise wrong from None


def _trusted_hosts(value: Any) -> Mapping[str, tuple[Network, ...]]:
    if not isinstance(value, dict):
        wanted = '{ "chu-b.intra" = ["10.2.0.5/32"] }'
        raise _WrongError(say(f"must be a table such as {wanted}", f"doit être une table telle que {wanted}"))
    return MappingProxyType({_host(host): _networks(networks) for host, networks in value.items()})


def _rates(value: Any) -> Rates:
    """Each rate as [requests, seconds]; what is not named stays as Mastodon has it."""
    known = {rate.name for rate in fields(Rates)}
    if not isinstance(value, dict) or not all(map(_is_rate, value.values())):
        wanted = "{ address = [300, 300] }"
        raise _WrongError(say(f"must be a table such as {wanted}", f"doit être une table telle que {wanted}"))
    if unknown := sorted(set(value) - known):
        names = ", ".join(sorted(known))
        raise _WrongError(
            say(f"no rate {unknown[0]}; there are: {names}", f"pas de débit {unknown[0]} ; il y a : {names}")
        )
    return Rates(**{name: Rate(*pair) for name, pair in value.items()})


def _is_rate(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(each) is int and each > 0 for each in value)


# In a variable, the first are plain text and the second TOML values.
_TEXTS: dict[str, Callable[[Any], Any]] = {
    "host": _host,
    "handle_domain": _host,
    "database": _database,
    "media": _media,
    "media_host": _host,
    "title": _text,
    "description": _text,
    "contact": _text,
    "registrations": _word("open", "approval", "closed"),
    "bind": _bind,
    "ca_bundle": _text,
    "mail": _mail,
    "mail_from": _address,
    "privacy_policy": _text,
    "ffmpeg": _text,
    "journal": _text,
}
_VALUES: dict[str, Callable[[Any], Any]] = {
    "development": _flag,
    "confirm_email": _flag,
    "rules": _texts,
    "workers": _number(256),
    "journal_days": _number(3650),
    "trusted_addresses": _networks,
    "trusted_hosts": _trusted_hosts,
    "trusted_proxies": _networks,
    "rate_limits": _rates,
    "terms_of_service": _dated,
    "publish_blocks": _flag,
    "translation": _translation,
}
SETTINGS = _TEXTS | _VALUES
