"""Six-digit codes that travel by mail beside a link and are typed into the page that waits.

Short, so: bound to one subject, few minutes, few attempts, the newest only (ASVS 6.5, 6.6).
"""
