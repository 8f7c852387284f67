"""A small OpenID Connect provider on this computer, which takes everybody for the same person."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "dashboard"


class Provider(ThreadingHTTPServer):
    """OpenID Connect Core 1.0, section 3.1: the authorization code flow, with every consent given.

    claims: what is said of the person. asked: the parameters of every request to sign somebody in.
    """

    def __init__(self, claims: dict[str, object]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.claims, self.asked = claims, list[dict[str, str]]()
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}"

    def token(self, nonce: str) -> str:
        now = int(time.time())
        said = {"iss": self.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 600, "nonce": nonce}
        return jwt.encode({"alg": "RS256", "kid": "1"}, said | self.claims, self.key)


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/authorize":
            self.server.asked.append(query)
            self.send_response(302)
            self.send_header(
                "Location", f"{query['redirect_uri']}?{urlencode({'code': 'code', 'state': query['state']})}"
            )
            self.end_headers()
        elif address.path == "/keys":
            self._send({"keys": [self.server.key.as_dict(private=False)]})
        else:
            url = self.server.url
            self._send(
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/authorize",
                    "token_endpoint": f"{url}/token",
                    "jwks_uri": f"{url}/keys",
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "code_challenge_methods_supported": ["S256"],
                }
            )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        token = self.server.token(self.server.asked[-1]["nonce"])
        self._send({"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def _send(self, document: dict) -> None:
        data = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing: the test's output is for the test."""


@contextmanager
def provide(**claims: object) -> Iterator[Provider]:
    with Provider(claims) as provider:
        thread = threading.Thread(target=provider.serve_forever)
        thread.start()
        try:
            yield provider
        finally:
            provider.shutdown()
            thread.join()
