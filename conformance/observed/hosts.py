"""Which hosts are this machine: plain HTTP is used, and credentials may be sent."""

import ipaddress
import re


def is_loopback(host: str) -> bool:
    """Whether ``host[:port]`` is this machine."""
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    return is_this_machine(name.strip("[]"))


def is_this_machine(host: str) -> bool:
    """Whether this name or address, without a port, is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, such as 127.0.0.1.example.com
        return False
