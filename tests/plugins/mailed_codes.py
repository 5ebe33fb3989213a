"""Codes from mails that are not the right one."""


def another(code: str) -> str:
    """Return another code of the same form."""
    return code[:-1] + ("B" if code[-1] != "B" else "C")
