"""What city staff and operators do: the verbs, for the command line today and for pages later.

Who may use them is decided by whoever offers them; each takes the reason that goes into the audit.
"""
