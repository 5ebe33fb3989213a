"""The command line for operators: `identity …`, one module for each noun.

A command parses its arguments, calls one verb and prints the outcome. A refusal is printed to standard error,
one line for each fault, and exits with 1; wrong usage and wrong settings exit with 2.
"""

from identity.cli.entry import main

__all__ = ["main"]
