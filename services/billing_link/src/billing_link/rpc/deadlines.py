"""Work is not begun for a caller who no longer waits."""

import grpc

# Seconds kept back so that an answer still arrives in time.
_RESERVE = 0.02


def has_passed(context: grpc.ServicerContext) -> bool:
    """Tell whether the caller has gone, or will have before an answer could reach them.

    A call without a deadline is served: every statement has a limit of its own.
    """
    remaining = context.time_remaining()
    return not context.is_active() or (remaining is not None and remaining < _RESERVE)
