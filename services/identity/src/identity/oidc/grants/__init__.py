"""What a resident granted a client: stored, refreshed and revoked."""
