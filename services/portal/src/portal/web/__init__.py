"""What all pages share: layout, branding, headers, language, errors, the session and its tokens.

Also the calls to billing_link for the session's resident. What a page shows is in `home`, `sign_in` and
`utility_billing`.
"""
