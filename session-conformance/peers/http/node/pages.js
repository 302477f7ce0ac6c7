// The routes that the HTTP suite asks for, over whatever session a peer has.
//
// A peer gives an object with these, of which all may be async: has, get, set, remove, logIn, logOut, renew, commit,
// remember. What it has not got throws LeftOut.
"use strict";
const { LeftOut, Rig } = require("./rig.js");

const OURS = ["user", "visits", "count", "cart", "flash"];
const TARGETED = ["CDN-Cache-Control", "Surrogate-Control", "Cloudflare-CDN-Cache-Control"];
const ROUTES = {
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
};

const answer = (value, status = 200, headers = {}) => ({ value, status, headers, pieces: null });
const refused = (status, error) => answer({ error }, status);

class Pages {
  constructor() {
    this.rig = new Rig();
  }

  /** Answers a request; `session` gives what a peer says of its session. */
  async answer(method, address, form, session) {
    const { pathname, searchParams: query } = new URL(address, "http://peer");
    const verb = method === "HEAD" ? "GET" : method;
    try {
      if (pathname === "/test/do") return await this.steps(query.get("steps") ?? "", session());
      if (!(pathname in ROUTES)) return refused(404, "There is no such page.");
      if (!ROUTES[pathname].split(" ").includes(verb)) return refused(405, "No.");
      if (pathname.startsWith("/test/")) return await this.test(`${verb} ${pathname}`, query);
      if (pathname === "/untouched") return answer({}, 200, { "Cache-Control": "public, max-age=60" });
      return await this.page(`${verb} ${pathname}`, form, session());
    } catch (error) {
      if (error instanceof LeftOut) return refused(501, `left out: ${error.message}`);
      throw error;
    }
  }

  async page(route, form, session) {
    switch (route) {
      case "GET /":
        return answer(await home(session));
      case "POST /login":
        await session.logIn(form.name);
        await tell(session, "Welcome.");
        return answer({ user: form.name });
      case "POST /logout":
        await session.logOut();
        await tell(session, "See you.");
        return answer({});
      case "POST /cart/empty":
        await session.remove("cart");
        return answer({});
      case "GET /count":
        return answer({ count: (await session.get("count")) ?? 0 });
      case "POST /count":
        return answer({ count: await add(session) });
      case "GET /sessions": {
        const user = await session.get("user");
        return user === undefined ? refused(401, "Nobody is signed in.") : answer([{ current: true }]);
      }
      case "POST /sessions/end-others":
        throw new LeftOut("it knows no list of a user's sessions");
      default:
        throw new LeftOut("it has one kind of sessions");
    }
  }

  async test(route, query) {
    const { rig } = this;
    switch (route) {
      case "POST /test/clock":
        rig.advance(Number(query.get("advance_ms")));
        return answer({});
      case "POST /test/store":
        rig.setStore(query.get("state"));
        return answer({});
      case "GET /test/store":
        return answer(rig.calls);
      case "POST /test/gate":
        rig.open(query.get("name"));
        return answer({});
      default: {
        const came = await rig.awaitHeld(query.get("name"), Number(query.get("held") ?? 1));
        return came ? answer({}) : refused(504, "nobody came to the gate");
      }
    }
  }

  async steps(steps, session) {
    const more = {};
    const sent = answer(more);
    let loaded = false;
    for (const step of steps.split(",").filter(Boolean)) {
      const [name, value] = step.split(":");
      switch (name) {
        case "has":
          await session.has();
          break;
        case "hold":
          await this.rig.pass(value);
          break;
        case "fail":
          return refused(500, "As you wish.");
        case "panic":
          throw new Error("a test asked for it");
        case "redirect":
          sent.status = 303;
          sent.headers.Location = "/";
          break;
        case "not-modified":
          sent.status = 304;
          break;
        case "public":
          sent.headers["Cache-Control"] = "public, max-age=60, s-maxage=600";
          break;
        case "targeted":
          for (const header of TARGETED) sent.headers[header] = "max-age=600";
          break;
        case "stream":
          sent.pieces = this.pieces(value);
          break;
        default:
          loaded = true;
          await withSession(session, name, value, more);
      }
    }
    if (loaded) more.count = (await session.get("count")) ?? 0;
    return sent;
  }

  async *pieces(gate) {
    yield "the first piece\n";
    await this.rig.pass(gate);
    yield "the second piece\n";
  }
}

/** Does a step that needs the session, and adds what it has to tell. */
async function withSession(session, step, value, more) {
  switch (step) {
    case "read":
      return session.get("count");
    case "add":
      return add(session);
    case "renew":
      return session.renew();
    case "login":
      return session.logIn(value);
    case "end":
      return session.logOut();
    case "tell":
      return tell(session, "As you wish.");
    case "messages":
      more.flash = await messages(session);
      return undefined;
    case "take":
      return session.remove("count");
    case "commit":
      await session.commit();
      more.lost = false;
      return undefined;
    case "remember":
      return session.remember();
    case "wrong":
      throw new LeftOut("its values have no type that a reader could get wrong");
    case "fresh":
      throw new LeftOut("it does not know when a visitor proved who they are");
    default:
      throw new Error(`There is no step ${step}.`);
  }
}

async function add(session) {
  const count = ((await session.get("count")) ?? 0) + 1;
  await session.set("count", count);
  return count;
}

async function tell(session, text) {
  await session.set("flash", [...((await session.get("flash")) ?? []), text]);
}

async function messages(session) {
  const flash = await session.get("flash");
  if (flash !== undefined) await session.remove("flash");
  return flash ?? [];
}

async function home(session) {
  // A visitor without a session is given none.
  const some = await Promise.all(OURS.map((key) => session.get(key)));
  const flash = await messages(session);
  let visits = (await session.get("visits")) ?? 0;
  if (some.some((value) => value !== undefined)) {
    visits += 1;
    await session.set("visits", visits);
  }
  return { user: (await session.get("user")) ?? null, visits, cart: [], flash };
}

/** Ends with success on SIGTERM, and tells where the server listens. */
function listening(port) {
  process.on("SIGTERM", () => process.exit(0));
  console.log(`listening on http://127.0.0.1:${port}`);
}

module.exports = { Pages, listening };
