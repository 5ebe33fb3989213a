"""Everything on one machine: what `make run` starts.

Owns the start and the stop of all processes, the sample city and the development inbox. Each service's own
settings, migrations and commands stay in that service: this package only runs its command with environment
variables, as any deployment does.
"""
