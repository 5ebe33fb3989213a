"""The options of gRPC connections: how long one lives, how a dead one is noticed, that none asks a proxy.

The names are gRPC's own (`include/grpc/impl/channel_arg_names.h`); all times are milliseconds.
"""

SERVER_OPTIONS = (
    # A client that is asked and does not answer is gone: its connection is closed.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Clients may ask as well, with and without calls. gRPC's default is 5 minutes, and who asks more often
    # is cut off; the portal asks every 20 seconds.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    # A connection that does not begin to speak HTTP/2 is closed; one has no more calls than a client makes.
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_concurrent_streams", 256),
    # A client comes back on a new connection, having looked the name up again, so that a server that was
    # added gets its share. Calls that run have the grace to end: longer than any deadline.
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
)
# Nothing of the environment's proxies stands between the services.
CLIENT_OPTIONS = (("grpc.enable_http_proxy", 0),)
