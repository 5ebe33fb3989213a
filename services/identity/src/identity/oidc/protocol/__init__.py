"""What every endpoint of the protocol shares: request, parameters, errors, responses, clients' JWTs."""
