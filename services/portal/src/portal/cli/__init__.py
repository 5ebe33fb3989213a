"""The command `portal`, one module a subcommand."""
