"""The resident's answer when their provider names another address than before.

Ours stays what it is until the resident says otherwise.
"""
