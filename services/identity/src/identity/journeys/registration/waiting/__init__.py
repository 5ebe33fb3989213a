"""The page "Verification email sent": takes the code, sends the mail again.

It belongs to the browser that signed up, which a cookie proves.
"""
