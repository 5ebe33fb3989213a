"""Settings → stores → verbs → pages and endpoints: the only place where they are constructed.

The modules here import every other, and only `app` imports them. They decide nothing.
"""
