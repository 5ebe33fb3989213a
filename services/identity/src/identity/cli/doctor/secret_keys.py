"""The keys of IDENTITY_SECRET_KEYS: whether the older ones may be taken away."""

from collections.abc import Iterator

from identity.cli.doctor.findings import Finding, Verdict
from identity.cli.older_keys import held_by_older
from identity.cli.operator import Operator


def examine_secret_keys(opened: Operator) -> Iterator[Finding]:
    """Yield what older keys still hold; nothing where there is one key."""
    if not opened.secret_keys.has_older:
        return
    with opened.storage.autocommit() as connection:
        held = held_by_older(connection, opened.secret_keys)
    if not held:
        yield Finding(
            "secret keys",
            Verdict.GOOD,
            "the database holds nothing of the older keys of IDENTITY_SECRET_KEYS",
            "take them away 30 days after the newest one came (docs/operations.md, Keys)",
        )
        return
    kinds = [
        f"{each.rows} {each.what}" + (f" (the last ends {each.end:%Y-%m-%d %H:%M} UTC)" if each.end else "")
        for each in held
    ]
    yield Finding(
        "secret keys",
        Verdict.NOTE,
        f"of the older keys of IDENTITY_SECRET_KEYS there are still {', '.join(kinds)}",
        "keep the older keys; `identity worker` moves what can be moved to the newest",
    )
