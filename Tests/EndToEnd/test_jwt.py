"""Tokens of a provider that is not ours: Amazon Cognito, as moto has it, with its key set behind a URL."""

import pytest
from harness.configuration import api, route, upstream as named_upstream
from harness.moto import Moto
from harness.secrets import fresh, secret

POOL_REGION = "eu-central-1"


@pytest.fixture(scope="module")
def cognito():
    """A pool with one person in it: the settings that `jwt` needs, and a way to sign in."""
    with Moto() as moto:
        client = moto.client("cognito-idp")
        pool = client.create_user_pool(PoolName="people")["UserPool"]["Id"]
        app = client.create_user_pool_client(UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ADMIN_NO_SRP_AUTH"])["UserPoolClient"]["ClientId"]
        password = fresh("Aa1!")
        client.admin_create_user(UserPoolId=pool, Username="ann", MessageAction="SUPPRESS")
        client.admin_set_user_password(UserPoolId=pool, Username="ann", Password=password, Permanent=True)

        def sign_in() -> dict:
            parameters = {"USERNAME": "ann", "PASSWORD": password}
            answer = client.admin_initiate_auth(UserPoolId=pool, ClientId=app, AuthFlow="ADMIN_NO_SRP_AUTH", AuthParameters=parameters)
            tokens = answer["AuthenticationResult"]
            secret(tokens["AccessToken"]), secret(tokens["IdToken"])
            return tokens

        settings = {"issuer": f"https://cognito-idp.{POOL_REGION}.amazonaws.com/{pool}", "jwksUrl": f"{moto.url}/{pool}/.well-known/jwks.json"}
        yield settings, app, sign_in


def guarded(settings: dict, server) -> dict:
    policies = [{"jwt": settings}, {"headers": {"request": {"set": {"x-subject": "{= claims.sub =}", "x-consumer": "{consumer.name}"}}}}]
    return {"upstreams": [named_upstream("up", server)], "apis": [api("all", route("all", "/*", "up", policies=policies))]}


def test_access_tokens(start, upstream, cognito):
    settings, app, sign_in = cognito
    consumers = [{"name": "app", "credentials": [{"jwtClaim": {"name": "client_id", "value": app}}]}]
    gateway = start({**guarded({**settings, "consumerClaim": "client_id"}, upstream), "consumers": consumers})
    token = sign_in()["AccessToken"]
    assert gateway.get("/", {"Authorization": f"Bearer {token}"}).status == 200
    seen, = upstream.requests
    assert seen["x-consumer"] == "app" and seen["x-subject"] and seen["authorization"] is None
    # Altered by one character in its signature, and none at all.
    altered = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    refused = gateway.get("/", {"Authorization": f"Bearer {altered}"})
    assert refused.status == 401 and 'error="invalid_token"' in refused["www-authenticate"]
    assert gateway.get("/").status == 401


def test_id_tokens_are_for_their_client_alone(start, upstream, cognito):
    settings, app, sign_in = cognito
    token = sign_in()["IdToken"]
    mine = start(guarded({**settings, "audience": app}, upstream))
    assert mine.get("/", {"Authorization": f"Bearer {token}"}).status == 200
    others = start(guarded({**settings, "audience": "another-client"}, upstream))
    assert others.get("/", {"Authorization": f"Bearer {token}"}).status == 401
