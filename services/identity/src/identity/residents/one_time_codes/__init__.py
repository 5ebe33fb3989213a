"""Codes in mails, typed into the page that waits for them.

Each is for one purpose and subject, ten minutes and five attempts; only the newest works (ASVS 5.0 6.5, 6.6).
The ten minutes begin when the mail is sent.
"""
