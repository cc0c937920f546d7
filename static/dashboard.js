/* Alembic Dashboard. Comfort only: every page does its job without it.
   1 Ages go on between two answers  2 Ids and commands can be copied  3 Keys: / searches, ? helps
   4 A touch on a time changes it for its title, where nothing can hover */
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

  document.addEventListener("keydown", press);
  document.addEventListener("click", swap);
  document.addEventListener("DOMContentLoaded", () => {
    document.body.append(told);
    decorate(document.body);
    tick();
  });
  document.addEventListener("htmx:load", (event) => decorate(event.target));
})();
