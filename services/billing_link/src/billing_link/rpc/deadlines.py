"""The deadline of a call: no work begins for a caller that no longer waits."""

import grpc

# Seconds kept back so that the response arrives in time, and that a call without a deadline waits.
_RESERVE, _WITHOUT_DEADLINE = 0.02, 10.0


def has_passed(context: grpc.ServicerContext) -> bool:
    """Tell whether the caller is gone, or will be before a response can arrive.

    A call without a deadline is served: every statement has a time limit.
    """
    remaining = context.time_remaining()
    return not context.is_active() or (remaining is not None and remaining < _RESERVE)


def seconds_to_wait(context: grpc.ServicerContext) -> float:
    """Return how long a call may wait before work on it begins."""
    remaining = context.time_remaining()
    return _WITHOUT_DEADLINE if remaining is None else max(0.0, min(remaining, _WITHOUT_DEADLINE))
