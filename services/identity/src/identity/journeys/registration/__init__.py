"""Steps 4 to 7 of the resident guide: create an account, and verify its address by mail.

Until then there is only a pending registration, which is no account: it owns nothing, blocks no other
registration and expires. No page says whether an address has an account; its owner learns it by mail. Signing
in afterwards belongs to `sign_in`, the mail and its pages to `email_verification`.
"""
