// The page works without this. It adds local times, live figures, and the button that sends many requests at once.
"use strict";

for (const time of document.querySelectorAll("time")) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  time.title = time.textContent;
  time.textContent = format.format(new Date(time.dateTime));
}

// The figures, asked for anew as long as somebody looks. No cookie goes along, so a page that is left open keeps no
// session alive.
const live = document.querySelector("[data-live]");
if (live) {
  const INTERVAL_MS = 1000;
  let timer;

  const show = async () => {
    clearTimeout(timer);
    try {
      const answer = await fetch("/figures", { credentials: "omit" });
      if (!answer.ok) throw new Error(answer.statusText);
      const figures = await answer.json();
      for (const shown of document.querySelectorAll("[data-figure]")) {
        shown.textContent = figures[shown.dataset.figure].toLocaleString();
      }
      live.textContent = "Live";
      live.classList.add("on");
    } catch {
      live.textContent = "The server does not answer.";
      live.classList.remove("on");
    }
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(show, INTERVAL_MS);
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : show()));
  if (!document.hidden) show();
}

const form = document.querySelector("form[data-burst]");
if (form) {
  const button = form.querySelector("button[hidden]");
  const number = document.querySelector("[data-count]");
  const output = document.querySelector("#count output");
  const headers = { Accept: "application/json" };

  const call = async (method, url) => {
    const answer = await fetch(url, { method, headers });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error);
    return body.count;
  };
  // The server waits between reading the session and writing it, so that requests overlap for certain.
  const add = () => call("POST", "/count?delay_ms=20");

  const burst = async () => {
    const wanted = Number(form.dataset.burst);
    const before = await call("GET", "/count");
    // Each request without a session would begin one of its own, so the first goes ahead.
    const alone = "new" in form.dataset ? 1 : 0;
    if (alone) await add();
    delete form.dataset.new;
    await Promise.all(Array.from({ length: wanted - alone }, add));
    const after = await call("GET", "/count");
    number.textContent = after;
    const counted = after - before;
    const all = counted === wanted ? "all " : "";
    return `${wanted} requests, and ${all}${counted} counted: from ${before} to ${after}.`;
  };

  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    output.textContent = "Sending …";
    try {
      output.textContent = await burst();
    } catch (error) {
      output.textContent = `It did not work: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  });
}
