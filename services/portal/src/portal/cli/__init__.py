"""The command `portal`: what an operator types. One module for each command."""
