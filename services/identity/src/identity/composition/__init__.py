"""Settings → stores → verbs → pages and endpoints: who is handed what, named one by one.

The modules here know everyone, and nobody but `app` knows them. They decide nothing.
"""
