"""Tokens that are remembered after they were verified: bounded in number and in time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from identity.oidc.tokens.verified_tokens import VerifiedTokens, digest_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Token:
    expires_at: datetime = NOW + timedelta(minutes=5)


def test_one_is_found_until_it_expires():
    tokens, token = VerifiedTokens[Token](), Token()
    tokens.keep(b"a", token, NOW)
    assert tokens.find(b"a", NOW) is token
    assert tokens.find(b"b", NOW) is None
    assert tokens.find(b"a", token.expires_at - timedelta(seconds=1)) is token
    assert tokens.find(b"a", token.expires_at) is None


def test_the_oldest_makes_room():
    tokens = VerifiedTokens[Token](most=3)
    for digest in (b"a", b"b", b"c", b"d"):
        tokens.keep(digest, Token(), NOW)
    assert len(tokens) == 3
    assert tokens.find(b"a", NOW) is None
    assert tokens.find(b"d", NOW) is not None


def test_those_that_expired_make_room_first():
    tokens = VerifiedTokens[Token]()
    for digest in (b"a", b"b"):
        tokens.keep(digest, Token(NOW + timedelta(seconds=1)), NOW)
    tokens.keep(b"c", Token(), NOW + timedelta(seconds=1))
    assert len(tokens) == 1


def test_none_is_kept_whole():
    text = "header.claims.signature"
    assert text.encode() not in digest_of(text)
    assert digest_of(text) != digest_of(text + "x")
