import pytest
from identity.rate_limits.networks import network_of, plain_address, read_address
from identity.residents.lockout import origins
from identity.web.visitor import visitor_of
from werkzeug import Request
from werkzeug.middleware.proxy_fix import ProxyFix

# One IPv4 and one IPv6 address, in each form that a proxy, a socket or a standard writes.
IPV4 = {
    "plain": "192.0.2.1",
    "blanks around it": " 192.0.2.1\t",
    "with a port, as Azure's gateway writes it": "192.0.2.1:49152",
    "with an obfuscated port (RFC 7239 §6.2)": "192.0.2.1:_x-1",
    "with a port of nothing": "192.0.2.1:",
    "three digits in each part": "192.000.002.001",
    "three digits, and a port": "192.000.002.001:4711",
    "quoted, with a port (RFC 7239 §4)": '"192.0.2.1:4711"',
    "a parameter of Forwarded": "for=192.0.2.1",
    "one of several parameters": 'proto=https;For="192.0.2.1:4711";by=203.0.113.43',
    "of a socket for both families": "::ffff:192.0.2.1",
    "the same in upper case and hexadecimal": "::FFFF:c000:201",
    "the same with a port and brackets": "[::ffff:192.0.2.1]:49152",
    "the same with a port and no brackets": "::ffff:192.0.2.1:49152",
    "the same with a zone": "::ffff:192.0.2.1%eth0",
    "IPv4-compatible (RFC 4291 §2.5.5.1)": "::192.0.2.1",
    "IPv4-translated (RFC 2765 §2.1)": "::ffff:0:192.0.2.1",
    "through NAT64 (RFC 6052 §2.1)": "64:ff9b::192.0.2.1",
    "through a NAT64 of the own network (RFC 8215)": "64:ff9b:1:fffe::192.0.2.1",
    "through 6to4 (RFC 3056 §2)": "2002:c000:201::1",
    "through Teredo (RFC 4380 §4)": "2001:0:4136:e378:8000:63bf:3fff:fdfe",
}
IPV6 = {
    "plain": "2001:db8::a:1",
    "in full, in upper case": "2001:0DB8:0:0:0:0:a:1",
    "zeros of every group": "2001:0db8:0000:0000:0000:0000:000a:0001",
    "in brackets": "[2001:db8::a:1]",
    "in brackets with a port": "[2001:db8::a:1]:49152",
    "quoted, in brackets with a port (RFC 7239 §4)": '"[2001:db8::a:1]:4711"',
    "a parameter of Forwarded": 'for="[2001:db8::a:1]:4711"',
    "in full with a port and no brackets, as CloudFront writes it": "2001:db8:0:0:0:0:a:1:49152",
    "with a zone": "2001:db8::a:1%eth0",
    "with a zone, escaped (RFC 6874)": "[2001:db8::a:1%25eth0]:443",
}
UNREADABLE = [
    "unix:",
    "localhost",
    "192.0.2",
    "192.0.2.256",
    "3221225985",
    "0xC0000201",
    "2001:db8::1::2",
    "[",
    "unknown",
    "_hidden",
    "for=_mdn",
    'for="_SEVKISEK"',
    "x" * 10_000,
]


@pytest.mark.parametrize("form", IPV4.values(), ids=IPV4)
def test_an_ipv4_address_is_one_network_in_every_form(form):
    assert plain_address(form) == "192.0.2.1"
    assert network_of(form, ipv4_prefix=32) == "192.0.2.1"
    assert network_of(form, ipv4_prefix=24) == "192.0.2.0/24"


@pytest.mark.parametrize("form", IPV6.values(), ids=IPV6)
def test_an_ipv6_address_counts_by_its_first_64_bits_in_every_form(form):
    assert plain_address(form) == "2001:db8::a:1"
    for ipv4_prefix in (24, 32):
        assert network_of(form, ipv4_prefix=ipv4_prefix) == "2001:db8::/64"


@pytest.mark.parametrize("form", ["2001:db8::1:443", "2001:db8:0:0:0:0:1:443"])
def test_what_may_be_a_port_or_a_part_is_read_as_a_part_and_counts_alike(form):
    # RFC 5952 §6.
    assert plain_address(form) == "2001:db8::1:443"
    assert network_of(form, ipv4_prefix=32) == network_of("2001:db8::1", ipv4_prefix=32) == "2001:db8::/64"


@pytest.mark.parametrize("form", ["::1", "[::1]:49152", "::1:443"])
def test_this_machine_is_no_ipv4_address_in_six(form):
    assert network_of(form, ipv4_prefix=32) == "::/64"


@pytest.mark.parametrize("form", UNREADABLE)
def test_what_is_no_address_is_a_network_of_its_own_and_is_recorded_as_it_came(form):
    network = network_of(form, ipv4_prefix=32)
    assert network == network_of(form, ipv4_prefix=24) == network_of(f" {form} ", ipv4_prefix=32)
    assert network.startswith("unreadable:")
    assert len(network) < 40
    assert plain_address(form) == form
    assert read_address(form) is None


def test_texts_that_are_no_addresses_never_count_together():
    networks = {network_of(form, ipv4_prefix=32) for form in UNREADABLE}
    assert len(networks) == len(UNREADABLE)
    assert len({origins.network(form) for form in UNREADABLE}) == len(UNREADABLE)


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_no_text_is_no_network(blank):
    assert network_of(blank, ipv4_prefix=32) == network_of(blank, ipv4_prefix=24) == "none"


def test_a_zone_is_no_part_of_the_network():
    assert (
        network_of("fe80::1%eth0", ipv4_prefix=32)
        == network_of("fe80::1%eth1", ipv4_prefix=32)
        == "fe80::/64"
    )


@pytest.mark.parametrize("form", [*IPV4.values(), *IPV6.values(), *UNREADABLE])
def test_the_lockout_counts_by_the_same_reading(form):
    assert origins.network(form) == f"network:{network_of(form, ipv4_prefix=24)}"
    # The length of its column.
    assert len(origins.network(form)) <= 80


@pytest.mark.parametrize("form", IPV4.values(), ids=IPV4)
def test_the_visitor_of_a_request_has_the_plain_address(form):
    assert visitor_of(Request({"REMOTE_ADDR": form})).ip_address == "192.0.2.1"


def test_a_text_of_any_length_and_content_fits_what_is_recorded():
    address = visitor_of(Request({"REMOTE_ADDR": "\x00\x1b" + "x" * 1000})).ip_address
    assert address == "x" * 45


# The header's items, oldest first; the last one is written by the only trusted proxy.
FORWARDED = [
    *IPV4.values(),
    "203.0.113.99, 192.0.2.1:49152",
    '203.0.113.99,"192.0.2.1:4711"',
    "unknown, 203.0.113.99:1 ,192.0.2.1",
    # Two headers, as the server joins them.
    "203.0.113.99,192.0.2.1",
]


@pytest.mark.parametrize("header", [form for form in FORWARDED if ";" not in form])
def test_behind_a_trusted_proxy_its_own_entry_counts(header):
    seen = []

    def application(environ, _start_response):
        seen.append(visitor_of(Request(environ)).ip_address)
        return []

    environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": header, "REQUEST_METHOD": "GET"}
    ProxyFix(application)(environ, lambda *_: None)
    assert seen == ["192.0.2.1"]
