// The pages of the other apps, on express-session with its Redis store: what another language's users have.

import cluster from "node:cluster";

import { RedisStore } from "connect-redis";
import express from "express";
import session from "express-session";
import { createClient } from "redis";

// As many as the other apps have threads.
const WORKERS = 2;

if (cluster.isPrimary) {
    for (let worker = 0; worker < WORKERS; worker++) {
        cluster.fork();
    }
    let listening = 0;
    cluster.on("listening", (_, address) => {
        listening += 1;
        if (listening === WORKERS) {
            console.log(address.port);
        }
    });
    process.stdin.on("end", () => process.exit()).resume();
} else {
    const client = await createClient({ url: process.env.END_TO_END_AT }).connect();
    const app = express();
    app.disable("x-powered-by");
    app.use(session({
        store: new RedisStore({ client }),
        secret: "q83vEjRWeJC63P4QMlR2mLrc",
        resave: false,
        saveUninitialized: false,
        proxy: true,
        cookie: { secure: true, sameSite: "lax" },
    }));
    app.post("/login/:user", (request, response, next) => {
        request.session.regenerate(error => {
            if (error) {
                return next(error);
            }
            const user = Number(request.params.user);
            request.session.name = `Ada Lovelace ${user}, 12 St James's Square`;
            request.session.cart = Array.from({ length: 10 }, (_, place) => 4_711_001 + place);
            request.session.token = "q83vEjRWeJC63P4QMlR2mLrc_hAyVHaYutz-EDJUdpg";
            request.session.visits = 0;
            request.session.user = user;
            response.type("text").send("0");
        });
    });
    const page = request => request.session.name === undefined ? "" : String(request.session.visits);
    app.get("/read", (request, response) => response.type("text").send(page(request)));
    app.post("/write", (request, response) => {
        request.session.visits = (request.session.visits ?? 0) + 1;
        response.type("text").send(page(request));
    });
    app.post("/logout", (request, response, next) => {
        const answer = page(request);
        request.session.destroy(error => error ? next(error) : response.type("text").send(answer));
    });
    // A connection waits for its turn longer than the five seconds of the default.
    app.listen(0, "127.0.0.1").keepAliveTimeout = 3_600_000;
}
