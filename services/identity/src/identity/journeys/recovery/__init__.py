"""Getting in again: "Forgot password?" and "Unlock account?".

The page answers every address alike; the mail tells its owner what applies. A link acts only when its page's
button is pressed, and nobody is signed in by it: that belongs to `sign_in`.
"""
