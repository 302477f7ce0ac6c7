// What the suite's routes under /test/ need, whatever the peer: gates, a clock to move, a store that fails.
"use strict";
const fs = require("node:fs");

/** How long a request waits at a gate, or for one there, in milliseconds. */
const PATIENCE = 30_000;

/** The peer has no such thing, for this reason. */
class LeftOut extends Error {}

class Rig {
  constructor() {
    this.held = new Map();
    this.opened = new Set();
    this.state = "up";
    this.calls = { get: 0, put: 0, touch: 0 };
    this.waiting = new Set();
  }

  /** Counts a call of the store, and lets it fail or wait as the store's state says. */
  async called(verb) {
    this.calls[verb] += 1;
    await this.until(() => this.state !== "slow");
    if (this.state === "down") throw new Error("the store is down");
  }

  setStore(state) {
    this.state = state;
    this.changed();
  }

  async pass(name) {
    this.held.set(name, (this.held.get(name) ?? 0) + 1);
    this.changed();
    await this.until(() => this.opened.has(name));
  }

  open(name) {
    this.opened.add(name);
    this.changed();
  }

  awaitHeld(name, requests) {
    return this.until(() => (this.held.get(name) ?? 0) >= requests);
  }

  /** Waits for a condition, and tells whether it came. */
  until(condition) {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const waits = { condition, done: (came) => (clearTimeout(timer), this.waiting.delete(waits), resolve(came)) };
      const timer = setTimeout(() => waits.done(false), PATIENCE);
      this.waiting.add(waits);
    });
  }

  changed() {
    for (const waits of [...this.waiting]) if (waits.condition()) waits.done(true);
  }

  /** Moves the time of this process on: libfaketime reads the file at every look at the clock. */
  advance(byMs) {
    const path = process.env.PEER_CLOCK;
    if (!path) throw new LeftOut("its clock is the system's, and libfaketime is not there to move it");
    const moved = new Date(Date.now() + byMs).toISOString();
    fs.writeFileSync(`${path}.new`, `${moved.slice(0, 10)} ${moved.slice(11, 19)}\n`);
    fs.renameSync(`${path}.new`, path);
  }
}

module.exports = { LeftOut, Rig };
