"""The peers of identity: locked and installed here, started by `benchmarks.servers`."""
