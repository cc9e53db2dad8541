"""Ports for servers that cannot report which port the kernel gave them."""
import random
import socket


def free_ports(count):
    """Ports below the kernel's ephemeral range, of which connections use thousands beside a test."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as limits:
        first_of_the_kernel = int(limits.read().split()[0])
    candidates = list(range(10_000, first_of_the_kernel))
    random.shuffle(candidates)
    found = []
    while len(found) < count:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidates[-1]))
                found.append(candidates[-1])
            except OSError:
                pass
        candidates.pop()
    return found


def free_port():
    return free_ports(1)[0]
