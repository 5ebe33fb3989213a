"""From the button to the provider.

Starts only by a form of ours (a link elsewhere starts nothing), and remembers what the answer must fit.
"""
