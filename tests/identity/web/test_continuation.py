"""The signed way on."""

from identity.secret_keys import Keyring
from identity.web.continuation import Continuation, Continuations
from itsdangerous import URLSafeSerializer


def test_it_survives_the_journey(keyring):
    continuations = Continuations(keyring)
    way_on = Continuation("/authorize/resume/x?client_id=y", "y", "pinellas-park", "pat@example.com", True)  # noqa: FBT003 - every field in its place
    assert continuations.read(continuations.sign(way_on)) == way_on


def test_what_was_signed_for_something_else_is_no_continuation(keyring):
    other = URLSafeSerializer(keyring.signing_keys("device"), salt="device").dumps({"path": "//evil.example"})
    assert Continuations(keyring).read(other) == Continuation()


def test_a_new_key_reads_what_the_old_one_signed():
    old, new = "an old key of thirty-two characters", "a new key of thirty-two characters!"
    signed = Continuations(Keyring([old])).sign(Continuation(path="/help"))
    assert Continuations(Keyring([new, old])).read(signed).path == "/help"
    assert Continuations(Keyring([new])).read(signed) == Continuation()


def test_a_field_of_a_later_release_is_left_out(keyring):
    later = URLSafeSerializer(keyring.signing_keys("continuation"), salt="continuation")
    assert Continuations(keyring).read(later.dumps({"path": "/help", "mood": "good"})).path == "/help"
