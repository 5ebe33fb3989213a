"""The query of an authorization request is read as Werkzeug and the standard library read it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from identity.oidc.authorization.query import read_query
from identity.oidc.protocol.parameters import Parameters
from werkzeug.wrappers import Request

TEXT = st.lists(
    st.sampled_from(
        [*"&=+%;az09-_~", "%20", "%2B", "%26", "%C3%A9", "%C3", "%ff", "%zz", "%00", "é", "&&", "scope="]
    )
).map("".join)


def as_sent(text: str) -> dict[str, str]:
    return {"QUERY_STRING": text.encode().decode("latin-1")}


@given(TEXT)
@example("")
@example("a=b=c&=d&e&f=&a=g")
def test_it_reads_what_they_read(text: str):
    expected = Request(as_sent(text), populate_request=False).args
    assert Parameters(read_query(as_sent(text))).stored() == Parameters(expected.items(multi=True)).stored()


def test_bytes_that_are_no_text_are_refused_as_they_refuse_them():
    environ = {"QUERY_STRING": "state=\xff"}
    with pytest.raises(UnicodeDecodeError):
        list(read_query(environ))
    with pytest.raises(UnicodeDecodeError):
        _ = Request(environ, populate_request=False).args
