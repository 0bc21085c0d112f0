// What the pages do beyond HTML: refetch a part when data changes, jump between changes by key, draw charts.
// Without it, every page still shows everything; a reload replaces the live update.
"use strict";

// The server says which topics changed; a part with `hx-trigger="changed-runs from:body"` refetches itself.
function follow() {
  const topics = document.querySelector("[data-live]");
  if (!topics || !window.EventSource) return;
  const events = new EventSource("/pages/events");
  events.addEventListener("changed", (event) => {
    if (isBusy()) return;
    for (const topic of event.data.split(" ")) document.body.dispatchEvent(new Event(`changed-${topic}`));
  });
  window.addEventListener("pagehide", () => events.close());
}

// A reader who types or has opened something inside the part must not lose it.
function isBusy() {
  const active = document.activeElement;
  const live = document.querySelector("[data-live]");
  return Boolean(live?.contains(active) && active.matches("input, select, textarea")) ||
    Boolean(live?.querySelector("details[open]"));
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
    window.addEventListener("resize", () => plot.setSize(size()));
  }
}

// A slider over the versions of a record: leaving it shows the chosen one.
function slide() {
  for (const slider of document.querySelectorAll("input[type=range][data-output]")) {
    const output = document.getElementById(slider.dataset.output);
    const times = slider.dataset.labels.split("|");
    const show = () => { output.textContent = times[slider.valueAsNumber - Number(slider.min)] ?? ""; };
    slider.addEventListener("input", show);
    slider.addEventListener("change", () => slider.form.requestSubmit());
    show();
  }
}

document.addEventListener("DOMContentLoaded", () => { follow(); draw(); slide(); });
document.addEventListener("htmx:afterSettle", draw);
document.addEventListener("keydown", jump);
