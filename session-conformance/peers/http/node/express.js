// express-session, with the store in memory that does not leak: memorystore.
"use strict";
const { env } = process;
if (env.RUST_LOG) env.DEBUG = "*";
const { Readable } = require("node:stream");
const express = require("express");
const expressSession = require("express-session");
const { Pages, listening } = require("./pages.js");

const version = (name) => require(`${name}/package.json`).version;
const DAY = 24 * 60 * 60 * 1000;
const pages = new Pages();
const development = env.SESSION_COOKIE === "development";

/** The store, which fails when a test asks for it. */
class Watched extends require("memorystore")(expressSession) {
  get(sid, done) {
    pages.rig.called("get").then(() => super.get(sid, done), done);
  }

  set(sid, session, done) {
    pages.rig.called("put").then(() => super.set(sid, session, done), done);
  }

  touch(sid, session, done) {
    pages.rig.called("touch").then(() => super.touch(sid, session, done), done);
  }

  destroy(sid, done) {
    pages.rig.called("put").then(() => super.destroy(sid, done), done);
  }
}

class OfExpress {
  constructor(request) {
    this.request = request;
  }

  has() {
    return this.request.headers.cookie !== undefined;
  }

  get(key) {
    return this.request.session[key] ?? undefined;
  }

  set(key, value) {
    this.request.session[key] = value;
  }

  remove(key) {
    delete this.request.session[key];
  }

  // As its README has it under "User login".
  async logIn(name) {
    await this.regenerate();
    this.request.session.user = name;
    await this.commit();
  }

  async logOut() {
    this.request.session.user = null;
    await this.commit();
    await this.regenerate();
  }

  async renew() {
    const { cookie, ...values } = this.request.session;
    await this.regenerate();
    Object.assign(this.request.session, values);
  }

  commit() {
    return this.called((done) => this.request.session.save(done));
  }

  remember() {
    this.request.session.cookie.maxAge = DAY;
  }

  regenerate() {
    return this.called((done) => this.request.session.regenerate(done));
  }

  called(what) {
    return new Promise((resolve, reject) => what((error) => (error ? reject(error) : resolve())));
  }
}

const app = express();
app.disable("x-powered-by");
// What ends TLS before it would say: else no `Secure` cookie is set.
app.use((request, _, next) => {
  request.headers["x-forwarded-proto"] ??= "https";
  next();
});
app.use(express.urlencoded({ extended: false }));
app.use(
  expressSession({
    store: new Watched({ checkPeriod: 0 }),
    secret: (env.SESSION_KEYS ?? "kept by nobody").split(","),
    name: (development ? "" : "__Host-Http-") + (env.SESSION_COOKIE_NAME ?? "connect.sid"),
    resave: false,
    saveUninitialized: false,
    cookie: {
      httpOnly: true,
      sameSite: "lax",
      secure: !development,
      maxAge: env.SESSION_LIFETIME === "persistent" ? DAY : undefined,
    },
    proxy: true,
  }),
);
app.use(async (request, response) => {
  const sent = await pages.answer(request.method, request.originalUrl, request.body ?? {}, () => new OfExpress(request));
  // Left to the error handler, as an app does.
  if (sent.status === 500) throw new Error(sent.value.error);
  response.status(sent.status).set(sent.headers);
  if (sent.pieces) Readable.from(sent.pieces).pipe(response);
  else response.json(sent.value);
});

if (process.argv[2] === "version") {
  console.log(`express-session ${version("express-session")} on Express ${version("express")}`);
} else {
  const server = app.listen(Number(env.PORT ?? 0), "127.0.0.1", () => listening(server.address().port));
}
