"use strict";
// Everything from data goes into the page as text, never as markup.
const PAGE = 50;
const WAIT = 150; // milliseconds after the last keystroke
const token = new URLSearchParams(location.search).get("token");
const state = { decisions: [], decimals: 2, changes: new Map(), found: null, before: null, page: 0, sort: ["gain", -1], open: new Set(), asked: 0 };
const $ = (id) => document.getElementById(id);
const currency = document.body.dataset.currency;
const figure = (value, digits = 1) => value === null || value === undefined || Number.isNaN(value) ? "–" : value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const money = (value, sign = false) => `${sign && value > 0 ? "+" : ""}${figure(value, 2)} ${currency}`.trim();
const price = (value) => figure(value, state.decimals);

async function ask(path, body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method: body === undefined ? "GET" : "POST", headers, body: body && JSON.stringify(body) });
  const found = await answer.json().catch(() => ({}));
  if (answer.ok) return found;
  const detail = Array.isArray(found.detail) ? found.detail.map((one) => `${one.loc.slice(1).join(" ")}: ${one.msg}`).join("; ") : found.detail;
  throw new Error(detail || `the server answered ${answer.status}`);
}

function tell(error) {
  $("problem").hidden = !error;
  $("problem").textContent = error ? error.message : "";
}

function plan() {
  const changes = [];
  for (const [decision, change] of state.changes) {
    const { reason, ...asked } = change;
    if (Object.values(asked).some((value) => value !== undefined && value !== false)) changes.push({ decision, ...asked });
  }
  return { start: $("start").value, changes };
}

function edit(decision, values) {
  const change = { ...state.changes.get(decision), ...values };
  for (const key of Object.keys(change)) if (change[key] === undefined || change[key] === "" || change[key] === false) delete change[key];
  if (Object.keys(change).length) state.changes.set(decision, change);
  else state.changes.delete(decision);
}

let timer = 0;
function later() {
  clearTimeout(timer);
  timer = setTimeout(evaluate, WAIT);
}

async function evaluate() {
  const number = ++state.asked;
  const started = performance.now();
  try {
    const found = await ask("api/evaluate", plan());
    if (number !== state.asked) return;
    state.before = state.found;
    state.found = found;
    check(number).catch(tell);
    $("time").textContent = `answered in ${figure(performance.now() - started, 0)} ms`;
    tell(null);
    show();
  } catch (error) {
    if (number === state.asked) tell(error);
  }
}

async function check(number) {
  const found = await ask("api/check", plan());
  if (number !== state.asked) return;
  $("broken").textContent = String(found.breaches_total);
  list($("breaches"), found.breaches.map((one) => `${one.rule}${one.soft ? " (soft)" : ""}: ${one.product} (${one.store}): ${one.text}`), "none");
}

function show() {
  const totals = state.found.totals;
  $("profit").textContent = money(totals.profit);
  $("profit-now").textContent = `${money(totals.profit_current)} at current prices`;
  $("gain").textContent = money(totals.gain, true);
  $("gain-range").textContent = `the members say ${money(totals.gain_p10, true)} to ${money(totals.gain_p90, true)}`;
  $("units").textContent = figure(totals.units);
  $("units-now").textContent = `${figure(totals.units_current)} at current prices`;
  $("revenue").textContent = money(totals.revenue);
  showMoved();
  rows();
}

function showMoved() {
  if (!state.before) return;
  const moved = state.decisions.map((one) => {
    const [was, is] = [state.before, state.found].map((found) => found.decisions.units[one.decision]);
    return [Math.abs(is - was), `${one.product} (${one.store}): ${figure(was)} → ${figure(is)} units`];
  }).filter(([size]) => size > 0.05);
  moved.sort((a, b) => b[0] - a[0]);
  if (moved.length) list($("moved"), moved.slice(0, 8).map(([, words]) => words), "nothing");
}

function list(place, lines, otherwise) {
  place.replaceChildren(...(lines.length ? lines : [otherwise]).map((words) => element("li", { textContent: words })));
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function described(one) {
  const found = state.found;
  const at = one.decision;
  const now = found.prices[at];
  return { ...one, price: now, change: 2 * now / (one.current_low + one.current_high) - 1, units: found.decisions.units[at], gain: found.decisions.profit[at] - found.decisions.profit_current[at] };
}

function visible() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [key, way] = state.sort;
  const fits = state.decisions.filter((one) => words.every((word) => `${one.product} ${one.store} ${one.category}`.toLowerCase().includes(word))).map(described);
  return fits.sort((a, b) => way * (typeof a[key] === "string" ? a[key].localeCompare(b[key]) : a[key] - b[key]) || a.decision - b.decision);
}

function rows() {
  const every = visible();
  const pages = Math.max(1, Math.ceil(every.length / PAGE));
  state.page = Math.min(state.page, pages - 1);
  $("page").textContent = `page ${state.page + 1} of ${pages}, ${every.length} prices`;
  $("before").disabled = state.page === 0;
  $("next").disabled = state.page === pages - 1;
  const focused = document.activeElement && document.activeElement.dataset.field;
  const body = $("prices").tBodies[0];
  body.replaceChildren();
  for (const one of every.slice(state.page * PAGE, (state.page + 1) * PAGE)) {
    body.append(row(one));
    if (state.open.has(one.decision)) body.append(more(one));
  }
  if (focused) {
    const again = body.querySelector(`[data-field="${CSS.escape(focused)}"]`);
    if (again) again.focus();
  }
  for (const head of document.querySelectorAll("#prices th[data-key]")) {
    const sorted = head.dataset.key === state.sort[0];
    head.setAttribute("aria-sort", sorted ? (state.sort[1] > 0 ? "ascending" : "descending") : "none");
  }
}

function row(one) {
  const change = state.changes.get(one.decision) || {};
  const cell = (words, number = true) => element("td", { className: number ? "number" : "", textContent: words });
  const name = `${one.product} (${one.store})`;
  const input = number(`price-${one.decision}`, `Price of ${name}`, one.price.toFixed(state.decimals), (value) => edit(one.decision, { price: value, excluded: undefined }));
  const pin = element("input", { type: "checkbox", checked: Boolean(change.pinned), ariaLabel: `Pin the price of ${name}` });
  pin.dataset.field = `pin-${one.decision}`;
  pin.addEventListener("change", () => { edit(one.decision, { pinned: pin.checked, price: pin.checked ? one.price : change.price }); later(); });
  const opened = state.open.has(one.decision);
  const button = element("button", { type: "button", textContent: opened ? "Less" : "More", ariaLabel: `${opened ? "Less" : "More"} about ${name}` });
  button.setAttribute("aria-expanded", String(opened));
  button.dataset.field = `more-${one.decision}`;
  button.addEventListener("click", () => { opened ? state.open.delete(one.decision) : state.open.add(one.decision); rows(); });
  const current = one.current_low === one.current_high ? price(one.current_low) : `${price(one.current_low)}–${price(one.current_high)}`;
  const changed = Object.keys(change).length > 0;
  return element("tr", { className: changed ? "changed" : "" },
    cell(one.product, false), cell(one.store, false), cell(current), cell(price(one.recommended)),
    element("td", { className: "number" }, input), cell(`${one.change > 0 ? "+" : ""}${figure(100 * one.change)} %`),
    cell(figure(one.units)), cell(figure(one.gain, 2)), element("td", {}, pin), element("td", {}, button));
}

function number(field, label, value, take) {
  const input = element("input", { type: "number", step: "any", min: "0", value: value ?? "", ariaLabel: label });
  input.dataset.field = field;
  input.addEventListener("change", () => { take(input.value === "" ? undefined : Number(input.value)); later(); });
  return input;
}

function more(one) {
  const change = state.changes.get(one.decision) || {};
  const name = `${one.product} (${one.store})`;
  const fields = element("div", { className: "fields" });
  const add = (key, label, known) => fields.append(element("label", { textContent: `${label}${known === null || known === undefined ? "" : ` (now ${figure(known, 2)})`} ` },
    number(`${key}-${one.decision}`, `${label} of ${name}`, change[key], (value) => edit(one.decision, { [key]: value }))));
  add("low", "Lowest price", one.allowed_low);
  add("high", "Highest price", one.allowed_high);
  add("cost", "Cost", one.cost);
  add("stock", "Stock", one.stock);
  add("competitor", "Competitor's price", one.competitor);
  const out = element("input", { type: "checkbox", checked: Boolean(change.excluded) });
  out.dataset.field = `out-${one.decision}`;
  out.addEventListener("change", () => { edit(one.decision, { excluded: out.checked, price: undefined }); later(); });
  fields.append(element("label", { className: "line" }, out, " keeps its current price"));
  const reason = element("input", { className: "long", maxLength: 400, value: change.reason || "", ariaLabel: `Reason for the price of ${name}` });
  reason.dataset.field = `reason-${one.decision}`;
  reason.addEventListener("change", () => edit(one.decision, { reason: reason.value }));
  fields.append(element("label", { textContent: "Reason for another price " }, reason));
  const found = state.found.decisions;
  const told = [
    `Any price from ${price(one.flat_low)} to ${price(one.flat_high)} is within .5 % of the best, the others as recommended.`,
    `A price 1 % higher changes its units by ${figure(one.elasticity, 2)} %.`,
    `In 8 of 10 periods it sells ${figure(found.units_p10[one.decision])} to ${figure(found.units_p90[one.decision])} units.`,
    one.note,
  ].filter(Boolean).join(" ");
  const cell = element("td", { colSpan: 10 }, fields, element("p", { className: "faint", textContent: told }));
  return element("tr", { className: "more" }, cell);
}

async function busy(button, action) {
  button.disabled = true;
  try { await action(); tell(null); } catch (error) { tell(error); } finally { button.disabled = false; }
}

function scenarios(kept) {
  $("scenarios").hidden = !kept.length;
  $("scenarios").tBodies[0].replaceChildren(...kept.map((one) => {
    const cell = (words, number = true) => element("td", { className: number ? "number" : "", textContent: words });
    const take = element("button", { type: "button", textContent: "Take", ariaLabel: `Take scenario ${one.name}` });
    take.addEventListener("click", () => {
      $("start").value = one.plan.start;
      state.changes = new Map();
      for (const { decision, ...values } of one.plan.changes) edit(decision, Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value === null ? undefined : value])));
      evaluate();
    });
    const t = one.totals;
    return element("tr", {}, cell(one.name, false), cell(figure(t.profit, 2)), cell(figure(t.gain, 2)), cell(figure(t.gain_p10, 2)), cell(figure(t.gain_p90, 2)), cell(figure(t.units)), cell(String(one.breaches_total)), element("td", {}, take));
  }));
}

function reasons() {
  return [...state.changes].filter(([, change]) => change.reason).map(([decision, change]) => ({ decision, words: change.reason }));
}

$("start").addEventListener("change", evaluate);
$("search").addEventListener("input", () => { state.page = 0; rows(); });
$("before").addEventListener("click", () => { state.page -= 1; rows(); });
$("next").addEventListener("click", () => { state.page += 1; rows(); });
$("undo").addEventListener("click", () => { state.changes = new Map(); evaluate(); });
$("optimise").addEventListener("click", () => busy($("optimise"), async () => {
  const found = await ask("api/optimise", plan());
  for (const one of state.decisions) {
    const change = state.changes.get(one.decision) || {};
    const best = found.prices[one.decision];
    const usual = $("start").value === "recommended" && best === one.recommended;
    if (!change.pinned && !change.excluded) edit(one.decision, { price: usual ? undefined : best });
  }
  await evaluate();
}));
$("save").addEventListener("click", () => busy($("save"), async () => scenarios(await ask("api/scenarios", { name: $("name").value, plan: plan() }))));
$("approve").addEventListener("click", () => busy($("approve"), async () => {
  $("approved").textContent = "";
  const done = await ask("api/approve", { plan: plan(), person: $("person").value, reasons: reasons(), accept_breaches: $("accept").checked });
  $("approved").textContent = `${done.prices} prices written to ${done.folder}, ${done.overrides} other than recommended.`;
}));
for (const head of document.querySelectorAll("#prices th[data-key]")) {
  head.querySelector("button").addEventListener("click", () => {
    state.sort = [head.dataset.key, head.dataset.key === state.sort[0] ? -state.sort[1] : 1];
    rows();
  });
}

ask("api/decisions").then((found) => {
  state.decisions = found.decisions;
  state.decimals = found.decimals;
  return evaluate();
}).catch(tell);
