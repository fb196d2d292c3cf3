// The page. Text reaches the document through textContent only; decimals come as strings and are
// rounded here for the eye, never for a calculation that is sent anywhere.
"use strict";

const $ = (id) => document.getElementById(id);
const feedRows = 60;
const state = { offset: 0, fetched: 0, engineAge: 0, live: false, folded: new Set(), chosen: new Set(), recent: [], toasts: new Map() };

function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}
function put(node, text, tone) {
  if (node.textContent !== text) node.textContent = text;
  if (tone !== undefined) {
    for (const one of ["good", "bad", "warn", "info", "muted"]) node.classList.toggle(one, one === tone);
  }
}

// ---------------------------------------------------------------- how things are written
const grouped = new Map();
function decimal(text, digits) {
  if (text === null || text === undefined || text === "") return "–";
  if (!grouped.has(digits)) grouped.set(digits, new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return grouped.get(digits).format(Number(text)).replace(/^-(?=[0.,]*$)/, "").replace("-", "−");
}
const signed = (text, digits) => (Number(text) > 0 ? "+" : "") + decimal(text, digits);
const percent = (text) => (text === null ? "–" : signed(text, 2) + " %");
const count = (number) => decimal(number, 0);
const tone = (text) => (Number(text) > 0 ? "good" : Number(text) < 0 ? "bad" : "");
const words = (name) => String(name).replaceAll("_", " ");
const now = () => Date.now() + state.offset;
function clock(ms) {
  const date = new Date(ms);
  const time = date.toLocaleTimeString("en-GB");
  return now() - ms < 72e6 ? time : date.toISOString().slice(0, 10) + " " + time;
}
function span(ms) {
  if (ms < 0) ms = 0;
  if (ms < 1000) return Math.round(ms) + " ms";
  if (ms < 60e3) return (ms / 1e3).toFixed(1) + " s";
  if (ms < 3600e3) return Math.floor(ms / 60e3) + " m " + Math.floor((ms % 60e3) / 1e3) + " s";
  if (ms < 86400e3) return Math.floor(ms / 3600e3) + " h " + Math.floor((ms % 3600e3) / 60e3) + " m";
  return Math.floor(ms / 86400e3) + " d " + Math.floor((ms % 86400e3) / 3600e3) + " h";
}
// Columns have room for one unit.
function brief(ms) {
  if (!ms) return "–";
  const s = Math.max(0, (now() - ms) / 1e3);
  return s < 60 ? Math.floor(s) + " s" : s < 3600 ? Math.floor(s / 60) + " m" : s < 86400 ? (s / 3600).toFixed(1) + " h" : (s / 86400).toFixed(1) + " d";
}
const since = (ms) => (ms ? span(now() - ms) : "–");
function nanos(ns) {
  if (ns < 1e3) return ns + " ns";
  if (ns < 1e6) return (ns / 1e3).toFixed(1) + " µs";
  if (ns < 1e9) return (ns / 1e6).toFixed(2) + " ms";
  return (ns / 1e9).toFixed(2) + " s";
}

// ---------------------------------------------------------------- rows that keep their identity
function keyed(parent, items, keyOf, make, update) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let node = old.get(key);
    if (node) old.delete(key);
    else { node = make(item); node.dataset.key = key; }
    update(node, item);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
}
function cells(count, right, names) {
  const row = el("tr");
  for (let i = 0; i < count; ++i) {
    const cell = el("td", right.includes(i) ? { class: "r" } : {});
    if (names && names[i]) cell.dataset.name = names[i];
    row.append(cell);
  }
  return row;
}
function side(cell, name) {
  const up = name === "LONG" || name === "BUY";
  if (cell.firstElementChild) put(cell.firstElementChild, name);
  else cell.append(el("span", { class: "tag", text: name }));
  cell.firstElementChild.className = "tag " + (up ? "good" : "bad");
}
function bars(parent, rows, dim) {
  const most = Math.max(1, ...rows.map((row) => row.value));
  const parts = rows.flatMap((row) => [{ ...row, part: "name" }, { ...row, part: "track" }, { ...row, part: "value" }]);
  keyed(parent, parts, (one) => one.name + "/" + one.part, (one) => {
    if (one.part !== "track") return el("span", { class: one.part === "value" ? "value" : "" });
    return el("span", { class: "track" }, el("span", { class: "fill" + (dim ? " dim" : "") }));
  }, (node, one) => {
    if (one.part === "name") { put(node, one.label); node.title = one.title || ""; }
    else if (one.part === "value") put(node, one.text);
    else { const fill = node.firstElementChild; fill.style.display = one.value ? "block" : "none"; fill.style.width = (100 * one.value) / most + "%"; }
  });
}

// ---------------------------------------------------------------- header, cards, funnel
const modeTone = { trading: "good", boot: "info", reconcile: "info", protect_only: "warn", drain: "warn", flatten: "bad", halt: "bad" };
function showOverview(data) {
  state.offset = data.timestamp - Date.now();
  state.fetched = performance.now();
  state.engineAge = data.engine_age_ms;
  put($("mode"), words(data.mode), modeTone[data.mode] || "info");
  put($("reason"), data.mode_reason);
  $("reason").title = data.mode_reason;
  $("paused").hidden = !data.paused;
  $("pause").disabled = data.paused;
  $("resume").disabled = !data.paused && data.mode === "trading";
  $("waiting").hidden = !data.waits_for_operator || data.paused;
  put($("venue"), data.venue);
  put($("version"), "tranche " + data.version + (data.commit ? " (" + data.commit + ")" : ""));
  $("paper").hidden = !data.simulate_only && !data.simulated_exchange;
  put($("paper"), data.simulate_only ? "SIMULATION: real market data, orders executed on paper; no real money (globals.simulate_only)"
    : "SIMULATED EXCHANGE: the peer is tranche-exchange; no real money");
  $("problems").hidden = data.problems.length === 0;
  keyed($("problems"), data.problems, (one) => one, (one) => el("li", { text: "⚠ " + one }), () => {});
  showFunnel(data.funnel);
  showHealth(data);
  showConnections(data.connections);
  document.title = (data.paused ? "paused" : words(data.mode)) + " · " + data.funnel.open_tranches + " open · tranche";
}
function showFunnel(funnel) {
  const entered = funnel.verdicts.entered || 0;
  const row = (name, label, value, title) => ({ name, label, value, text: count(value), title });
  bars($("funnel"), [
    row("seen", "Liquidations seen", funnel.liquidations),
    row("triggers", "Above threshold", funnel.triggers),
    row("entered", "Entry decided", entered),
    row("sent", "Orders sent, all", funnel.orders_sent, "Entries, take-profits, stops and closes"),
    row("accepted", "Orders accepted", funnel.orders_accepted),
    row("fills", "Fills", funnel.fills),
    row("opened", "Tranches opened", funnel.tranches_opened),
  ]);
  const reasons = Object.entries(funnel.verdicts).filter(([name]) => name !== "entered").sort((a, b) => b[1] - a[1]);
  const total = Math.max(1, funnel.liquidations);
  bars($("why"), reasons.map(([name, value]) => ({ name, label: words(name), value, text: count(value) + " · " + ((100 * value) / total).toFixed(1) + " %" })), true);
}
function facts(parent, rows) {
  const parts = rows.flatMap(([name, text, color]) => [{ name, text: name, tag: "dt" }, { name, text, color: color || "", tag: "dd" }]);
  keyed(parent, parts, (one) => one.tag + one.name, (one) => el(one.tag), (node, one) => put(node, one.text, one.color));
}
function showHealth(data) {
  const up = (flag) => (flag ? ["up", "good"] : ["DOWN", "bad"]);
  const f = data.funnel;
  const bad = (number) => [count(number), number ? "bad" : ""];
  facts($("health"), [
    ["Market stream", ...up(data.streams.market)],
    ["User stream", ...up(data.streams.user)],
    ["Agrees with the exchange", data.last_reconcile ? (data.reconciled ? "yes" : "NO") + ", checked " + since(data.last_reconcile) + " ago" : "not checked yet", data.reconciled ? "good" : "warn"],
    ["Engine's newest event", span(data.engine_age_ms) + " ago", data.engine_age_ms > 5000 ? "bad" : ""],
    ["Unprotected tranches", ...bad(f.unprotected_now)],
    ["Longest without a stop", span(f.unprotected_max_ms)],
    ["Orders rejected", count(f.orders_rejected), f.orders_rejected ? "warn" : ""],
    ["Orders of unknown fate", f.unknown_now ? f.unknown_now + " now, " + f.orders_unknown + " ever" : count(f.orders_unknown) + " ever", f.unknown_now ? "bad" : ""],
    ["Position differences", ...bad(f.position_differences)],
    ["Running for", since(data.started)],
  ]);
}
const phaseTone = { open: "good", connecting: "info", idle: "muted", lost: "bad" };
function showConnections(rows) {
  keyed($("connections"), rows, (one) => one.name, () => cells(6, [2, 3, 4, 5]), (node, c) => {
    put(node.children[0], c.name);
    put(node.children[1], c.state + (c.succeeding ? ", next comes" : ""), phaseTone[c.state] || "");
    put(node.children[2], count(c.wins));
    put(node.children[3], count(c.copies));
    put(node.children[4], c.copies ? nanos(c.lag_p99_ns) : "–");
    put(node.children[5], c.last_message ? span(now() - c.last_message) : "–");
  });
  const open = rows.filter((one) => one.state === "open").length;
  put($("connections-count"), rows.length ? open + " of " + rows.length + " open" : "", open < rows.length ? "bad" : "");
}
function showAccount(data) {
  const margin = Number(data.totalPositionInitialMargin);
  const wallet = Number(data.totalWalletBalance);
  const rows = [
    ["Wallet", decimal(data.totalWalletBalance, 2), "", "USDT"],
    ["Available", decimal(data.availableBalance, 2), "", "USDT"],
    ["Margin used", decimal(data.totalPositionInitialMargin, 2), "", wallet > 0 ? ((100 * margin) / wallet).toFixed(1) + " % of wallet" : ""],
    ["Unrealised PnL", signed(data.totalUnrealizedProfit, 2), tone(data.totalUnrealizedProfit), "at mark price"],
    ["Realised today", signed(data.realized_today, 2), tone(data.realized_today), "UTC day, before fees"],
    ["Net today", signed(data.net_today, 2), tone(data.net_today), "fees " + decimal(data.fees_today, 2)],
  ];
  keyed($("cards"), rows, (row) => row[0], (row) => el("div", { class: "card" }, el("div", { class: "name", text: row[0] }), el("div", { class: "value" }), el("div", { class: "note" })), (node, row) => {
    put(node.children[1], row[1], row[2]);
    put(node.children[2], row[3]);
  });
}

// ---------------------------------------------------------------- positions
const columns = ["", "State", "Quantity", "Entry", "Mark", "PnL USDT", "% of price", "% of margin", "", "Take-profit", "Stop-loss", "Age", "No stop"];
const rightColumns = [2, 3, 4, 5, 6, 7, 9, 10, 11, 12];
const stateTone = { protected: "good", protecting: "warn", unprotected: "bad", adjusting: "warn", closing: "info", pending: "info" };
function drawBar(cell, value, scale) {
  if (!cell.firstElementChild) cell.append(el("div", { class: "bar", role: "img" }, el("i")));
  const fill = cell.firstElementChild.firstElementChild;
  const number = Number(value || 0);
  fill.className = number < 0 ? "loss" : "gain";
  fill.style.width = Math.min(50, (50 * Math.abs(number)) / scale) + "%";
  cell.firstElementChild.setAttribute("aria-label", percent(value));
}
function profit(row, usdt, ofPrice, ofMargin, scale) {
  put(row.children[5], usdt === null ? "–" : signed(usdt, 2), tone(usdt));
  put(row.children[6], percent(ofPrice), tone(ofPrice));
  put(row.children[7], percent(ofMargin), tone(ofMargin));
  drawBar(row.children[8], ofPrice, scale);
}
function exit(cell, order, digits) {
  if (!cell.firstElementChild) cell.append(el("span"), el("span", { class: "sub" }));
  put(cell.firstElementChild, order ? decimal(order.price, digits) : "–");
  put(cell.lastElementChild, order ? words(order.status) : "none", order && order.status === "none" ? "bad" : "");
}
function makePosition(item) {
  const row = cells(13, rightColumns, columns);
  row.className = "position";
  const toggle = el("button", { class: "toggle", type: "button" });
  toggle.addEventListener("click", () => {
    if (!state.folded.delete(row.dataset.key)) state.folded.add(row.dataset.key);
    drawPositions();
  });
  const merge = el("button", { class: "quiet small", type: "button", text: "Merge", title: "Makes one tranche of those ticked" });
  merge.addEventListener("click", () => askMerge(row.dataset.key));
  row.children[0].append(toggle, " ", el("span", { class: "tag" }), " ", merge);
  row.children[0].classList.add("wide-cell");
  row.children[8].classList.add("wide-cell");
  for (const i of [9, 10]) row.children[i].classList.add("bare");  // exits belong to tranches
  return row;
}
function updatePosition(row, item) {
  const p = item.position;
  const open = !state.folded.has(row.dataset.key);
  const toggle = row.children[0].firstElementChild;
  put(toggle, (open ? "▾ " : "▸ ") + p.symbol);
  toggle.setAttribute("aria-expanded", String(open));
  row.children[0].lastElementChild.hidden = chosenOf(row.dataset.key).length < 2;
  const tag = row.children[0].children[1];
  tag.textContent = p.side;
  tag.className = "tag " + (p.side === "LONG" ? "good" : "bad");
  const tranches = p.tranche_count + (p.tranche_count === 1 ? " tranche · " : " tranches · ") + p.leverage + "×";
  put(row.children[1], p.reconciling ? "reconciling" : p.agrees ? tranches : "DIFFERS from tranches", p.agrees && !p.reconciling ? "" : "warn");
  put(row.children[2], decimal(p.positionAmt, p.quantity_decimals));
  put(row.children[3], decimal(p.entryPrice, p.price_decimals));
  put(row.children[4], decimal(p.markPrice, p.price_decimals));
  row.children[4].title = p.mark_time ? "mark is " + since(p.mark_time) + " old" : "no mark yet";
  row.children[4].classList.toggle("warn", !p.mark_time || now() - p.mark_time > 10000);
  profit(row, p.unrealizedPnl, p.pnl_pct_price, p.pnl_pct_margin, item.scale);
  put(row.children[11], brief(p.updated));
  const naked = p.tranches_summary.unprotected;
  put(row.children[12], naked ? String(naked) : "–", naked ? "bad" : "");
}
const chosenOf = (key) => state.tranches.filter((t) => t.symbol + "/" + t.side === key && state.chosen.has("t" + t.id)).map((t) => t.ordinal);
function askMerge(key) {
  const ordinals = chosenOf(key);
  const names = ordinals.map((ordinal) => "#" + ordinal).join(", ");
  ask("Merge tranches " + names + " of " + key.replace("/", " ") + "?", "They become the one with the lowest number, with one take-profit and one stop from their common entry. The position itself does not change.", "Merge", false, false, () => {
    for (const t of state.tranches) if (t.symbol + "/" + t.side === key) state.chosen.delete("t" + t.id);
    command("merge", "positions/" + key + "/tranches/merge", { ordinals });
  });
}
function makeTranche() {
  const row = cells(13, rightColumns, columns);
  row.className = "tranche";
  row.children[8].classList.add("wide-cell");
  const tick = el("input", { type: "checkbox", title: "To be merged with others of this side" });
  tick.addEventListener("change", () => {
    if (tick.checked) state.chosen.add(row.dataset.key);
    else state.chosen.delete(row.dataset.key);
    drawPositions();
  });
  row.children[0].append(tick, " ", el("span"));
  return row;
}
function updateTranche(row, item) {
  const t = item.tranche;
  const tick = row.children[0].firstElementChild;
  tick.hidden = item.alone === true;
  tick.checked = state.chosen.has(row.dataset.key);
  tick.setAttribute("aria-label", "Merge tranche " + t.ordinal + " of " + t.symbol + " " + t.side);
  put(row.children[0].lastElementChild, "#" + t.ordinal + " · id " + t.id + (t.adopted ? " · adopted" : ""));
  put(row.children[1], words(t.state), stateTone[t.state] || "");
  put(row.children[2], decimal(t.quantity, t.quantity_decimals));
  put(row.children[3], decimal(t.entry_price, t.price_decimals));
  put(row.children[4], decimal(t.mark_price, t.price_decimals));
  profit(row, t.unrealized_pnl, t.pnl_pct_price, t.pnl_pct_margin, item.scale);
  exit(row.children[9], t.tp, t.price_decimals);
  exit(row.children[10], t.sl, t.price_decimals);
  put(row.children[11], brief(t.created));
  put(row.children[12], t.unprotected_since ? since(t.unprotected_since) : span(t.unprotected_max_ms), t.unprotected_since ? "bad" : "muted");
}
function drawPositions() {
  const { positions, tranches } = state;
  if (!positions || !tranches) return;
  // One scale for all bars, so that they can be compared: the furthest exit, at least 1 %.
  let scale = 1;
  for (const t of tranches) {
    scale = Math.max(scale, Math.abs(Number(t.pnl_pct_price || 0)));
    for (const order of [t.tp, t.sl]) {
      if (order && Number(t.entry_price) > 0) scale = Math.max(scale, Math.min(10, 100 * Math.abs(Number(order.price) / Number(t.entry_price) - 1)));
    }
  }
  for (const key of state.chosen) if (!tranches.some((t) => "t" + t.id === key)) state.chosen.delete(key);
  const keys = new Set(positions.map((p) => p.symbol + "/" + p.side));
  const pending = tranches.filter((t) => !keys.has(t.symbol + "/" + t.side));
  const rows = [];
  for (const p of positions) {
    const key = p.symbol + "/" + p.side;
    rows.push({ key, position: p, scale });
    if (state.folded.has(key)) continue;
    for (const t of tranches) if (t.symbol + "/" + t.side === key) rows.push({ key: "t" + t.id, tranche: t, scale, alone: p.tranche_count < 2 });
  }
  for (const t of pending) rows.push({ key: "p" + t.id, tranche: t, scale, pending: true, alone: true });
  keyed($("position-rows"), rows, (one) => one.key, (one) => (one.position ? makePosition(one) : makeTranche()), (node, one) => {
    if (one.position) return updatePosition(node, one);
    updateTranche(node, one);
    if (one.pending) put(node.children[0].lastElementChild, one.tranche.symbol + " " + one.tranche.side + " · id " + one.tranche.id);
  });
  $("no-positions").hidden = rows.length > 0;
  put($("positions-count"), rows.length ? positions.length + " / " + tranches.length : "");
}

// ---------------------------------------------------------------- orders, latency, alarms, feeds
function showOrders(rows) {
  keyed($("orders"), rows, (one) => one.client_order_id, () => cells(8, [4, 5, 7]), (node, o) => {
    put(node.children[0], o.symbol);
    put(node.children[1], words(o.role));
    side(node.children[2], o.side);
    put(node.children[3], words(o.type.toLowerCase()));
    put(node.children[4], decimal(Number(o.price) ? o.price : o.stop_price, o.price_decimals));
    put(node.children[5], o.close_position ? "whole position" : decimal(o.executed_qty, o.quantity_decimals) + " / " + decimal(o.quantity, o.quantity_decimals));
    put(node.children[6], words(o.state), o.state === "unknown" ? "bad" : o.state === "working" ? "good" : "");
    put(node.children[7], brief(o.created));
  });
  $("no-orders").hidden = rows.length > 0;
  put($("orders-count"), rows.length ? String(rows.length) : "");
}
function showLatency(data) {
  keyed($("latency"), data.stages, (one) => one.stage, (one) => { const row = cells(6, [1, 2, 3, 4, 5]); row.title = one.help; return row; }, (node, s) => {
    const shown = (value) => (s.count ? nanos(value) : "–");
    [words(s.stage), count(s.count), shown(s.p50), shown(s.p99), shown(s.p999), shown(s.max)].forEach((text, i) => put(node.children[i], text));
  });
}
const hasCode = new Set(["entry_rejected", "protection_rejected", "order_unknown", "banned", "rate_limited"]);
function showAlarms(rows) {
  keyed($("alarms"), rows.slice(0, 50), (one) => one.timestamp + one.kind + one.symbol + one.tranche_id + one.raised, () => el("li", {}, el("time"), el("strong"), el("span"), el("span", { class: "advice" })), (node, a) => {
    put(node.children[0], clock(a.timestamp));
    put(node.children[1], words(a.kind) + (a.raised ? "" : " (over)"), a.raised ? "bad" : "muted");
    put(node.children[2], [" ", a.symbol, a.tranche_id ? " tranche " + a.tranche_id : "", a.text ? " " + a.text : "", hasCode.has(a.kind) && a.value ? " (" + a.value + ")" : ""].join(""));
    put(node.children[3], a.advice);
  });
  $("no-alarms").hidden = rows.length > 0;
  put($("alarms-count"), rows.length ? String(rows.length) : "");
}
function addRow(body, row, fresh) {
  body.prepend(row);
  if (fresh) row.classList.add("fresh");
  while (body.children.length > feedRows) body.lastElementChild.remove();
}
function addLiquidation(row, fresh) {
  const node = cells(6, [3, 4]);
  put(node.children[0], clock(row.timestamp));
  put(node.children[1], row.symbol);
  side(node.children[2], row.side);
  put(node.children[3], decimal(Number(row.average_price) ? row.average_price : row.price, row.price_decimals));
  put(node.children[4], decimal(row.usdt_value, 0));
  put(node.children[5], words(row.verdict), row.verdict === "entered" ? "good" : "muted");
  node.children[5].title = row.why;
  addRow($("feed"), node, fresh);
  $("no-feed").hidden = true;
}
function addTrade(row, fresh) {
  const node = cells(9, [4, 5, 6, 7, 8]);
  put(node.children[0], clock(row.timestamp));
  put(node.children[1], row.symbol);
  put(node.children[2], row.ours ? words(row.role) : "not ours");
  side(node.children[3], row.side);
  put(node.children[4], decimal(row.qty, row.quantity_decimals));
  put(node.children[5], decimal(row.price, row.price_decimals));
  put(node.children[6], Number(row.realized_pnl) ? signed(row.realized_pnl, 4) : "–", tone(row.realized_pnl));
  put(node.children[7], decimal(row.commission, 4));
  put(node.children[8], row.tranche_id ? String(row.tranche_id) : "–");
  addRow($("trades"), node, fresh);
  $("no-trades").hidden = true;
}

// ---------------------------------------------------------------- toasts: at most one a kind at a time
function toast(kind, text, color) {
  const shown = state.toasts.get(kind);
  if (shown) {
    shown.more += 1;
    put(shown.node, text + "  (+" + shown.more + " more)");
    return;
  }
  const node = el("div", { class: "toast " + (color || ""), text });
  $("toasts").append(node);
  state.toasts.set(kind, { node, more: 0 });
  setTimeout(() => { node.remove(); state.toasts.delete(kind); }, 5000);
}

// ---------------------------------------------------------------- events
const handlers = {
  new_liquidation: (row) => { addLiquidation(row, true); state.recent.push(performance.now()); },
  new_trade: (row) => addTrade(row, true),
  tranche_created: (t) => toast("created", "New tranche " + t.symbol + " " + t.side + " #" + t.ordinal, "good"),
  tranche_merged: (t) => toast("merged", "Tranche merged: " + t.symbol + " " + t.side, ""),
  tranche_closed: (t) => { if (t.state === "closed") toast("closed", "Tranche closed: " + t.symbol + " " + t.side + ", " + words(t.close_reason) + ", " + signed(t.realized_pnl, 2) + " USDT", tone(t.realized_pnl)); },
  alarm: (a) => { toast("alarm" + a.kind, (a.raised ? "Alarm: " : "Over: ") + words(a.kind) + " " + a.symbol + " " + a.text, a.raised ? "bad" : "good"); load("alarms", showAlarms); },
  mode: (m) => { toast("mode", "Mode: " + words(m.mode) + (m.paused ? ", paused" : "") + (m.reason ? " (" + m.reason + ")" : ""), "warn"); load("overview", showOverview); },
  resync: () => { loadFeed(); loadTrades(); refresh(); },
};
function connect() {
  const source = new EventSource("/api/stream");
  source.onopen = () => { state.live = true; };
  source.onerror = () => {
    state.live = false;
    // A refused stream (too many open) is not tried again by the browser itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  };
  source.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (Object.hasOwn(handlers, event.type)) handlers[event.type](event.data);
  };
}

// ---------------------------------------------------------------- asking
const asking = new Set();
async function load(path, show) {
  if (asking.has(path)) return;
  asking.add(path);
  try {
    const answer = await fetch("/api/" + path, { signal: AbortSignal.timeout(4000) });
    if (answer.ok) show(await answer.json());
  } catch { /* the age shown in the header says it */ } finally { asking.delete(path); }
}
function refresh() {
  load("overview", showOverview);
  load("account", showAccount);
  load("positions", (rows) => { state.positions = rows; drawPositions(); });
  load("tranches", (rows) => { state.tranches = rows; drawPositions(); });
}
function refreshSlow() {
  load("orders", showOrders);
  load("latency", showLatency);
  load("alarms", showAlarms);
}
function loadFeed() {
  load("decisions?limit=" + feedRows, (rows) => { $("feed").replaceChildren(); rows.reverse().forEach((row) => addLiquidation(row, false)); });
}
function loadTrades() {
  const fill = (order) => ({ ...order, ours: true, role: order.trade_category, qty: order.filled_qty, price: order.avg_price, timestamp: order.updated });
  load("trades?limit=" + feedRows, (rows) => { $("trades").replaceChildren(); rows.reverse().forEach((row) => addTrade(fill(row), false)); });
}
function tick() {
  const age = state.fetched ? performance.now() - state.fetched : Infinity;
  const old = age > 5000;
  put($("age"), state.fetched ? span(age) + " ago" : "–");
  const color = old ? "bad" : state.live ? "good" : "warn";
  $("dot").className = "dot " + color;
  put($("connection"), old ? "no answer" : state.live ? "live" : "events lost, polling");
  document.body.classList.toggle("old", old && state.fetched > 0);
  $("stale").hidden = !(old && state.fetched > 0);
  if (old && state.fetched) put($("stale"), "No answer from tranche for " + span(age) + ". What you see is old.");
  state.recent = state.recent.filter((at) => performance.now() - at < 60000);
  put($("feed-rate"), state.recent.length ? state.recent.length + " in the last minute" : "");
}

// ---------------------------------------------------------------- commands
let wanted = null;
function ask(title, text, yes, danger, withToken, then) {
  put($("confirm-title"), title);
  put($("confirm-text"), text);
  put($("confirm-yes"), yes);
  $("confirm-yes").classList.toggle("danger", danger);
  $("token-field").hidden = !withToken;
  wanted = then;
  $("confirm").showModal();
  (withToken ? $("token") : $("confirm-no")).focus();
}
async function command(verb, path = "control/" + verb, sent = {}) {
  const headers = { "Content-Type": "application/json", "X-Tranche": "1" };
  const token = sessionStorage.getItem("token");
  if (token) headers.Authorization = "Bearer " + token;
  try {
    const answer = await fetch("/api/" + path, { method: "POST", headers, body: JSON.stringify(sent) });
    const body = await answer.json();
    if (answer.status === 401) {
      sessionStorage.removeItem("token");
      ask("Token needed", "Commands need the token of this instance. It is kept until this tab closes.", "Send " + verb, verb === "flatten", true, () => {
        sessionStorage.setItem("token", $("token").value.trim());
        $("token").value = "";
        command(verb, path, sent);
      });
      return;
    }
    toast("command", verb + ": " + (answer.ok ? body.message : body.error), answer.ok ? "good" : "bad");
    load("overview", showOverview);
  } catch (error) { toast("command", verb + " did not reach tranche: " + error.message, "bad"); }
}
$("pause").addEventListener("click", () => ask("Pause entries?", "No new entries until you resume. Take-profits and stops keep working.", "Pause", false, false, () => command("pause")));
$("resume").addEventListener("click", () => ask("Resume entries?", "Liquidations are traded again, with the settings in force. A hold that waits for you ends; see to its cause first.", "Resume", false, false, () => command("resume")));
$("flatten").addEventListener("click", () => ask("Close every position?", "All positions are closed with market orders, now. This cannot be undone.", "Flatten everything", true, false, () => command("flatten")));
$("confirm-no").addEventListener("click", () => $("confirm").close());
$("confirm-form").addEventListener("submit", (event) => {
  event.preventDefault();
  $("confirm").close();
  if (wanted) wanted();
});
$("theme").addEventListener("click", () => {
  const light = matchMedia("(prefers-color-scheme: light)").matches;
  const shown = document.documentElement.dataset.theme || (light ? "light" : "dark");
  setTheme(shown === "dark" ? "light" : "dark");
});
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
}

const theme = localStorage.getItem("theme");
if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
connect();
refresh();
refreshSlow();
loadFeed();
loadTrades();
setInterval(refresh, 1000);
setInterval(refreshSlow, 2000);
setInterval(tick, 250);
