"""Who may use the dashboard: whoever reaches it, or those who sign in where `secrets.toml` names who vouches for them.

Signing in is Streamlit's own (OpenID Connect). It is off until `secrets.toml` has a section [auth]; [access] beside it
may list the only e-mail addresses to let in, because many providers let anybody sign up. What cannot be read lets
nobody in.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitAuthError

from mri_core import words
from mri_core.errors import InvalidInput


def needed() -> bool:
    """Whether visitors have to sign in. Raises InvalidInput for secrets that cannot be read or only list addresses."""
    asked = st.user.get("is_logged_in") is not None
    if not asked and any(Path(file).expanduser().exists() for file in st.get_option("secrets.files")):
        if not st.secrets.load_if_toml_exists():
            raise InvalidInput("secrets.toml cannot be read, so nobody is let in; expected TOML, as SECURITY.md shows")
        if "access" in st.secrets:
            raise InvalidInput("secrets.toml has [access] without [auth], so nobody is let in; add [auth]")
    return asked


def allowed() -> bool:
    """Whether this visitor may see the pages. Raises InvalidInput as `needed` does, and for a list that is none."""
    if not needed():
        return True
    if not st.user.get("is_logged_in"):
        return False
    emails = _listed()
    return emails is None or (_verified() and str(st.user.get("email") or "").casefold() in emails)


def ask() -> None:
    """What is shown in place of every page to who may not see it."""
    st.title("Sign in")
    if st.user.get("is_logged_in"):
        st.error(
            f"{words.plain(_name())} is not among those who may use this dashboard; ask who runs it, "
            "or sign in as somebody else.",
            icon=":material/block:",
        )
        st.button("Sign out", type="primary", icon=":material/logout:", on_click=st.logout)
        return
    st.write("MRI slices shows nothing before it knows who you are. You sign in at a page of your provider's.")
    if st.button("Sign in", type="primary", icon=":material/login:"):
        try:
            st.login()
        except StreamlitAuthError as error:
            raise InvalidInput(f"signing in is not set up: {' '.join(str(error).split())}") from error


def offer_sign_out() -> None:
    """At the side, under what the page asks: who has signed in, and the way out. Nothing where nobody has to."""
    if needed():
        st.sidebar.caption(f"Signed in as {words.plain(_name())}")
        st.sidebar.button("Sign out", icon=":material/logout:", on_click=st.logout)


def _name() -> str:
    return str(st.user.get("email") or st.user.get("name") or "Somebody")


def _verified() -> bool:
    """False where the provider says that the visitor never proved to own the address; not all of them say."""
    return str(st.user.get("email_verified")).lower() != "false"


def _listed() -> set[str] | None:
    """The e-mail addresses that may come in, in one case; None where anybody may who can sign in."""
    if not st.secrets.load_if_toml_exists() or "access" not in st.secrets:
        return None
    emails = st.secrets["access"].get("emails")
    if not isinstance(emails, list) or not all(isinstance(email, str) for email in emails):
        raise InvalidInput('[access] in secrets.toml has no list of addresses; expected emails = ["name@example.org"]')
    return {email.casefold() for email in emails if email}
