"""The CPU time of a request, compared with other products and with a lower bound.

`python -m benchmarks` compares identity with other OpenID providers, `python -m benchmarks.billing_link`
compares billing_link with an empty echo. Nothing here is part of the product or fails a build.
"""
