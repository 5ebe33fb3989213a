"""Steps 4 to 7 of the resident guide: create an account, and prove the address by the mail.

Until then there is only a pending registration, which is no account: it owns nothing, blocks nobody and
expires. Whether an address already has an account never shows on a page; its owner learns it by mail. Signing
in afterwards belongs to `sign_in`.
"""
