"""What a resident sees of their own account: name, address, sign-in method, signed-in devices.

Changing them, and other means of proof, are journeys of their own.
"""
