"""The page "Create an account".

Ends with a pending registration and a mail. The page that then waits belongs to `waiting`.
"""
