"""Step 8 of the resident guide: the sign-in page.

Decides whether e-mail address and password are right, begins the session, and sends the resident on to where
they were going. Whatever is wrong, the page says the same; what its owner should know goes by mail. What a
client may learn afterwards belongs to `oidc`.
"""
