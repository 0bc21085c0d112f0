// What the pages do beyond HTML: refetch a part when data changes, jump between changes by key, draw charts.
// Without it, every page still shows everything; a reload replaces the live update.
"use strict";

// The server says which topics changed; a part that shows one of them refetches itself.
function follow() {
  const live = () => document.querySelector("[data-live]");
  if (!live()?.dataset.live || !window.EventSource) return;
  let isChanged = false;
  let events;
  const refetch = () => {
    if (!isChanged || isBusy(live())) return;
    isChanged = false;
    live().dispatchEvent(new Event("changed"));
  };
  const changed = (topics) => {
    const shown = live().dataset.live.split(" ");
    isChanged ||= topics.split(" ").some((topic) => shown.includes(topic));
    refetch();
  };
  // Browsers open few connections to one server, so a hidden tab gives its own back. What it missed is fetched once.
  const connect = () => {
    if (document.hidden) {
      events?.close();
      events = undefined;
    } else if (!events) {
      events = new EventSource("/pages/events");
      events.addEventListener("changed", (event) => changed(event.data));
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) changed(live().dataset.live);
    connect();
  });
  // What came while a reader was busy waits until they are not.
  document.addEventListener("focusout", () => setTimeout(refetch));
  document.addEventListener("toggle", refetch, true);
  window.addEventListener("pagehide", () => events?.close());
  connect();
}

// A reader whose focus is inside the part, or who has opened something there, must not lose it.
function isBusy(live) {
  return live.contains(document.activeElement) || live.querySelector("details[open]") !== null;
}

// j and k: the next and the previous change.
function jump(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea")) return;
  const step = { j: 1, k: -1 }[event.key];
  const changes = [...document.querySelectorAll(".change")];
  if (!step || changes.length === 0) return;
  const current = changes.indexOf(document.activeElement.closest(".change"));
  const next = changes[Math.min(Math.max(current + step, 0), changes.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "start" });
  event.preventDefault();
}

// A chart reads its figures from the table that it is drawn beside.
function draw() {
  for (const chart of document.querySelectorAll(".chart[data-table]")) {
    const table = document.getElementById(chart.dataset.table);
    if (!window.uPlot || !table || chart.childElementCount) continue;
    const columns = [...table.querySelectorAll("thead th")]
      .map((head, index) => ({ index, name: head.textContent, kind: head.dataset.chart }))
      .filter((column) => column.kind);
    const rows = [...table.querySelectorAll("tbody tr")].reverse();
    const number = (cell) => (cell?.dataset.value === undefined ? null : Number(cell.dataset.value));
    const data = columns.map((column) => rows.map((row) => number(row.cells[column.index])));
    if (rows.length < 2) continue;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const strokes = [colour("--accent"), colour("--good"), colour("--bad"), colour("--warn")];
    const dashes = [[], [6, 3], [2, 2], [10, 3, 2, 3]];
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") } };
    const series = columns.map((column, index) => index === 0
      ? { label: column.name }
      : { label: column.name, stroke: strokes[(index - 1) % 4], dash: dashes[(index - 1) % 4], width: 1.5 });
    const size = () => ({ width: Math.max(chart.clientWidth - 2, 280), height: 220 });
    const plot = new uPlot({ ...size(), tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
      scales: { x: { time: columns[0].kind === "time" } }, axes: [axis, axis], series }, data, chart);
    new ResizeObserver(() => plot.setSize(size())).observe(chart);
  }
}

// A slider over the versions of a record: releasing the pointer shows the chosen one. By keyboard, the button does.
function slide() {
  for (const slider of document.querySelectorAll("input[type=range][data-output]")) {
    const output = document.getElementById(slider.dataset.output);
    const times = new Map(slider.dataset.labels.split("|").map((label) => [label.split(":", 1)[0], label]));
    const show = () => { output.textContent = (times.get(slider.value) ?? slider.value).replace(":", ": "); };
    slider.addEventListener("input", show);
    slider.addEventListener("pointerup", () => slider.form.requestSubmit());
    show();
  }
}

// Sends the request that a form of the API describes, and shows its response.
async function tryIt(event) {
  const form = event.target.closest("form[data-try]");
  if (!form) return;
  event.preventDefault();
  const shown = form.parentElement.querySelector("pre");
  const method = form.dataset.try;
  let path = form.getAttribute("action");
  const query = new URLSearchParams();
  const request = { method, headers: {} };
  for (const field of form.querySelectorAll("[data-in]")) {
    const { in: place, type } = field.dataset;
    if (place === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    else if (field.value === "") continue;
    else if (place === "query") query.append(field.name, field.value);
    else if (place === "header") request.headers[field.name] = field.value;
    else Object.assign(request, { body: field.value, headers: { ...request.headers, "Content-Type": type } });
  }
  const stop = new AbortController();
  shown.hidden = false;
  shown.textContent = `${method} ${path}…`;
  try {
    const response = await fetch(query.size ? `${path}?${query}` : path, { ...request, signal: stop.signal });
    const kind = response.headers.get("content-type") ?? "";
    shown.textContent = `${response.status} ${response.statusText}\n${kind}\n\n`;
    const text = kind.startsWith("text/event-stream") ? await first(response, stop) : await response.text();
    shown.textContent += kind.includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
  } catch (error) {
    shown.textContent += `\n${error}`;
  }
  shown.focus();
}

// A stream doesn't end: what comes within five seconds.
async function first(response, stop) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const timer = setTimeout(() => stop.abort(), 5000);
  let text = "";
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  } catch { /* It was cut off on purpose. */ }
  clearTimeout(timer);
  return text;
}

document.addEventListener("submit", tryIt);
document.addEventListener("DOMContentLoaded", () => { follow(); draw(); slide(); });
document.addEventListener("htmx:afterSettle", draw);
document.addEventListener("keydown", jump);
