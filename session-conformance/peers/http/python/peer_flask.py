"""Flask with Flask-Session, in files by cachelib."""

import os
import sys
from datetime import timedelta
from importlib.metadata import version

import flask
from cachelib import FileSystemCache
from flask_session import Session as FlaskSession
from pages import Pages, Session
from serve import listen
from werkzeug.serving import make_server

pages = Pages()
app = flask.Flask(__name__)


class Watched(FileSystemCache):
    """The store, which fails when a test asks for it."""

    def get(self, key):
        pages.rig.called("get")
        return super().get(key)

    def set(self, key, value, timeout=None, mgmt_element=False):
        if not mgmt_element:
            pages.rig.called("put")
        return super().set(key, value, timeout, mgmt_element)

    def delete(self, key, mgmt_element=False):
        if not mgmt_element:
            pages.rig.called("put")
        return super().delete(key, mgmt_element)


development = os.environ.get("SESSION_COOKIE") == "development"
prefix = "" if development else "__Host-Http-"
app.config.update(
    SESSION_TYPE="cachelib",
    SESSION_CACHELIB=Watched("sessions", threshold=0),
    SESSION_PERMANENT=os.environ.get("SESSION_LIFETIME") == "persistent",
    PERMANENT_SESSION_LIFETIME=timedelta(days=1),
    SESSION_COOKIE_NAME=prefix + os.environ.get("SESSION_COOKIE_NAME", "session"),
    SESSION_COOKIE_SECURE=not development,
    SESSION_COOKIE_SAMESITE="Lax",
)
FlaskSession(app)


class OfFlask(Session):
    def has(self):
        return app.session_interface.get_cookie_name(app) in flask.request.cookies

    def get(self, key):
        return flask.session.get(key)

    def set(self, key, value):
        flask.session[key] = value

    def remove(self, key):
        flask.session.pop(key, None)

    def log_in(self, name):
        if flask.session.get("user") not in (None, name):
            flask.session.clear()
        flask.session["user"] = name
        self.renew()

    def log_out(self):
        # The other way round nothing is renewed: an empty session is not.
        self.renew()
        flask.session.clear()

    def renew(self):
        app.session_interface.regenerate(flask.session)

    def tell(self, text):
        flask.flash(text)

    def messages(self):
        return flask.get_flashed_messages()

    def remember(self):
        flask.session.permanent = True


METHODS = ["GET", "POST", "DELETE"]


@app.route("/", defaults={"path": ""}, methods=METHODS)
@app.route("/<path:path>", methods=METHODS)
def page(path):
    request = flask.request
    query = request.query_string.decode()
    answer = pages.answer(request.method, "/" + path, query, request.form, OfFlask)
    return flask.Response(answer.pieces or answer.body, answer.status, answer.headers)


if __name__ == "__main__":
    if sys.argv[1:] == ["version"]:
        print("Flask-Session", version("flask-session"), "on Flask", version("flask"))
    else:
        listen(lambda host, port: make_server(host, port, app, threaded=True))
