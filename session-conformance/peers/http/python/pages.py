"""The routes that the HTTP suite asks for, over whatever session a peer has."""

import json
from urllib.parse import parse_qsl

from rig import LeftOut, Rig

OURS = ("user", "visits", "count", "cart")
PUBLIC = "public, max-age=60, s-maxage=600"
TARGETED = ("CDN-Cache-Control", "Surrogate-Control", "Cloudflare-CDN-Cache-Control")
ROUTES = {
    "/": "GET",
    "/login": "POST",
    "/logout": "POST",
    "/cart/empty": "POST",
    "/count": "GET POST",
    "/second": "POST",
    "/sessions": "GET",
    "/sessions/end-others": "POST",
    "/untouched": "GET",
    "/test/clock": "POST",
    "/test/store": "GET POST",
    "/test/gate": "GET POST",
}


class Session:
    """What a peer says of its session. What it has not got it leaves as it is here."""

    def has(self):
        """Asks whether there is a cookie, and no more."""
        raise LeftOut("it cannot be asked whether there is a cookie")

    def get(self, key):
        """Gives a value, or None."""
        raise NotImplementedError

    def set(self, key, value):
        raise NotImplementedError

    def remove(self, key):
        raise NotImplementedError

    def log_in(self, name):
        raise NotImplementedError

    def log_out(self):
        """Ends the session."""
        raise NotImplementedError

    def renew(self):
        raise LeftOut("it gives no session another id")

    def tell(self, text):
        """Leaves a message for the next page."""
        raise LeftOut("it has no messages")

    def messages(self):
        """Takes the messages out."""
        raise LeftOut("it has no messages")

    def commit(self):
        raise LeftOut("it writes at the end of a request alone")

    def remember(self):
        raise LeftOut("how long its cookie lasts is said once for all sessions")


class Answer(Exception):
    """A response, which may be raised where a request ends early."""

    def __init__(self, value, status=200, headers=None, pieces=None):
        super().__init__(status)
        self.status = status
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        self.body = b"" if status == 304 else json.dumps(value, separators=(",", ":")).encode()
        self.pieces = pieces


def error(status, text):
    return Answer({"error": text}, status)


class Pages:
    """The app. `session` is asked for where a route needs it, and not before."""

    def __init__(self):
        self.rig = Rig()

    def answer(self, method, path, query, form, session):
        """Answers a request; `session` gives a Session."""
        query = dict(parse_qsl(query, keep_blank_values=True))
        method = "GET" if method == "HEAD" else method
        try:
            if path == "/test/do":
                return self.do(query.get("steps", ""), session())
            if path not in ROUTES:
                return error(404, "There is no such page.")
            if method not in ROUTES[path].split():
                return error(405, "No.")
            if path.startswith("/test/"):
                return self.test(method, path, query)
            if path == "/untouched":
                return Answer({}, headers={"Cache-Control": "public, max-age=60"})
            return self.page(method, path, form, session())
        except LeftOut as reason:
            return error(501, f"left out: {reason}")
        except Answer as early:
            return early

    def page(self, method, path, form, session):
        match method, path:
            case "GET", "/":
                return Answer(home(session))
            case "POST", "/login":
                session.log_in(form["name"])
                session.tell("Welcome.")
                return Answer({"user": form["name"]})
            case "POST", "/logout":
                session.log_out()
                session.tell("See you.")
                return Answer({})
            case "POST", "/cart/empty":
                session.remove("cart")
                return Answer({})
            case "GET", "/count":
                return Answer({"count": session.get("count") or 0})
            case "POST", "/count":
                return Answer({"count": add(session)})
            case "GET", "/sessions":
                if session.get("user") is None:
                    return error(401, "Nobody is signed in.")
                return Answer([{"current": True}])
            case _, "/sessions/end-others":
                raise LeftOut("it knows no list of a user's sessions")
            case _:
                raise LeftOut("it has one kind of sessions")

    def test(self, method, path, query):
        rig = self.rig
        match method, path:
            case "POST", "/test/clock":
                rig.advance(int(query["advance_ms"]))
            case "POST", "/test/store":
                rig.set_store(query["state"])
            case "GET", "/test/store":
                return Answer(rig.calls)
            case "POST", "/test/gate":
                rig.open_gate(query["name"])
            case _:
                if not rig.await_held(query["name"], int(query.get("held", 1))):
                    return error(504, "nobody came to the gate")
        return Answer({})

    def do(self, steps, session):
        more, headers, status, pieces, loaded = {}, {}, 200, None, False
        for step in filter(None, steps.split(",")):
            name, _, value = step.partition(":")
            match name:
                case "has":
                    session.has()
                case "hold":
                    self.rig.pass_gate(value)
                case "fail":
                    return error(500, "As you wish.")
                case "panic":
                    raise RuntimeError("a test asked for it")
                case "redirect":
                    status, headers["Location"] = 303, "/"
                case "not-modified":
                    status = 304
                case "public":
                    headers["Cache-Control"] = PUBLIC
                case "targeted":
                    headers.update(dict.fromkeys(TARGETED, "max-age=600"))
                case "stream":
                    pieces = self.pieces(value)
                case _:
                    loaded = True
                    with_session(session, name, value, more)
        if loaded:
            more["count"] = session.get("count") or 0
        return Answer(more, status, headers, pieces)

    def pieces(self, gate):
        yield b"the first piece\n"
        self.rig.pass_gate(gate)
        yield b"the second piece\n"


def with_session(session, step, value, more):
    """Does a step that needs the session, and adds what it has to tell."""
    match step:
        case "read":
            session.get("count")
        case "add":
            add(session)
        case "renew":
            session.renew()
        case "login":
            session.log_in(value)
        case "end":
            session.log_out()
        case "tell":
            session.tell("As you wish.")
        case "messages":
            more["flash"] = session.messages()
        case "take":
            session.remove("count")
        case "commit":
            session.commit()
            more["lost"] = False
        case "remember":
            session.remember()
        case "wrong":
            raise LeftOut("its values have no type that a reader could get wrong")
        case "fresh":
            raise LeftOut("it does not know when a visitor proved who they are")
        case _:
            raise error(400, f"There is no step {step!r}.")


def add(session):
    count = (session.get("count") or 0) + 1
    session.set("count", count)
    return count


def home(session):
    flash = session.messages()
    visits = session.get("visits") or 0
    # A visitor without a session is given none.
    if flash or any(session.get(key) is not None for key in OURS):
        visits += 1
        session.set("visits", visits)
    return {"user": session.get("user"), "visits": visits, "cart": [], "flash": flash}
