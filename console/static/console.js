// Keys, undo, copy, the chart, and the pause of live parts. All of it is comfort: each page works without this file.
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Keys. Single letters are inert in fields, with a modifier, and when switched off.
  const switched = () => localStorage.getItem("vigil-keys") !== "off";
  const inField = (element) => element.closest("input, textarea, select, [contenteditable], dialog") !== null;
  let leading = "";

  function showSwitch() {
    const button = one("#keys-switch");
    if (!button) return;
    button.setAttribute("aria-pressed", String(switched()));
    button.textContent = switched() ? "Keys on" : "Keys off";
  }

  function rows() {
    return all("[data-rows] a.title, [data-rows] a.row-link").filter((a) => a.offsetParent !== null);
  }

  function move(step) {
    const links = rows();
    if (!links.length) return;
    const at = links.findIndex((a) => a === document.activeElement || a.closest("tr, li")?.contains(document.activeElement));
    const from = at >= 0 ? at : links.findIndex((a) => a.getAttribute("aria-current") === "true");
    const next = links[Math.min(links.length - 1, Math.max(0, from < 0 ? 0 : from + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      one("#toasts")?.replaceChildren();
      return;
    }
    if (!switched() || event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
    const key = event.key.toLowerCase();
    if (leading === "g") {
      leading = "";
      const link = one(`[data-go="${CSS.escape(key)}"]`);
      if (link) { event.preventDefault(); link.click(); return; }
    }
    if (key === "j" || key === "k") { event.preventDefault(); move(key === "j" ? 1 : -1); }
    else if (key === "/") { const field = one("[data-filter]"); if (field) { event.preventDefault(); field.focus(); field.select(); } }
    else if (key === "?") { event.preventDefault(); one("#keys").showModal(); }
    else {
      const button = one(`[data-key="${CSS.escape(key)}"]`);
      if (button && !button.disabled) { event.preventDefault(); button.click(); }
      else if (key === "g") leading = "g";
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === "keys-switch") {
      localStorage.setItem("vigil-keys", switched() ? "off" : "on");
      showSwitch();
    } else if (button.dataset.copy !== undefined) {
      navigator.clipboard?.writeText(button.dataset.copy).then(() => { button.textContent = "Copied"; });
    } else if (button.id === "pause") {
      paused = !paused;
      button.setAttribute("aria-pressed", String(paused));
      one("span", button).textContent = paused ? "Go on" : "Pause updates";
      if (!paused) show();
    } else if (button.id === "waiting") {
      show();
    }
  });

  // Live parts: rows wait while someone reads them, and stop when paused.
  let paused = false;
  let held = null;

  function reading() {
    const list = one("[data-live-list]");
    return Boolean(list && (list.matches(":hover") || list.contains(document.activeElement) || list.scrollTop > 8));
  }

  function show() {
    const list = one("[data-live-list] tbody");
    const button = one("#waiting");
    if (held && list) list.replaceChildren(...held.content.cloneNode(true).children);
    held = null;
    if (button) button.hidden = true;
    window.htmx?.process(list);
  }

  function offer() {
    const next = one("#live-next");
    const list = one("[data-live-list] tbody");
    if (!next || !list) return;
    const first = list.rows[0]?.dataset.id;
    const fresh = [...next.content.children].findIndex((row) => row.dataset.id === first);
    const count = fresh < 0 ? next.content.children.length : fresh;
    if (!count) return;
    [...next.content.children].slice(0, count).forEach((row) => row.classList.add("is-new"));
    held = next;
    if (reading()) {
      const button = one("#waiting");
      button.hidden = false;
      button.textContent = `${count} new`;
    } else show();
  }

  document.addEventListener("htmx:sse:before:message", (event) => { if (paused) { event.detail.cancelled = true; event.preventDefault(); } });
  document.addEventListener("htmx:after:swap", () => { offer(); draw(); });

  // One line, no legend, no animation. Below twenty points the number beside it says more.
  let plot = null;
  function draw() {
    const holder = one("#rate-chart");
    const data = one("#rate-data");
    if (!holder || !data || !window.uPlot) return;
    const points = JSON.parse(data.dataset.points);
    holder.hidden = points[0].length < 20;
    if (holder.hidden) return;
    if (plot && plot.root.isConnected) { plot.setData(points); return; }
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink-3"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    plot = new uPlot({
      width: holder.clientWidth, height: 176, legend: { show: false }, cursor: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "UTC"),
      scales: { y: { range: (_, low, high) => uPlot.rangeNum(0, Math.max(1, high), 0.1, true) } },
      series: [{}, { stroke: colour("--accent"), fill: colour("--accent-bg"), width: 1.5, points: { show: false } }],
      axes: [{ ...axis, size: 28, incrs: [60, 300, 600, 900, 1800, 3600], grid: { show: false }, values: (_, ticks) => ticks.map((t) => new Date(t * 1e3).toISOString().slice(11, 16)) }, { ...axis, size: 48 }],
    }, points, holder);
  }
  addEventListener("resize", () => { if (plot) plot.setSize({ width: one("#rate-chart").clientWidth, height: 176 }); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { plot?.destroy(); plot = null; draw(); });

  // htmx starts by a timer that may run before its SSE extension has loaded, and then never sees the attribute. All scripts have loaded
  // when this one runs, and a timer set now runs after that of htmx.
  setTimeout(() => {
    const live = one("#live");
    if (!live || !window.htmx) return;
    live.setAttribute("hx-sse:connect", live.dataset.connect);
    window.htmx.process(live);
  });

  // On a phone the rooms are one line, longer than the screen: the one that is open stands in the middle of it.
  const rail = one(".rail");
  const here = one(".rail nav [aria-current]");
  if (rail && here && rail.scrollWidth > rail.clientWidth) rail.scrollLeft = here.offsetLeft - (rail.clientWidth - here.offsetWidth) / 2;

  showSwitch();
  draw();
})();

// The demo inbox: items as they come.
(() => {
  "use strict";
  const inbox = document.querySelector("[data-inbox]");
  if (!inbox) return;
  const list = inbox.querySelector("[data-items]");
  const unread = inbox.querySelector("[data-unread]");
  const live = inbox.querySelector("[data-live]");
  const source = new EventSource(inbox.dataset.inbox);

  function count() {
    unread.textContent = `${inbox.dataset.word}: ${list.querySelectorAll(".is-unread").length}`;
  }

  source.addEventListener("unread", (event) => {
    live.textContent = "live";
    unread.textContent = `${inbox.dataset.word}: ${JSON.parse(event.data).unread}`;
  });
  source.addEventListener("error", () => { live.textContent = "connecting"; });
  source.addEventListener("item", (event) => {
    const item = JSON.parse(event.data);
    let row = [...list.children].find((one) => one.dataset.id === item.notice_id);
    if (row) {
      row.classList.toggle("is-unread", !item.read_at);
    } else {
      row = document.querySelector("#item").content.firstElementChild.cloneNode(true);
      row.dataset.id = item.notice_id;
      row.dataset.sev = item.severity;
      row.querySelector("div").lang = item.locale || "en";
      row.querySelector("h3").textContent = item.title;
      row.querySelector("[data-body]").textContent = item.body;
      row.querySelector("time").dateTime = item.created_at;
      row.querySelector("time").textContent = item.created_at;
      row.querySelector("[data-severity]").textContent = item.severity;
      row.querySelector("a").href = location.pathname;
      list.prepend(row);
      inbox.querySelector("[data-empty]")?.remove();
    }
    count();
  });
})();
