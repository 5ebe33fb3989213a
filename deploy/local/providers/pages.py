"""The pages of the simulated providers, on which a developer chooses an account."""

from collections.abc import Iterable, Mapping

from flask import render_template_string

from .people import Person

_SHELL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Simulated {{ name }}</title>
<style>body{font-family:system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem;line-height:1.5}
.mark{background:#ffe08a;color:#1b1b1b;padding:.5rem 1rem;font-weight:bold}
button{font:inherit;padding:.6rem 1rem;margin:.25rem 0;width:100%;text-align:left;cursor:pointer}
small{color:#454545}</style></head><body>
<p class="mark">Simulated {{ name }} – for local development</p><main>"""  # noqa: RUF001 - a dash
_END = "</main></body></html>"
_PICK = (
    _SHELL
    + """<h1>Choose an account</h1>
<form method="post">{% for person in people %}
<button name="person" value="{{ person.key }}">{{ person.display_name }}
{%- if person.claims.email %} ({{ person.claims.email }}){% endif %}<br><small>{{ person.shows
}}</small></button> {% endfor %}<button name="cancel" value="1">Cancel</button></form>"""
    + _END
)
_MESSAGE = _SHELL + "<h1>{{ title }}</h1><p>{{ text }}</p>" + _END
_FORM_POST = (
    _SHELL
    + """<h1>Back to the application</h1>
<form method="post" action="{{ action }}">{% for name, value in fields.items() %}
<input type="hidden" name="{{ name }}" value="{{ value }}">{% endfor %}
<button id="go">Continue</button></form><script>document.forms[0].submit()</script>"""
    + _END
)


def account_chooser(name: str, people: Iterable[Person]) -> str:
    """Return the page on which an account is chosen; it posts to its own address."""
    return render_template_string(_PICK, name=name, people=people)


def message(name: str, title: str, text: str) -> str:
    """Return a page without links, such as a provider's own error page."""
    return render_template_string(_MESSAGE, name=name, title=title, text=text)


def form_post(name: str, action: str, fields: Mapping[str, str]) -> str:
    """Return a page that posts `fields` to the application at once (OAuth 2.0 Form Post Response Mode)."""
    return render_template_string(_FORM_POST, name=name, action=action, fields=fields)
