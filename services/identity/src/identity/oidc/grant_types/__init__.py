"""The grants of the token endpoint, one a file: each adds what is its own to the endpoint's shared phases."""
