"""Reads from a page the form that logs a contact, with the standard library alone: locust's process uses it."""

from html.parser import HTMLParser


class CallForm(HTMLParser):
    """The fields of the form that logs a contact, as a browser would send them unchanged."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._is_inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = given.get("id") == "call"
        if not self._is_inside or "name" not in given or tag not in ("input", "textarea", "select"):
            return
        if given.get("type") in ("radio", "checkbox") and "checked" not in given:
            return
        self.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
