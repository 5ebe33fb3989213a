"""What other services tell residents by mail through identity, which alone knows their addresses.

A service such as billing_link posts who, what kind and a few plain details; identity decides the words, the
language and the looks, and sends nothing twice. What the notice is about is none of its business.
"""
