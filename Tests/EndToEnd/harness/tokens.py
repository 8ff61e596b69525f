"""Configurations of the policy `oauth2-server`, for tests of it and of those who use its tokens."""

from __future__ import annotations

from functools import cache

from .configuration import api, route
from .gateway import command

SECRET = "the-secret-of-the-app"
PASSWORD = "correct horse"


@cache
def hashed(password: str = PASSWORD) -> str:
    """A hash as operators make it."""
    result = command("hash-password", input=f"{password}\n")
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def server(issuer: str, **settings) -> dict:
    """The policy with two people, an app with a secret, one without, a device and an API."""
    callback = settings.pop("callback", "http://127.0.0.1/callback")
    backchannel = settings.pop("backchannel", None)
    clients = [
        {"id": "app", "name": "The App", "secrets": [SECRET], "grants": ["authorization-code", "refresh-token", "client-credentials"],
         "redirectUris": [callback], "logoutUris": [settings.pop("after_logout", "http://127.0.0.1/bye")],
         "scopes": ["openid", "profile", "email", "groups", "orders.read", "orders.write", "offline_access"],
         **({"backchannelLogoutUri": backchannel} if backchannel else {})},
        {"id": "phone", "name": "The Phone App", "redirectUris": ["com.example.app:/callback"], "scopes": ["openid", "orders.read"]},
        {"id": "tv", "name": "The TV", "grants": ["device-code", "refresh-token"], "scopes": ["orders.read"]},
        {"id": "api", "secrets": ["the-secret-of-the-api"], "grants": [], "introspects": True},
    ]
    return {
        "issuer": issuer, "audience": ["https://api.example.com"], "algorithm": "ES256", "clients": clients,
        "scopes": {"orders.read": "See your orders"},
        "users": [
            {"username": "ann", "passwordHash": hashed(), "subject": "user-1", "groups": ["staff"],
             "claims": {"name": "Ann Example", "email": "ann@example.com", "email_verified": "true"}},
            {"username": "bob", "passwordHash": hashed()},
        ],
        **settings,
    }


def mounted(policy: dict) -> dict:
    """An API that is nothing but the server."""
    return api("auth", route("all", "/*", policies=[{"oauth2-server": policy}], respond={"status": 404, "body": "nothing here"}))
