"""The keys that sign tokens: `next` (published) → `active` → `retired` (still published) → gone.

Private parts are sealed at rest. Signing itself is left to `oidc`.
"""
