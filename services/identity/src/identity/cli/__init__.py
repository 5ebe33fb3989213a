"""The command line for operators: `identity …`, one module for each noun.

Reads what was typed, calls one verb, prints. Refusals are one line each on standard error, with exit code 1;
wrong usage and wrong settings exit with 2.
"""

from identity.cli.entry import main

__all__ = ["main"]
