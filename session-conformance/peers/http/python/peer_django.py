"""Django's sessions, in SQLite, with its own sign-in and messages."""

import os
import sys
import types
from contextlib import suppress

import django
from django.conf import settings
from pages import Pages, Session
from serve import listen

DAY = 24 * 60 * 60
development = os.environ.get("SESSION_COOKIE") == "development"
prefix = "" if development else "__Host-Http-"
settings.configure(
    SECRET_KEY="kept by nobody: the cookie of this peer is not signed",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    LOGGING_CONFIG=None,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.abspath("django.db"),
            "OPTIONS": {
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
            },
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    MESSAGE_STORAGE="django.contrib.messages.storage.session.SessionStorage",
    SESSION_ENGINE="watched",
    SESSION_COOKIE_AGE=DAY,
    SESSION_COOKIE_NAME=prefix + os.environ.get("SESSION_COOKIE_NAME", "sessionid"),
    SESSION_COOKIE_SECURE=not development,
    SESSION_EXPIRE_AT_BROWSER_CLOSE=os.environ.get("SESSION_LIFETIME") != "persistent",
)
django.setup()

from django.contrib import auth, messages  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.backends import db  # noqa: E402
from django.contrib.sessions.models import Session as Stored  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import OperationalError, connection  # noqa: E402
from django.http import HttpResponse, StreamingHttpResponse  # noqa: E402
from django.urls import re_path  # noqa: E402

pages = Pages()


class SessionStore(db.SessionStore):
    """The store, which fails when a test asks for it."""

    def _get_session_from_db(self):
        pages.rig.called("get")
        return super()._get_session_from_db()

    def save(self, must_create=False):
        # Without a key it calls itself once more.
        if self.session_key is not None:
            pages.rig.called("put")
        return super().save(must_create)

    def delete(self, session_key=None):
        pages.rig.called("put")
        return super().delete(session_key)


# Where `SESSION_ENGINE` looks for it.
watched = types.ModuleType("watched")
watched.SessionStore = SessionStore
sys.modules["watched"] = watched


class OfDjango(Session):
    def __init__(self, request):
        self.request = request

    def has(self):
        return self.request.session.session_key is not None

    def get(self, key):
        if key == "user":
            return self.request.user.username or None
        return self.request.session.get(key)

    def set(self, key, value):
        self.request.session[key] = value

    def remove(self, key):
        self.request.session.pop(key, None)

    def log_in(self, name):
        user, _ = User.objects.get_or_create(username=name)
        auth.login(self.request, user)

    def log_out(self):
        auth.logout(self.request)

    def renew(self):
        self.request.session.cycle_key()

    def tell(self, text):
        messages.info(self.request, text)

    def messages(self):
        return [str(message) for message in messages.get_messages(self.request)]

    def commit(self):
        self.request.session.save()

    def remember(self):
        self.request.session.set_expiry(DAY)


def page(request, path):
    query = request.META["QUERY_STRING"]
    answer = pages.answer(request.method, "/" + path, query, request.POST, lambda: OfDjango(request))
    if answer.pieces:
        response = StreamingHttpResponse(answer.pieces, status=answer.status)
    else:
        response = HttpResponse(answer.body, status=answer.status)
    for name, value in answer.headers.items():
        response[name] = value
    return response


urlpatterns = [re_path("^(?P<path>.*)$", page)]


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def make_server(host, port):
    sys.modules[settings.ROOT_URLCONF] = sys.modules["__main__"]
    # What `migrate` makes, of these three alone.
    with connection.schema_editor() as editor:
        for model in (User, Stored):
            with suppress(OperationalError):
                editor.create_model(model)
    server = ThreadedWSGIServer((host, port), Handler)
    server.set_app(get_wsgi_application())
    return server


if __name__ == "__main__":
    if sys.argv[1:] == ["version"]:
        print("Django", django.get_version())
    else:
        listen(make_server)
