"""The endpoints that clients call, one specification a file; `routes` lists them."""
