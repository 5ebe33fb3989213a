"""Signatures that are made and checked without joserfc: it accepts ours, and we accept its own."""

import pytest
from identity.signing_keys.rotation import ALGORITHMS
from identity.signing_keys.signatures import signing_with, verifying_with
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

MESSAGE = b"eyJ0eXAiOiJKV1QifQ.e30"
KEYS = {
    "ES256": ECKey.generate_key("P-256"),
    "RS256": RSAKey.generate_key(2048),
    "EdDSA": OKPKey.generate_key("Ed25519"),
}


def test_every_algorithm_is_tried():
    assert set(KEYS) == set(ALGORITHMS)


@pytest.mark.parametrize("alg", ALGORITHMS)
class TestOfEachAlgorithm:
    def test_the_library_accepts_ours(self, alg):
        key, library = KEYS[alg], JWSRegistry.algorithms[alg]
        # Numbers that begin with zeros are padded (RFC 7518 §3.4): one signature in 128 has such.
        for number in range(300 if alg == "ES256" else 3):
            message = MESSAGE + bytes([number % 256])
            assert library.verify(message, signing_with(key)(message), key)

    def test_ours_accepts_the_librarys(self, alg):
        key = KEYS[alg]
        signature = JWSRegistry.algorithms[alg].sign(MESSAGE, key)
        assert verifying_with(key)(MESSAGE, signature)

    def test_any_change_is_noticed(self, alg):
        key = KEYS[alg]
        verify, signature = verifying_with(key), signing_with(key)(MESSAGE)
        assert not verify(MESSAGE + b"x", signature)
        for changed in (b"", signature[:-1], signature + b"\0", bytes(len(signature)), b"\xff" * 64):
            assert not verify(MESSAGE, changed)
        damaged = bytes([*signature[:-1], signature[-1] ^ 1])
        assert not verify(MESSAGE, damaged)

    def test_a_public_key_verifies_and_does_not_sign(self, alg):
        key = KEYS[alg]
        public = type(key).import_key(key.as_dict(private=False))
        assert verifying_with(public)(MESSAGE, signing_with(key)(MESSAGE))
        with pytest.raises(TypeError):
            signing_with(public)


@pytest.mark.parametrize("key", [ECKey.generate_key("P-384"), OKPKey.generate_key("X25519")])
def test_a_key_of_another_curve_is_refused(key):
    for prepare in (signing_with, verifying_with):
        with pytest.raises(TypeError):
            prepare(key)
