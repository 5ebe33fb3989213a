"""What a resident does with a utility account: find it, link it, list and read the linked ones, unlink one.

Owns the links, the auto-link, the cities' number formats and link policies, and the limits on guessing. Each
verb is one module named as its call in the contract; it writes in one transaction at most and returns its
outcome, a refusal included. Leaves the ledger to `billing_records`, the caller to `tokens`, and mail to
`notifications`.
"""
