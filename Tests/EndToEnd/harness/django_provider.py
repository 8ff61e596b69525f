"""django-oauth-toolkit as a provider of OpenID Connect: a project of one file, run as a process of its own.

usage: python django_provider.py FOLDER PORT REDIRECT_URI LOGOUT_URI
"""

import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

CLIENT, SECRET, USER, PASSWORD = "gateway", "the-secret-of-the-gateway", "ann", "correct horse"
LOGIN = """<!doctype html><title>Log in</title><form method="post">{% csrf_token %}{{ form.as_p }}
<input type="hidden" name="next" value="{{ next }}"><button type="submit">Log in</button></form>"""


def configure(folder: Path):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from django.conf import settings

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    settings.configure(
        SECRET_KEY="only for tests", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3"), "OPTIONS": {"timeout": 20}}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "oauth2_provider"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
                    "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
                    "django.contrib.messages.middleware.MessageMiddleware"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
        SESSION_COOKIE_NAME="django-session", CSRF_COOKIE_NAME="django-csrf",
        LOGIN_URL="/accounts/login/",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                                   "django.contrib.messages.context_processors.messages"],
            "loaders": [("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN}), "django.template.loaders.app_directories.Loader"]}}],
        OAUTH2_PROVIDER={"OIDC_ENABLED": True, "OIDC_RSA_PRIVATE_KEY": pem, "PKCE_REQUIRED": True, "ROTATE_REFRESH_TOKEN": True,
                         "REFRESH_TOKEN_REUSE_PROTECTION": True, "ACCESS_TOKEN_EXPIRE_SECONDS": 600, "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
                         "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False, "OIDC_RP_INITIATED_LOGOUT_STRICT_REDIRECT_URIS": False,
                         "SCOPES": {"openid": "know who you are", "read": "read", "introspection": "introspect"}},
    )


def urlpatterns_of():
    from django.contrib.auth import views
    from django.urls import include, path

    return [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")), path("accounts/login/", views.LoginView.as_view())]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def main(folder: str, port: str, redirect_uri: str, logout_uri: str):
    global urlpatterns
    configure(Path(folder))
    import django

    django.setup()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    User.objects.create_user(USER, password=PASSWORD, email="ann@example.com")
    common = {"client_type": "confidential", "client_secret": SECRET, "algorithm": "RS256"}
    Application.objects.create(name="The Gateway", client_id=CLIENT, authorization_grant_type="authorization-code", redirect_uris=redirect_uri,
                               post_logout_redirect_uris=logout_uri, **common)
    Application.objects.create(name="A Service", client_id="service", authorization_grant_type="client-credentials", **common)
    urlpatterns = urlpatterns_of()
    with make_server("127.0.0.1", int(port), get_wsgi_application(), Server, Quiet) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    sys.modules["django_provider"] = sys.modules[__name__]
    main(*sys.argv[1:])
