"""What every endpoint of the protocol shares: request, client, parameters, errors, responses, lifetimes."""
