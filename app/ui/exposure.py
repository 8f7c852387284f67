"""What others reach where the server listens to more than this computer and asks nobody who they are."""

from __future__ import annotations

import sys
from functools import cache
from ipaddress import ip_address

import psutil
import streamlit as st

from app.ui import sign_in

EXPOSED = (
    "Whoever reaches this port can see, change and delete all data sets and runs, and have this computer read files."
)
UNENCRYPTED = "Without TLS, anybody on the network can read along."
ADVICE = "Listen at localhost, or set up signing in, as SECURITY.md says."


def warn() -> None:
    """Say on the page, and once in the server's log, what is exposed; nothing on loopback or where people sign in."""
    addresses = open_addresses()
    if not addresses or sign_in.needed():
        return
    told = " ".join([EXPOSED, *([] if st.get_option("server.sslCertFile") else [UNENCRYPTED]), ADVICE])
    st.warning(f"Nobody has to sign in here. {told}", icon=":material/lock_open:")
    _log(f"warning: listening at {', '.join(addresses)} without sign-in. {told}")


@cache
def open_addresses() -> tuple[str, ...]:
    """Where this process listens beyond loopback, by its sockets: what was asked for may have been set anywhere."""
    listening = [one.laddr.ip for one in psutil.Process().net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    return tuple(sorted({address for address in listening if not ip_address(address).is_loopback}))


@cache
def _log(told: str) -> None:
    print(told, file=sys.stderr, flush=True)
