"""Mails to residents that other services request with `POST /notices`: only identity has their addresses.

A service such as billing_link sends the resident's identifier, a kind and a few details; identity chooses the
text and the language, and sends no notice twice. The data that a notice is about stays with the service.
"""
