"""Sessions, stored on the server: the resident, the lifetimes, and the tokens, encrypted.

The cookie holds a 256-bit secret, which is replaced in use (`rotation`), and the database its SHA-256. No
token is sent to the browser.
"""
