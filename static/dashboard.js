/* Alembic Dashboard. Comfort only: every page does its job without it.
   1 Ages go on between two answers  2 Ids and commands can be copied  3 Keys: / searches, ? helps
   4 A touch on a time changes it for its title, where nothing can hover
   5 What a poll brings takes nothing away  6 A page that cannot ask any more says so  7 A link's place survives the login */
"use strict";

(() => {
  /* 1 The words of dashboard/views/moments.py (say_age, say_duration), so that a poll need not answer where only time has passed. */
  const MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, DATED_AFTER = 60 * DAY;
  const sayAge = (seconds) => {
    if (seconds < MINUTE) return `${Math.max(0, Math.floor(seconds))} s ago`;
    if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ago`;
    if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ago`;
    return seconds < 2 * DAY ? "1 day ago" : `${Math.floor(seconds / DAY)} days ago`;
  };
  const say = (large, largeUnit, small, smallUnit) => (small ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`);
  const sayElapsed = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    if (whole < MINUTE) return `${whole} s`;
    if (whole < HOUR) return say(Math.floor(whole / MINUTE), "min", whole % MINUTE, "s");
    if (whole < DAY) return say(Math.floor(whole / HOUR), "h", Math.floor((whole % HOUR) / MINUTE), "min");
    return say(Math.floor(whole / DAY), "d", Math.floor((whole % DAY) / HOUR), "h");
  };
  /* Ages count by the server's clock; what is less than a page takes to arrive is no difference of clocks. */
  const difference = Date.now() - Date.parse(document.querySelector("meta[name=now]")?.content ?? "");
  const ahead = Math.abs(difference) > 10000 ? difference : 0;
  const tick = () => {
    for (const time of document.querySelectorAll("time[data-age], time[data-elapsed]")) {
      const seconds = (Date.now() - ahead - Date.parse(time.dateTime)) / 1000;
      if (!(seconds < DATED_AFTER) || time.dataset.swapped) continue;
      const words = "age" in time.dataset ? sayAge(seconds) : sayElapsed(seconds);
      if (time.textContent !== words) time.textContent = words;
    }
  };
  setInterval(tick, 1000);

  /* 2 A button beside what people carry to a shell or a chat. */
  const COPIED = ".command, .page-header code, .headline code, .facts code";
  const told = document.createElement("div");
  told.className = "visually-hidden";
  told.setAttribute("role", "status");
  const makeButton = (source) => {
    const text = source.dataset.copy || source.title || (source.querySelector("code") ?? source).textContent.trim();
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.title = `Copy ${text.length > 40 ? "this" : text}`;
    button.setAttribute("aria-label", button.title);
    button.innerHTML = '<svg class="glyph" aria-hidden="true"><use href="#mark-copy"></use></svg>';
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        told.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(source);
        told.textContent = "Selected. Press Ctrl+C to copy.";
      }
      button.classList.add("copied");
      setTimeout(() => { button.classList.remove("copied"); told.textContent = ""; }, 2000);
    });
    return button;
  };
  const decorate = (root) => {
    const found = [...root.querySelectorAll(COPIED)];
    if (root.matches?.(COPIED)) found.push(root);
    for (const source of found) {
      if (source.dataset.copies || source.closest("a") || (source.matches("code") && source.closest(".command"))) continue;
      source.dataset.copies = "1";
      const button = makeButton(source);
      source.after(button);
      if (source.matches("code") && source.textContent.length < 30) {
        const together = document.createElement("span");
        together.className = "nowrap";
        source.before(together);
        together.append(source, button);
      }
    }
  };

  /* 3 Keys, where nobody is typing. */
  const TYPING = "input, textarea, select, [contenteditable]";
  const press = (event) => {
    const menu = event.key === "Escape" && document.querySelector(".small-menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPING)) return;
    if (event.key === "/") {
      const field = document.querySelector("#content input[type=search]") ?? document.querySelector("#nav-filter");
      if (!field) return;
      event.preventDefault();
      field.focus();
      field.select();
    }
    if (event.key === "?") {
      const help = document.querySelector("a[data-help]");
      if (help) location.assign(help.href);
    }
  };

  /* 4 The exact time and its zone stand in the title; of an exact time, its age. */
  const swap = (event) => {
    const time = event.target.closest?.("time[title]");
    if (!time || time.closest("a, button, summary, label")) return;
    const words = time.textContent;
    time.textContent = time.title;
    time.title = words;
    if (time.dataset.swapped) delete time.dataset.swapped;
    else time.dataset.swapped = "1";
  };

  /* 5 What somebody has typed, chosen or opened stays, and the focus too, where the same element comes again. */
  const FIELDS = "#content :is(input:not([type=hidden]), textarea, select)";
  const FOCUSABLE = "#content :is(a, button, summary, input, textarea, select)";
  const wordsOf = (element) => element.textContent.replace(/[\d\s]+/g, " ").trim();
  const keyOf = (element) => element.id || JSON.stringify([
    element.parentElement?.closest("[id]")?.id, element.tagName, element.name, element.getAttribute("value"),
    element.getAttribute("href"), element.getAttribute("aria-label") ?? wordsOf(element.querySelector("summary") ?? element),
  ]);
  const touched = new WeakSet();
  let kept = null;
  const keep = () => {
    const focused = document.activeElement?.matches(FOCUSABLE) ? document.activeElement : null;
    kept = { focused, focus: focused && keyOf(focused), fields: new Map(), opened: new Map() };
    for (const field of document.querySelectorAll(FIELDS)) {
      if (touched.has(field)) kept.fields.set(keyOf(field), [field.value, field.checked]);
    }
    for (const details of document.querySelectorAll("#content details")) {
      if (touched.has(details)) kept.opened.set(keyOf(details), details.open);
    }
  };
  const giveBack = () => {
    if (!kept) return;
    for (const field of kept.fields.size ? document.querySelectorAll(FIELDS) : []) {
      const found = kept.fields.get(keyOf(field));
      if (!found || touched.has(field)) continue;
      [field.value, field.checked] = found;
      touched.add(field);
    }
    for (const details of kept.opened.size ? document.querySelectorAll("#content details") : []) {
      const found = kept.opened.get(keyOf(details));
      if (found === undefined || touched.has(details)) continue;
      details.open = found;
      touched.add(details);
    }
    if (kept.focused && !kept.focused.isConnected && document.activeElement === document.body) {
      [...document.querySelectorAll(FOCUSABLE)].find((one) => keyOf(one) === kept.focus)?.focus({ preventScroll: true });
    }
  };
  document.addEventListener("input", (event) => touched.add(event.target));
  document.addEventListener("click", (event) => touched.add(event.target.closest?.("summary")?.parentElement ?? event.target));
  document.addEventListener("htmx:beforeSwap", keep);
  document.addEventListener("htmx:afterSwap", giveBack);
  document.addEventListener("htmx:afterSettle", giveBack);

  /* 6 Polls go on by themselves; until one is answered, what is shown is as old as the last answer. */
  const silence = document.createElement("p");
  silence.className = "blocked blocked-top";
  silence.setAttribute("role", "status");
  const isSilent = (event) => !event.detail.xhr?.status || event.detail.xhr.status >= 500;
  const tellSilence = (event) => {
    if (!isSilent(event) || silence.isConnected) return;
    const since = new Date(Date.now() - ahead);
    silence.innerHTML = "The dashboard has not answered for <time data-elapsed>0 s</time>. What is shown here is older than that. It is asked again by itself.";
    Object.assign(silence.firstElementChild, { dateTime: since.toISOString(), title: `since ${since}` });
    document.querySelector("#content")?.prepend(silence);
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, tellSilence);
  document.addEventListener("htmx:afterRequest", (event) => { if (!isSilent(event)) silence.remove(); });

  document.addEventListener("keydown", press);
  document.addEventListener("click", swap);
  document.addEventListener("DOMContentLoaded", () => {
    document.body.append(told);
    /* 7 The server never sees what follows the #. */
    const next = document.querySelector("#login-form input[name=next]");
    if (next?.value) next.value += location.hash;
    decorate(document.body);
    tick();
  });
  document.addEventListener("htmx:load", (event) => decorate(event.target));
})();
