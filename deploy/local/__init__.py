"""Everything on one machine: `make run` starts this package.

Owns starting and stopping all processes, the sample city, the simulated providers and the development inbox.
Settings, migrations and commands of a service stay in that service: this package runs its command with
environment variables, like any deployment.
"""
