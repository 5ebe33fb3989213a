"""The options of the connections to billing_link: shared among its servers, replaced when they die.

The names are gRPC's own (`include/grpc/impl/channel_arg_names.h`); all times are milliseconds. The target is
a `host:port`, or another name that gRPC knows, such as `dns:///host:port`. A name that stands for several
addresses is several servers, and each gets its share of the calls. It is looked up again when a connection
ends, which billing_link does to each after some minutes.

A call that a server has not seen, since the connection was just ending, is sent again on another: gRPC's
transparent retries, without which a resident would see an error whenever a connection grows old. There is no
retry policy, so nothing else is.
"""

import json

CHANNEL_OPTIONS = (
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
    ("grpc.enable_retries", 1),
    # A connection that a firewall or a load balancer forgot stays silent for ever: ask, with and without
    # calls, and close it when nothing comes back. So a dead one is replaced within half a minute.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # The same for any other ping that is under way, which the question would wait for: a minute by default.
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # How long an attempt to connect may take, and the longest pause between two.
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.dns_min_time_between_resolutions_ms", 10_000),
    # Nothing of the environment's proxies stands between the services.
    ("grpc.enable_http_proxy", 0),
)
