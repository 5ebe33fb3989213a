"""The pages that ask for a mail: "Forgot password?" and "Unlock account?".

One answer for every address. What the mail's link does belongs to `resetting` and `unlocking`.
"""
