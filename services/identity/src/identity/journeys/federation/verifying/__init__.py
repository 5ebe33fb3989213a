"""The answer to our mail: by its code, by its link in the browser that waits, or by its link elsewhere.

Elsewhere the link asks for the provider again: only who holds both, the mailbox and the account at the
provider, becomes a resident with the two.
"""
