"""A page as a resident reads it: text, links, forms and errors, whatever the markup around them."""

import re
from collections.abc import Mapping
from typing import Any, Self

from lxml import html
from lxml.html import FormElement, HtmlElement

ERRORS = (
    "//*[contains(concat(' ', @class, ' '), ' usa-error-message ')]"
    " | //*[contains(concat(' ', @class, ' '), ' usa-alert--error ')]"
)


class Form:
    """A form, and what a browser would send of it."""

    def __init__(self, element: FormElement) -> None:
        self.element = element
        self.action: str = element.get("action", "")
        self.method: str = element.method

    @property
    def fields(self) -> dict[str, str]:
        """Return what is sent as the form stands: no unchecked boxes, no buttons."""
        return {name: str(value) for name, value in self.element.form_values()}

    @property
    def buttons(self) -> list[str]:
        """Return the texts of the buttons that send it."""
        return [text_of(button) for button in self._buttons()]

    def filled(self, button: str = "", **values: str | None) -> dict[str, str]:
        """Return what is sent with these values and this button; a value of None is left out."""
        unknown = set(values) - set(self.element.fields)
        assert not unknown, f"no such field: {unknown}"
        pressed = {}
        if button:
            [element] = [each for each in self._buttons() if text_of(each) == button]
            pressed = {element.get("name"): element.get("value", "")} if element.get("name") else {}
        sent = self.fields | values | pressed
        return {name: value for name, value in sent.items() if value is not None}

    def control(self, name: str) -> Mapping[str, str]:
        """Return the attributes of the control with this name."""
        return dict(self.element.inputs[name].attrib)

    def _buttons(self) -> list[HtmlElement]:
        return list(self.element.xpath(".//button[not(@type) or @type='submit'] | .//input[@type='submit']"))


class Page:
    """The page in a response of Flask's test client or of `requests`."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.source: str = response.text
        self.root: HtmlElement = html.document_fromstring(self.source)

    @classmethod
    def ok(cls, response: Any) -> Self:
        """Return the page of a response that must be 200."""
        assert response.status_code == 200, (response.status_code, response.headers.get("Location"))
        return cls(response)

    @property
    def language(self) -> str:
        """Return the language it says it is in."""
        return str(self.root.get("lang"))

    @property
    def title(self) -> str:
        return text_of(self.root.find("head/title"))

    @property
    def heading(self) -> str:
        return text_of(self.only("//h1"))

    @property
    def text(self) -> str:
        """Return all text of the body, scripts left out, with single spaces."""
        return text_of(self.root.body)

    @property
    def errors(self) -> list[str]:
        """Return the texts of what it marks as errors: alerts, and messages at fields."""
        return [text_of(element) for element in self.root.xpath(ERRORS)]

    def form(self, name_or_action: str) -> Form:
        """Return the one form with this name, id or action."""
        found = [
            form
            for form in self.root.forms
            if name_or_action in (form.get("name"), form.get("id"), form.get("action"))
        ]
        assert len(found) == 1, [form.get("action") for form in self.root.forms]
        return Form(found[0])

    def links(self, text: str) -> list[str]:
        """Return where every link with this text leads."""
        return [link.get("href", "") for link in self.root.iter("a") if text_of(link) == text]

    def link(self, text: str) -> str:
        """Return where the links with this text lead; all of them lead to one place."""
        found = set(self.links(text))
        assert len(found) == 1, {text_of(link): link.get("href") for link in self.root.iter("a")}
        return found.pop()

    def all(self, xpath: str) -> list[HtmlElement]:
        """Return the elements that the expression finds."""
        return list(self.root.xpath(xpath))

    def only(self, xpath: str) -> HtmlElement:
        """Return the one element that the expression finds."""
        found = self.all(xpath)
        assert len(found) == 1, f"{len(found)} of {xpath}"
        return found[0]


def csrf_token(response: Any) -> str:
    """Return the token that the forms of a page send along, which is one for all of them."""
    found = {field.get("value", "") for field in Page.ok(response).all("//input[@name='csrf_token']")}
    assert len(found) == 1, response.text
    return found.pop()


def hidden_fields(response: Any, action: str) -> dict[str, str]:
    """Return what the form with this action sends."""
    return Page.ok(response).form(action).fields


def text_of(element: HtmlElement) -> str:
    """Return the text of an element, scripts and styles left out, as a browser collapses its spaces."""
    parts = element.xpath(".//text()[not(parent::script or parent::style)]")
    return re.sub(r"[ \t\r\n]+", " ", "".join(parts)).strip(" ")
