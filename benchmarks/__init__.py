"""The CPU time of a request, compared with other products and with a lower bound.

`python -m benchmarks` runs the parts, one by one: `benchmarks.identity` compares identity with other OpenID
providers, `benchmarks.billing_link` billing_link with an empty echo, `benchmarks.portal` the portal with the
services that it asks. Nothing here is part of the product or fails a build.
"""
