"""Notifications of residents by mail about their links, delivered through identity (decision 0003).

Owns the rows, which are written in the transaction of their cause, and the thread that delivers each at least
once. Leaves texts, languages and mail to identity, and who is notified of what to `linking`.
"""
