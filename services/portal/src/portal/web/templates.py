"""The pages' templates, compiled once for each language (docs/decisions/0081).

What does not depend on the resident is made when a template is compiled: a page's words, `_("…")`, and its
addresses, `url_for("…")`, where all arguments are constants. So it is text in the compiled template, beside
the markup around it, and a page costs what it shows of the city and the resident.
"""

from collections.abc import Callable

from babel.support import NullTranslations
from flask import Flask
from flask.templating import Environment
from flask_babel import get_domain
from jinja2 import Template, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from portal.web.language import current_language


class Templates:
    """The templates of one application, which is served below one path."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._environments: dict[str, Environment] = {}

    def of_request(self, name: str) -> Template:
        """Return a template in the language of this request."""
        language = current_language()
        if language not in self._environments:
            self._environments[language] = self._new_environment()
        return self._environments[language].get_template(name)

    def _new_environment(self) -> Environment:
        """Return what the application's own environment has, with the words of this request's language."""
        environment = _LanguageEnvironment(self._app, get_domain().get_translations())
        environment.filters.update(self._app.jinja_env.filters)
        return environment


class _LanguageEnvironment(Environment):
    def __init__(self, app: Flask, translations: NullTranslations) -> None:
        super().__init__(
            app,
            autoescape=app.select_jinja_autoescape,
            auto_reload=False,
            extensions=["jinja2.ext.i18n"],
        )
        self.globals.update(app.jinja_env.globals)
        self.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]  # of i18n
        self._constants = _Constants(translations.gettext, app.url_for)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        # What `parse` and `compile` begin with.
        made: nodes.Template = self._constants.visit(super()._parse(source, name, filename))
        return made


class _Constants(NodeTransformer):
    """Replaces calls by their results, which are the same at each request."""

    def __init__(self, gettext: Callable[[str], str], url_for: Callable[..., str]) -> None:
        self._gettext, self._url_for = gettext, url_for

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802 - Jinja's way to name a kind of node
        match call:
            case nodes.Call(node=nodes.Name(name="_"), args=[nodes.Const(value=words)], kwargs=[]):
                # As Jinja's `_` does where values are escaped.
                markup = Markup(self._gettext(words))  # noqa: S704 - of the catalog
                return nodes.Const(markup % {}, lineno=call.lineno)
            case nodes.Call(node=nodes.Name(name="url_for"), args=[nodes.Const(value=page)], kwargs=named):
                if all(isinstance(each.value, nodes.Const) for each in named):
                    values = {each.key: each.value.as_const() for each in named}
                    return nodes.Const(self._url_for(page, **values), lineno=call.lineno)
        made: nodes.Node = self.generic_visit(call)
        return made
