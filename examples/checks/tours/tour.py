#!/usr/bin/env python3
"""Walks through an example with requests: python3 tour.py http://127.0.0.1:3000 axum-session

requests never sends a Secure cookie over plain http, so the example has to run with SESSION_COOKIE=development,
and with SESSION_ADMIN=Root. All of its sessions end.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

try:
    import requests
except ImportError:
    sys.exit("tour: requests is missing: install it (python3-requests on Debian)")

URL, COOKIE = sys.argv[1:]


class Visitor(requests.Session):
    """Somebody with a cookie jar."""

    def __init__(self, user_agent="a-laptop/1.0"):
        super().__init__()
        self.trust_env = False  # no proxy
        self.headers.update({"Accept": "application/json", "User-Agent": user_agent})

    def request(self, method, path, **options):
        return super().request(method, URL + path, timeout=60, **options)

    def id(self):
        return self.cookies.get(COOKIE)

    def user(self):
        return self.get("/").json()["user"]


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"tour: {what}: got {got!r}, and wanted {wanted!r}")
    print(f"ok: {what}")


ann = Visitor()
expect("a look shows an empty session", ann.get("/").json(), {"user": None, "visits": 0, "cart": [], "flash": []})
expect("and sets no cookie", len(ann.cookies), 0)

answer = ann.post("/cart", data={"item": "pear"})
before = ann.id()
expect("the first write sets one", len(before or ""), 43)
(cookie,) = ann.cookies
expect("for this host and every path", (cookie.domain_specified, cookie.path), (False, "/"))
expect("that goes with the browser", (cookie.expires, cookie.discard), (None, True))
expect("and that no script reads", cookie.has_nonstandard_attr("HttpOnly"), True)
expect("nor another site sends along", cookie.get_nonstandard_attr("SameSite"), "Lax")

signed_in = ann.post("/login", json={"name": "Ann"}).json()
expect("signing in keeps the cart", (signed_in["user"], signed_in["cart"]), ("Ann", ["pear"]))
expect("and gives a new id", ann.id() not in (None, before), True)
thief = Visitor()
thief.cookies.set(COOKIE, before)
expect("the old id is dead", thief.user(), None)
messages = [flash["message"] for flash in ann.get("/").json()["flash"]]
expect("the messages are shown", messages, ["Added pear to your cart.", "Welcome, Ann."])
expect("once", ann.get("/").json()["flash"], [])

phone = Visitor("a-phone/1.0")
phone.post("/login", data={"name": "Ann"})
others = [listed for listed in ann.get("/sessions").json() if not listed["current"]]
expect("a second device is listed", [listed["device"] for listed in others], ["a-phone"])
expect("and ended from the first", ann.post(f"/sessions/{others[0]['key']}/end").status_code, 200)
expect("at once", phone.user(), None)

invented = "A" * 43
mallory = Visitor()
mallory.post("/login", data={"name": "Mallory"}, cookies={COOKIE: invented})
expect("an invented id is not adopted", mallory.id() not in (None, invented), True)

answer = ann.post("/login", data={"name": "Ann"}, headers={"Accept": "text/html"}, allow_redirects=False)
expect("a form leads back to the page", (answer.status_code, answer.headers["Location"]), (303, "/"))
page = ann.get("/", headers={"Accept": "text/html"})
expect("which greets", "Hello, Ann" in page.text and "Welcome, Ann." in page.text, True)


def add(_):
    # A jar is no business of many threads.
    clerk = Visitor()
    clerk.cookies.set(COOKIE, ann.id())
    return clerk.post("/count", params={"delay_ms": 20}).status_code


with ThreadPoolExecutor(20) as pool:
    expect("twenty requests at once are answered", set(pool.map(add, range(20))), {200})
expect("and all count", ann.get("/count").json(), {"count": 20})

answer = ann.get("/untouched")
expect("what never asks for its session does not depend on it", {"Vary", "Set-Cookie"} & set(answer.headers), set())

late = ann.id()
ann.post("/logout")
expect("signing out gives a new id", ann.id() not in (None, late), True)
left = ann.get("/").json()
expect("a message is left", [flash["message"] for flash in left["flash"]], ["You are signed out."])
expect("and nothing else", (left["user"], left["cart"], ann.get("/count").json()), (None, [], {"count": 0}))
ghost = Visitor()
# As the server set it, so that another takes its place.
ghost.cookies.set(COOKIE, late, domain=urlsplit(URL).hostname, path="/")
expect("and the id is dead", ghost.user(), None)
expect("who signs in with it gets in", ghost.post("/login", json={"name": "Ann"}).json()["user"], "Ann")
expect("and sees nothing of it", (ghost.user(), ghost.get("/count").json()), ("Ann", {"count": 0}))

protection = ghost.get("/protection").json()
expect("a page says what protects", (protection["user"], protection["cookie"]["name"]), ("Ann", COOKIE))
expect("and that this cookie is for development", protection["cookie"]["secure"], False)
root = Visitor()
root.post("/login", json={"name": "Root"})
sessions = root.get("/admin").json()["sessions"]
expect("the administrator sees others", sessions > 1, True)
expect("who are not let in there", ghost.get("/admin").status_code, 403)
answer = root.post("/admin/end-everything", json={"confirm": "everything"})
expect("everything ends", answer.json(), {"ended": sessions})
expect("for everybody", (ghost.user(), mallory.user(), root.user()), (None, None, None))
expect("and anybody may come again", ghost.post("/login", json={"name": "Ann"}).json()["user"], "Ann")
