"""The deadline of a call: no work begins for a caller that no longer waits."""

import grpc

# Seconds kept back so that the response arrives in time.
_RESERVE = 0.02


def has_passed(context: grpc.ServicerContext) -> bool:
    """Tell whether the caller is gone, or will be before a response can arrive.

    A call without a deadline is served: every statement has a time limit.
    """
    remaining = context.time_remaining()
    return not context.is_active() or (remaining is not None and remaining < _RESERVE)
