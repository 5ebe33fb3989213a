"""The grant types of the token endpoint, one a file; `base` says what they have in common.

Client authentication, registration of the grant type and the sender's binding are checked by
`endpoints.token` for all of them. What a grant is, and its storage, belong to `grants`.
"""
