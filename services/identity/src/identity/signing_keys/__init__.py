"""The keys that sign tokens: `next` (published) → `active` → `retired` (still published) → removed.

Private keys are encrypted at rest. `oidc` signs with them.
"""
