"""Cities, their clients (OpenID Connect relying parties) and the resources that accept access tokens.

Registrations are validated when they are written, so that the protocol endpoints can rely on them. `consents`
holds what residents allowed clients, `invitations` the initial access tokens of RFC 7591. What a client gets
for a consent belongs to `oidc`.
"""
