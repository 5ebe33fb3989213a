"""The commands of an operator: `billing_link migrate | serve | cities | import | health`, one module a noun.

Owns messages and progress for the terminal, and exit codes: 0 done, 1 refused or failed, 2 wrong usage or
settings. Leaves the work to the packages below.
"""
