"""Account recovery: "Forgot password?" and "Unlock account?".

The page responds to every address alike; the mail says what applies. A mailed link acts when the button of
its page is pressed, never when the page is opened, and signs no one in: that belongs to `sign_in`.
"""
