"""No page of ours loads anything from another server, and none holds a script that its own policy forbids."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

if TYPE_CHECKING:
    from tests.people import Cast

pytestmark = pytest.mark.django_db
HTML = {"Accept": "text/html"}


class Loads(HTMLParser):
    """What a page loads, and the scripts that are written into it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self._in_script = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.loaded += [said[name] or "" for name in ("src", "srcset", "data", "poster") if name in said]
        if tag == "link":
            self.loaded.append(said.get("href") or "")
        self._in_script = tag == "script" and "src" not in said and said.get("type") != "application/json"
        self.inline += [name for name in said if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.inline.append(data.strip()[:60])

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = False


@pytest.mark.parametrize(
    "address",
    [
        "/api/docs/",
        "/admin/login/",
        "/admin/",
        "/admin/accounts/user/",
        "/admin/accounts/accommodation/add/",
        "/admin/rubrics/conflictofinterest/add/",
        "/admin/knox/authtoken/",
        "/problems/",
        "/problems/already-live",
    ],
)
def test_a_page_loads_only_what_is_here(cast: Cast, address: str) -> None:
    client = Client(headers=HTML)
    if not address.endswith("login/"):
        client.force_login(cast.admin, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(address)
    assert page.status_code == 200
    seen = Loads(page.content.decode())
    assert [each for each in seen.loaded if not re.match(r"/(?!/)|data:", each)] == []
    assert seen.inline == [], "the policy lets no script run that is written into the page"
    assert "unsafe-inline" not in page["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]
    for each in seen.loaded:
        if each.startswith("/static/"):
            assert finders.find(each.removeprefix("/static/")), each


def test_the_description_of_the_api_is_drawn_by_a_script_of_its_own() -> None:
    client = Client(headers=HTML)
    (script,) = [each for each in Loads(client.get("/api/docs/").content.decode()).loaded if "script=" in each]
    answer = client.get(script)
    assert answer["Content-Type"] == "application/javascript"
    said = answer.content.decode()
    assert 'url: "/api/schema/"' in said
    assert '"validatorUrl": null' in said, "it would send the description to somebody else's server"
    assert not re.search(r"https?://", said)
