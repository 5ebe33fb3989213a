"""What the product costs per request, beside its peers and beside what no program can go below.

`python -m benchmarks` compares identity with other OpenID providers, `python -m benchmarks.billing_link`
measures billing_link against an empty echo. Nothing here is part of the product or fails a build.
"""
