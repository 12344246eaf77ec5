"""Settings: every mistake at once, and the environment wins."""

import dataclasses
from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest

from server.config import SETTINGS, Bind, Config, ConfigError, is_private, load_config, parse_config
from web.outside.translate import Engine
from web.rates import Rate, Rates

LEAST = 'host = "social.chu-a.example"\ndatabase = "sqlite:///a.sqlite3"\n'


def parse(text: str, **environ: str) -> Config:
    return parse_config(text, environ, Path("/srv/confrere"))


def mistakes(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, **environ)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_the_least_that_is_needed() -> None:
    config = parse(LEAST)
    assert (config.host, config.handle_domain, config.scheme) == (
        "social.chu-a.example",
        "social.chu-a.example",
        "https",
    )
    assert config.database == "sqlite:////srv/confrere/a.sqlite3"
    assert config.media == "file:///srv/confrere/media"
    assert config.workers == 1
    assert config.rate_limits == Rates()


def test_every_setting_is_understood() -> None:
    config = parse(
        """
        host = "localhost:8000"
        handle_domain = "chu-a.localhost"
        development = true
        title = "CHU A"
        description = "Les soignants du CHU A"
        contact = "dsi@chu-a.example"
        database = "postgresql://confrere@db/confrere"
        media = "file:///var/lib/confrere"
        media_host = "localhost:8001"
        registrations = "closed"
        bind = "[::1]:9000"
        workers = 3
        trusted_addresses = ["127.0.0.0/8", "::1/128"]
        trusted_hosts = { "chu-b.intra" = ["10.2.0.5/32"] }
        trusted_proxies = ["10.0.0.1/32"]
        rate_limits = { token = [600, 300] }
        ca_bundle = "ca.pem"
        """
    )
    assert config.database == "postgresql://confrere@db/confrere"
    assert config.media_folder == Path("/var/lib/confrere")
    assert config.media_host == "localhost:8001"
    assert config.bind == Bind("::1", 9000)
    assert config.scheme == "http"
    assert config.trusted_hosts["chu-b.intra"] == (ip_network("10.2.0.5/32"),)
    assert config.rate_limits == Rates(token=Rate(600, 300))
    assert config.ca_bundle == Path("/srv/confrere/ca.pem")
    named = set(SETTINGS)
    assert named == {each.name for each in dataclasses.fields(Config)}


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes(
        """
        hosst = "social.chu-a.example"
        host = "https://social.chu-a.example/"
        database = "mysql://db"
        development = "yes"
        workers = 0
        bind = "everywhere"
        registrations = "perhaps"
        trusted_proxies = ["10.0.0.1/8"]
        trusted_hosts = ["chu-b.intra"]
        rate_limits = { tokens = [1, 1] }
        media = "s3://bucket"
        title = ""
        """
    )
    keys = [each.partition(":")[0] for each in found]
    expected = "hosst host database development workers bind registrations trusted_proxies trusted_hosts rate_limits media title"
    assert sorted(keys) == sorted(expected.split())
    assert "did you mean host?" in found[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host = ", "not TOML"),
        ("", "host: is missing"),
        (LEAST + "development = true", "development: refused on a public host"),
        (LEAST.replace("chu-a.example", "chu-a.example:8443"), "host: a port is for development"),
        (LEAST + 'handle_domain = "chu-a.example:8443"', "handle_domain: a port is for development"),
        (LEAST + 'media_host = "files.chu-a.example:8443"', "media_host: a port is for development"),
        (LEAST + 'media_host = "social.chu-a.example"', "media_host: must be another host"),
        (LEAST + 'trusted_addresses = ["127.0.0.0/8"]', "trusted_addresses: for development"),
        (LEAST + 'trusted_addresses = "127.0.0.0/8"', "trusted_addresses: must be a list"),
        (LEAST + "trusted_proxies = [7.5]", "trusted_proxies: not a network"),
        (LEAST + "rate_limits = { token = [0, 1] }", "rate_limits: must be a table"),
        (LEAST + 'bind = "127.0.0.1:70000"', "bind: must be ADDRESS:PORT"),
        (LEAST + "workers = true", "workers: must be a number"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(text: str, expected: str) -> None:
    text = text.replace("development = true", 'development = true\nhandle_domain = "chu-a.fr"')
    assert any(each.startswith(expected) for each in mistakes(text.replace("social.chu-a.example", "social.chu-a.fr")))


def test_mistakes_are_told_in_french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert "host: est absent" in mistakes("")


def test_the_environment_wins() -> None:
    config = parse(
        LEAST,
        CONFRERE_HOST="localhost:8001",
        CONFRERE_DEVELOPMENT="true",
        CONFRERE_WORKERS="2",
        CONFRERE_TRUSTED_PROXIES='["10.0.0.1/32"]',
        CONFRERE_TITLE="true",
    )
    assert (config.host, config.development, config.workers, config.title) == ("localhost:8001", True, 2, "true")
    assert config.trusted_proxies == (ip_network("10.0.0.1/32"),)


def test_variables_that_resemble_a_setting_are_mistakes_and_others_are_not_ours() -> None:
    assert mistakes(LEAST, CONFRERE_DATABSE="x") == ["CONFRERE_DATABSE: no such setting; did you mean database?"]
    assert mistakes(LEAST, CONFRERE_WORKERS="many") == ["CONFRERE_WORKERS: must be a number from 1 to 256"]
    parse(
        LEAST, CONFRERE_CONFIG="x", CONFRERE_REFERENCE="x", CONFRERE_TEST_POSTGRES="x", CONFRERE_PORT="tcp://10.0.0.1"
    )


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("localhost", True),
        ("localhost:8000", True),
        ("chu-a.localhost", True),
        ("chu-a", True),
        ("chu-a.test:81", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("10.1.2.3", True),
        ("social.chu-a.fr", False),
        ("notlocalhost.fr", False),
        ("8.8.8.8:80", False),
        ("test.fr", False),
    ],
)
def test_which_hosts_nobody_outside_can_mean(host: str, private: bool) -> None:  # noqa: FBT001  # a table's column
    assert is_private(host) is private


def test_a_missing_file_is_a_mistake_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="confrere init"):
        load_config(tmp_path / "none.toml", {})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("smtp+starttls://anna:a%40b@mail.chu-a.example", ("mail.chu-a.example", 587, "starttls", "anna", "a@b")),
        ("smtps://mail.chu-a.example:4650", ("mail.chu-a.example", 4650, "tls", "", "")),
        ("smtp://127.0.0.1", ("127.0.0.1", 25, "none", "", "")),
    ],
)
def test_mail_servers(written: str, expected: tuple[str, int, str, str, str]) -> None:
    text = f'host = "chu-a.example"\ndatabase = "sqlite:///x"\nmail = "{written}"'
    mail = parse_config(text, {}, Path("/")).mail
    assert mail is not None
    assert (mail.host, mail.port, mail.security, mail.user, mail.password) == expected
    assert mail.sender == "confrere@chu-a.example"


def test_addresses_are_confirmed_where_mail_can_be_sent() -> None:
    text = 'host = "chu-a.example"\ndatabase = "sqlite:///x"\n'
    assert not parse_config(text, {}, Path("/")).confirm_email
    with pytest.raises(ConfigError, match="confirm_email: needs"):
        parse_config(text + "confirm_email = true", {}, Path("/"))
    text += 'mail = "smtp://127.0.0.1"\n'
    assert parse_config(text, {}, Path("/")).confirm_email
    assert not parse_config(text + "confirm_email = false", {}, Path("/")).confirm_email


@pytest.mark.parametrize(
    "written",
    ["mail.chu-a.example", "smtp://mail.chu-a.org", "https://h.example", "smtps://h:x", "smtps://h.example/a"],
)
def test_what_names_no_mail_server(written: str) -> None:
    """Nor do passwords cross a network in the clear."""
    text = f'host = "chu-a.example"\ndatabase = "sqlite:///x"\nmail = "{written}"'
    with pytest.raises(ConfigError, match="smtp"):
        parse_config(text, {}, Path("/"))


def test_texts_are_read_from_files_and_every_one_that_cannot_be_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "terms.md").write_text("# Terms", "utf-8")
    (tmp_path / "bytes.md").write_bytes(b"\xff\xfe")
    config = parse_config(LEAST + 'terms_of_service = { 2027-01-01 = "terms.md" }', {}, tmp_path)
    assert dict(config.terms_of_service) == {date(2027, 1, 1): tmp_path / "terms.md"}
    wrong = 'privacy_policy = "nowhere.md"\nterms_of_service = { 2027-01-01 = "bytes.md" }'
    with pytest.raises(ConfigError) as caught:
        parse_config(LEAST + wrong, {}, tmp_path)
    assert [mistake.key for mistake in caught.value.mistakes] == ["privacy_policy", "terms_of_service"]
    for value in ('"terms.md"', '{ soon = "terms.md" }', "{ 2027-01-01 = 1 }"):
        assert mistakes(f"{LEAST}terms_of_service = {value}")[0].startswith("terms_of_service: ")


def test_the_service_that_translates() -> None:
    config = parse(LEAST + 'translation = { url = "http://translate.intra.internal:5000/", key = "a", local = true }')
    assert config.translation == Engine("http://translate.intra.internal:5000", "a", local=True)
    assert "'a'" not in repr(config.translation)
    for value in (
        '"https://8.8.8.8"',
        "{}",
        '{ url = "http://8.8.8.8" }',
        '{ url = "ftp://localhost" }',
        '{ url = "https://[" }',
        '{ url = "https://a.example", local = "yes" }',
        '{ url = "https://a.example", other = 1 }',
    ):
        assert mistakes(f"{LEAST}translation = {value}")[0].startswith("translation: "), value
