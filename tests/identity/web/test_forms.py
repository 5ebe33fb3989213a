import pytest
from flask import Flask
from flask_babel import Babel
from identity.web.forms import PageForm, email_field, password_field, text_field
from werkzeug.datastructures import MultiDict

BLANK = "This field cannot be left blank"
TOO_LONG = "This is too long. Use at most %s characters."
UNUSABLE = "This contains a character that cannot be used here."


class Form(PageForm):
    email = email_field("Email")
    name = text_field("Name", 10)
    password = password_field("Password")


GOOD = {"email": "nia@example.com", "name": "Nia", "password": "four words of mine"}


@pytest.fixture(autouse=True)
def request_context():
    app = Flask("forms")
    Babel(app)
    with app.test_request_context():
        yield


def faults(**typed: str):
    """Return the messages of each field at fault."""
    form = Form(MultiDict(GOOD | typed))
    form.validate()
    return {field.id: [str(message) for message in field.errors] for field in form if field.errors}


def test_a_form_that_is_filled_in_has_no_faults():
    assert faults() == {}


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u2003"])
def test_a_line_of_blanks_is_left_blank(blank):
    assert faults(email=blank, name=blank) == {"email": [BLANK], "name": [BLANK]}


def test_a_password_of_blanks_is_a_password():
    assert faults(password="") == {"password": [BLANK]}
    assert faults(password=" " * 15) == {}


def test_a_field_that_was_not_sent_is_left_blank():
    form = Form(MultiDict())
    assert not form.validate()
    assert form.error_summary() == [(name, BLANK) for name in ("email", "name", "password")]


def test_a_field_takes_as_many_characters_as_it_says():
    assert faults(name="x" * 10, password="x" * 500) == {}
    assert faults(name="x" * 11) == {"name": [TOO_LONG % 10]}
    assert faults(password="x" * 501) == {"password": [TOO_LONG % 500]}
    assert faults(email=f"nia@{'x' * 250}.com") == {"email": [TOO_LONG % 254]}


@pytest.mark.parametrize("character", ["\x00", "\x07", "\ud800", "\uffff"])
def test_control_surrogate_and_unassigned_characters_are_refused(character):
    assert faults(name=f"N{character}a", password=character) == {"name": [UNUSABLE], "password": [UNUSABLE]}


def test_a_field_shows_its_first_fault_alone():
    assert faults(email="\x00" * 300, password="\x00" * 600) == {
        "email": [TOO_LONG % 254],
        "password": [TOO_LONG % 500],
    }
    assert faults(email="nia\x00@example.com") == {"email": [UNUSABLE]}


def test_names_and_passwords_of_any_script_pass():
    assert faults(name="Zoë 李", password="пароль из слов 🔑") == {}
