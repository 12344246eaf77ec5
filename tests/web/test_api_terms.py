"""The admin's texts: rendered harmlessly, shown to apps and people, each version under its day."""

from datetime import date
from pathlib import Path

from policies.ruleset import day_of
from tests.web.api_world import World
from tests.web.entity_checker import EntityChecker
from tests.web.people import NOW
from web.texts import Terms, Text, read_text

OLD, PRESENT, COMING = date(2020, 1, 1), day_of(NOW), date(2099, 1, 1)


def terms(*days: date) -> tuple[Terms, ...]:
    return tuple(Terms(day, Text(f"<p>Since {day}</p>", NOW)) for day in days)


def test_markdown_and_html_become_harmless_html(tmp_path: Path) -> None:
    markdown, html = tmp_path / "a.md", tmp_path / "a.html"
    markdown.write_text(
        "# Vos données\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<script>x()</script> [a](javascript:x) [b](https://b.example)",
        "utf-8",
    )
    html.write_text(
        '<h1 onclick="x()">Vos</h1><script>x()</script><img src="//x"><a href="mailto:a@b.example">a</a>', "utf-8"
    )
    text = read_text(markdown)
    assert "<h1>Vos données</h1>" in text.html
    assert "<td>1</td>" in text.html
    assert "<script" not in text.html
    assert 'href="javascript' not in text.html
    assert 'href="https://b.example"' in text.html
    assert text.changed_at == int(markdown.stat().st_mtime * 1000)
    assert read_text(html).html == '<h1>Vos</h1><a href="mailto:a@b.example" rel="noopener noreferrer">a</a>'


async def test_without_texts_there_are_none(world: World) -> None:
    for name in ("privacy_policy", "terms_of_service", "terms_of_service/2020-01-01"):
        answer = await world.get(f"/api/v1/instance/{name}")
        assert (answer.status, answer.body) == (404, {"error": "Record not found"})
    urls = (await world.get("/api/v2/instance")).body["configuration"]["urls"]
    assert (urls["privacy_policy"], urls["terms_of_service"]) == (None, None)
    for path in ("/privacy-policy", "/terms-of-service", "/terms-of-service/2020-01-01"):
        assert (await world.browser.get(path)).status == 404
    assert "/privacy-policy" not in await (await world.browser.get("/about")).text()


async def test_versions_follow_each_other(world: World, checker: EntityChecker) -> None:
    world.change_site(terms=terms(OLD, PRESENT, COMING), privacy_policy=Text("<p>Rien</p>", NOW))
    policy = (await world.get("/api/v1/instance/privacy_policy")).body
    checker.check("PrivacyPolicy", policy)
    assert policy["content"] == "<p>Rien</p>"
    current = (await world.get("/api/v1/instance/terms_of_service")).body
    checker.check("TermsOfService", current)
    assert current == {
        "effective_date": str(PRESENT),
        "effective": True,
        "content": f"<p>Since {PRESENT}</p>",
        "succeeded_by": "2099-01-01",
    }
    last = (await world.get("/api/v1/instance/terms_of_service/2099-01-01")).body
    checker.check("TermsOfService", last)
    assert (last["effective"], last["succeeded_by"]) == (False, None)
    for day in ("2020-01-02", "x", "%00"):
        assert (await world.get(f"/api/v1/instance/terms_of_service/{day}")).status == 404
    instance = (await world.get("/api/v2/instance")).body
    checker.check("Instance", instance)
    assert instance["configuration"]["urls"]["privacy_policy"] == "https://chu-a.example/privacy-policy"
    assert instance["configuration"]["urls"]["terms_of_service"] == "https://chu-a.example/terms-of-service"
    world.change_site(terms=terms(COMING))
    assert (await world.get("/api/v1/instance/terms_of_service")).body["effective_date"] == "2099-01-01"


async def test_people_read_them_on_pages(world: World) -> None:
    world.change_site(terms=terms(OLD, COMING), privacy_policy=Text("<p>Rien</p>", NOW))
    about = await (await world.browser.get("/about")).text()
    assert 'href="/privacy-policy"' in about
    assert 'href="/terms-of-service"' in about
    assert "<p>Rien</p>" in await (await world.browser.get("/privacy-policy")).text()
    present = await (await world.browser.get("/terms-of-service")).text()
    assert "Since 2020-01-01" in present
    assert 'href="/terms-of-service/2099-01-01"' in present
    coming = await world.browser.get("/terms-of-service/2099-01-01", headers={"Accept-Language": "fr"})
    assert "En vigueur à partir du 1 janv. 2099." in await coming.text()
