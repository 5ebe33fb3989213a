"""Templates for each language: what is made at compile time is what Jinja would make at each request."""

from gettext import GNUTranslations, NullTranslations

import pytest
from portal.web.templates import Templates

SOURCES = (
    '{{ _("Sign out") }}',
    "<a title=\"{{ _('If you are in a hurry, call %(phone)s.', phone='<1>') }}\">",
    '{{ _("Sign in") ~ "<b>" }} {{ _("<b>100%%</b>") }}',
    "{{ url_for('static', filename='a & b.css') }} {{ url_for('home.home') }}",
    "{{ url_for('utility_billing.account', link_id=link) }}",
    '{% for name, address in [(_("Home"), url_for("home.home"))] %}{{ name }} {{ address }}{% endfor %}',
)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_template_says_what_it_says_uncompiled(app, language: str, source: str) -> None:
    with app.test_request_context("/", headers={"Accept-Language": language}):
        app.preprocess_request()
        # Flask's environment, which escapes by the name of a template, has none for a text.
        expected = app.jinja_env.from_string(f"{{% autoescape true %}}{source}{{% endautoescape %}}")
        environment = Templates(app).of_request("base.html").environment
        made = environment.from_string(f"{{% autoescape true %}}{source}{{% endautoescape %}}")

        assert made.render(link="a b") == expected.render(link="a b")


def test_words_are_looked_up_once_for_each_language(visitor, monkeypatch) -> None:
    def page(language: str) -> str:
        return visitor.page("/", headers={"Accept-Language": language}).text

    pages = {language: page(language) for language in ("en", "es")}

    def gone(*_arguments: object) -> str:
        raise AssertionError("a word was looked up")

    for catalog in (NullTranslations, GNUTranslations):
        monkeypatch.setattr(catalog, "gettext", gone)

    assert {language: page(language) for language in ("es", "en")} == pages
    assert pages["en"] != pages["es"]
