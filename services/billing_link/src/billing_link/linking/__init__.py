"""What a resident can do with a utility account: find it, have it remembered, list, read and forget it.

Owns the links, the auto-link, the cities' number formats and link policies, and the limits on guessing. One
verb a module; a verb is one transaction at most and returns its outcome, a refusal included. Leaves what an
account owes to `billing_records`, who is calling to `tokens`, and telling residents by mail to `notices`.
"""
