"""Commands whose argument is an identifier: one in 64 begins with a dash."""

import click


class IdentifierCommand(click.Command):
    """Takes an argument such as `-Yh1` as it is, although `-h` is an option. `-h` alone shows the help."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse without short options: `-Yh1` would be read as `-Y`, `-h` and `-1`."""
        ctx.ignore_unknown_options, ctx.help_option_names = True, ["--help"]
        return super().parse_args(ctx, ["--help" if each == "-h" else each for each in args])
