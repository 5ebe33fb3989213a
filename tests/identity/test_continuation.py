"""The signed way on."""

from identity.continuation import Continuation, Continuations
from identity.secret_keys import SecretKeys
from itsdangerous import URLSafeSerializer


def test_it_survives_the_journey(secret_keys):
    continuations = Continuations(secret_keys)
    way_on = Continuation("/authorize/resume/x?client_id=y", "y", "pinellas-park", True)  # noqa: FBT003 - every field in its place
    assert continuations.read(continuations.sign(way_on)) == way_on


def test_what_was_signed_for_something_else_is_no_continuation(secret_keys):
    other = URLSafeSerializer(secret_keys.derive("device"), salt="device").dumps({"path": "//evil.example"})
    assert Continuations(secret_keys).read(other) == Continuation()


def test_a_new_key_reads_what_the_old_one_signed():
    old, new = "an old key of thirty-two characters", "a new key of thirty-two characters!"
    signed = Continuations(SecretKeys([old])).sign(Continuation(path="/help"))
    assert Continuations(SecretKeys([new, old])).read(signed).path == "/help"
    assert Continuations(SecretKeys([new])).read(signed) == Continuation()


def test_a_field_of_a_later_release_is_left_out(secret_keys):
    later = URLSafeSerializer(secret_keys.derive("continuation"), salt="continuation")
    assert Continuations(secret_keys).read(later.dumps({"path": "/help", "mood": "good"})).path == "/help"
