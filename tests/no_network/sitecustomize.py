"""What every Python loads that is started with this folder on its PYTHONPATH: it may not use the network."""

import os
import sys

# urllib3 binds to an address of this machine to see whether it knows IPv6, so binding is no sign
_NETWORK = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")


def _note(line: str) -> None:
    with open(os.environ["NO_NETWORK_LOG"], "a", encoding="utf-8") as log:
        log.write(f"{line}\n")


def _refuse(event: str, _arguments: tuple[object, ...]) -> None:
    if event in _NETWORK:
        _note(f"refused {event}")
        raise PermissionError(f"{event}: the test forbids the network")


sys.addaudithook(_refuse)
_note("started")
