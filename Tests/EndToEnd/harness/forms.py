"""A browser without scripts: keeps cookies, follows redirects within one origin, and fills forms in."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests


class Page(HTMLParser):
    """What a test needs of a page: its form, and its text."""

    def __init__(self, html: str):
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "form":
            self.action = values.get("action", "")
        if tag == "input" and "name" in values:
            self.fields[values["name"]] = values.get("value") or ""
        if tag == "button" and "name" in values:
            self.buttons.append((values["name"], values.get("value", "")))
        if tag == "a":
            self.links.append(values.get("href", ""))

    def handle_data(self, data):
        self.text += data


class Browser:
    def __init__(self, origin: str):
        self.origin = origin
        self.session = requests.Session()
        self.url = origin
        self.response: requests.Response | None = None

    def go(self, url: str, method: str = "GET", **more) -> requests.Response:
        """Follows redirects until one leaves the origin: that one is the answer."""
        for _ in range(20):
            self.url = urljoin(self.url, url)
            self.response = self.session.request(method, self.url, allow_redirects=False, timeout=20, **more)
            if self.response.status_code not in (301, 302, 303, 307):
                return self.response
            target = urljoin(self.url, self.response.headers["location"])
            if f"{urlsplit(target).scheme}://{urlsplit(target).netloc}" != self.origin:
                return self.response
            url, method, more = target, "GET", {}
        raise AssertionError(f"redirected without end: {self.url}")

    @property
    def page(self) -> Page:
        return Page(self.response.text)

    @property
    def location(self) -> str:
        """Where the last answer sends the browser, away from the origin."""
        assert self.response.status_code in (302, 303), (self.response.status_code, self.response.text)
        return self.response.headers["location"]

    def submit(self, headers: dict | None = None, **values) -> requests.Response:
        page = self.page
        assert page.action is not None, self.response.text
        sent = {"origin": self.origin, **(headers or {})}
        return self.go(page.action, "POST", data={**page.fields, **values}, headers={k: v for k, v in sent.items() if v is not None})
