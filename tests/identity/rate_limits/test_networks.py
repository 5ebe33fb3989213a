import pytest
from identity.rate_limits.networks import network_of, plain_address
from identity.residents.lockout import origins
from identity.web.visitor import visitor_of
from werkzeug import Request

# One IPv4 and one IPv6 address, in each form that a proxy or a socket writes.
IPV4 = ["192.0.2.1", " 192.0.2.1\t", "192.0.2.1:49152", "::ffff:192.0.2.1", "::FFFF:c000:201"]
IPV4 += ["[::ffff:192.0.2.1]:49152", "64:ff9b::192.0.2.1"]
IPV6 = [
    "2001:db8::a:1",
    "2001:0DB8:0:0:0:0:a:1",
    "[2001:db8::a:1]",
    "[2001:db8::a:1]:49152",
    "2001:db8::a:1%eth0",
]
NOT_AN_ADDRESS = [
    "",
    " ",
    "unix:",
    "localhost",
    "192.0.2",
    "192.0.2.256",
    "2001:db8::1::2",
    "[",
    "unknown",
    "_hidden",
]


@pytest.mark.parametrize("form", IPV4)
def test_an_ipv4_address_is_one_network_in_every_form(form):
    assert plain_address(form) == "192.0.2.1"
    assert network_of(form, ipv4_prefix=32) == "192.0.2.1"
    assert network_of(form, ipv4_prefix=24) == "192.0.2.0/24"


@pytest.mark.parametrize("form", IPV6)
def test_an_ipv6_address_counts_by_its_first_64_bits_in_every_form(form):
    assert plain_address(form) == "2001:db8::a:1"
    for ipv4_prefix in (24, 32):
        assert network_of(form, ipv4_prefix=ipv4_prefix) == "2001:db8::/64"


@pytest.mark.parametrize("form", NOT_AN_ADDRESS)
def test_what_is_no_address_is_one_network_and_is_recorded_as_it_came(form):
    assert network_of(form, ipv4_prefix=32) == network_of(form, ipv4_prefix=24) == "unknown"
    assert plain_address(form) == form


def test_a_zone_is_no_part_of_the_network():
    assert (
        network_of("fe80::1%eth0", ipv4_prefix=32)
        == network_of("fe80::1%eth1", ipv4_prefix=32)
        == "fe80::/64"
    )


@pytest.mark.parametrize("form", [*IPV4, *IPV6])
def test_the_lockout_counts_by_the_same_reading(form):
    assert origins.network(form) == f"network:{network_of(form, ipv4_prefix=24)}"


@pytest.mark.parametrize("form", IPV4)
def test_the_visitor_of_a_request_has_the_plain_address(form):
    assert visitor_of(Request({"REMOTE_ADDR": form})).ip_address == "192.0.2.1"
