// @fastify/session, with a store in memory that honours the deadlines: its own keeps sessions for ever.
"use strict";
const { env } = process;
const { Readable } = require("node:stream");
const fastify = require("fastify");
const { Pages, listening } = require("./pages.js");

const version = (name) => require(`${name}/package.json`).version;
const DAY = 24 * 60 * 60 * 1000;
const pages = new Pages();
const development = env.SESSION_COOKIE === "development";

/** The least store that keeps its contract, and fails when a test asks for it. */
class Watched {
  constructor() {
    this.kept = new Map();
  }

  get(sid, done) {
    pages.rig.called("get").then(() => {
      const kept = this.kept.get(sid);
      done(null, kept && Date.now() < kept.until ? JSON.parse(kept.json) : null);
    }, done);
  }

  set(sid, session, done) {
    pages.rig.called("put").then(() => {
      this.kept.set(sid, { json: JSON.stringify(session), until: Date.now() + (session.cookie?.originalMaxAge ?? DAY) });
      done();
    }, done);
  }

  destroy(sid, done) {
    pages.rig.called("put").then(() => (this.kept.delete(sid), done()), done);
  }
}

class OfFastify {
  constructor(request) {
    this.request = request;
  }

  has() {
    return this.request.headers.cookie !== undefined;
  }

  get(key) {
    return this.request.session.get(key);
  }

  set(key, value) {
    this.request.session.set(key, value);
  }

  remove(key) {
    this.request.session.set(key, undefined);
  }

  async logIn(name) {
    const user = this.get("user");
    await this.request.session.regenerate(user === undefined || user === name ? KEPT : []);
    this.set("user", name);
  }

  // To destroy it would leave the request without a session for its message.
  logOut() {
    return this.request.session.regenerate();
  }

  renew() {
    return this.request.session.regenerate(KEPT);
  }

  commit() {
    return this.request.session.save();
  }

  remember() {
    this.request.session.options({ maxAge: DAY });
  }
}

/** What stays in a session that is given a new id. */
const KEPT = ["user", "visits", "count", "cart", "flash"];

const app = fastify({
  logger: env.RUST_LOG ? { level: "trace", stream: process.stderr } : false,
  trustProxy: true,
  exposeHeadRoutes: false,
});
app.register(require("@fastify/cookie"));
app.register(require("@fastify/session"), {
  store: new Watched(),
  secret: (env.SESSION_KEYS ?? "kept by nobody, but of 32 letters at the least").split(","),
  cookieName: (development ? "" : "__Host-Http-") + (env.SESSION_COOKIE_NAME ?? "sessionId"),
  saveUninitialized: false,
  cookie: {
    path: "/",
    httpOnly: true,
    sameSite: "lax",
    secure: !development,
    maxAge: env.SESSION_LIFETIME === "persistent" ? DAY : undefined,
  },
});
app.addHook("onRequest", async (request) => {
  // What ends TLS before it would say: else no `Secure` cookie is set.
  request.raw.headers["x-forwarded-proto"] ??= "https";
});
app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_, body, done) => {
  done(null, Object.fromEntries(new URLSearchParams(body)));
});
async function page(request, reply) {
  const sent = await pages.answer(request.method, request.url, request.body ?? {}, () => new OfFastify(request));
  // Left to the error handler, as an app does.
  if (sent.status === 500) throw new Error(sent.value.error);
  reply.code(sent.status).headers(sent.headers);
  if (sent.pieces) return reply.type("text/plain").send(Readable.from(sent.pieces));
  return sent.status === 304 ? reply.send() : reply.send(sent.value);
}
app.route({ method: ["GET", "HEAD", "POST", "DELETE", "OPTIONS"], url: "*", handler: page });

if (process.argv[2] === "version") {
  console.log(`@fastify/session ${version("@fastify/session")} on Fastify ${version("fastify")}`);
} else {
  app.listen({ port: Number(env.PORT ?? 0), host: "127.0.0.1" }).then(() => listening(app.server.address().port));
}
