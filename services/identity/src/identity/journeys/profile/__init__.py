"""The profile page: name, address, sign-in method, signed-in devices, websites that were allowed access.

Ends sessions and removes access. Changing name, address or password belongs to other journeys.
"""
