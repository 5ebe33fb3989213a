"""What every page shares: the shell with the city's looks, headers, CSRF, cookies, session, throttling.

Decides nothing about residents; the journeys and the provider do.
"""
