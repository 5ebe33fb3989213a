"""HTTP Basic with form-encoded parts (RFC 6749 §2.3.1)."""

import base64

import pytest
from identity.web.basic_credentials import read_basic


def header(text: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("sent", "name", "secret"),
    [
        (header("city:s3cret"), "city", "s3cret"),
        (header("city:s3cret", "bAsIc"), "city", "s3cret"),
        (
            header("urn%3Acommunity-access%3Abilling-link:a%2Bb+c%25"),
            "urn:community-access:billing-link",
            "a+b c%",
        ),
        (header("city:with:colons"), "city", "with:colons"),
        (header("city:"), "city", ""),
        (header("señal:clave"), "señal", "clave"),
    ],
)
def test_both_parts_are_form_encoded(sent: str, name: str, secret: str):
    assert read_basic(sent) == (name, secret)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic Y2l0eQ==",
        header("city:s", "Bearer"),
        "Basic /w==",
        "Basic ñ",
    ],
)
def test_anything_else_is_none(sent: str | None):
    assert read_basic(sent) is None
