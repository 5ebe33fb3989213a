"""What the verbs of this journey are told of the browser that asks."""

from dataclasses import dataclass

from identity.web.current_session import SignedIn
from identity.web.visitor import Visitor


@dataclass(frozen=True)
class RequestingBrowser:
    """The browser that asks."""

    # Of the cookie that proves that it is the one that left, if it has one.
    secret: str | None
    # Its live session, if any.
    current: SignedIn | None
    visitor: Visitor
