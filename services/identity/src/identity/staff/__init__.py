"""What city staff and operators do: the verbs, for the command line today and for pages later.

Each change takes the reason that goes into the audit. Who may use a verb is decided by the command or page.
"""
