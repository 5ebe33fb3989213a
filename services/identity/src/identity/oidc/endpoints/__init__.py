"""The protocol's endpoints that programs call, one specification a file; `routes.py` is their table."""
