"use strict";
// The table of resets: filters, sorting, pages, and a verdict in full when its row is opened. The data stand in the
// page as JSON (rows.py). Everything that comes from a capture is set as text, never as markup.
(() => {
  const PAGE = 50;
  const CELL = {frame: 0, time: 1, cause: 2, confidence: 3, percent: 4, harm: 5, byServer: 6, client: 7, server: 8,
    name: 9, capture: 10, incident: 11, ladder: 12, fields: 13};
  const SPOKEN = ["", " for: ", " against: ", " unknown: "];
  const SIGNS = ["", "+", "-", "?"];
  const data = JSON.parse(document.getElementById("data").textContent);
  const table = document.getElementById("table");
  const text = (row, cell) => data.texts[row[CELL[cell]]];

  function make(name, options = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(options)) {
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  // Light and dark: what the reader's system prefers, until the switch says otherwise.
  const dark = () => root.classList.contains("dark") ||
    (!root.classList.contains("light") && matchMedia("(prefers-color-scheme: dark)").matches);
  const root = document.documentElement;
  const scheme = make("button", {type: "button", id: "scheme", onclick() {
    const next = dark() ? "light" : "dark";
    root.classList.remove("light", "dark");
    root.classList.add(next);
    label();
  }});
  const label = () => { scheme.textContent = dark() ? "Light" : "Dark"; };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
  label();
  document.querySelector("header").append(scheme);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));

  for (const copy of document.querySelectorAll("[data-copy]")) {
    copy.querySelector("p").replaceWith(ladder(Number(copy.dataset.copy)));
  }
  function ladder(number) {
    const found = document.querySelector(`[data-ladder="${number}"]`);
    return (found.content ?? found).querySelector("svg").cloneNode(true);
  }

  if (!table) return;
  document.getElementById("unscripted")?.remove();
  const rows = data.rows;
  const body = table.tBodies[0];
  const open = new Set();
  const chosen = {cause: "", confidence: "", harm: "", incident: "", host: "", port: "", text: ""};
  const order = {column: "", down: false};
  let found = rows.map((_, at) => at);
  let page = 0;

  // An endpoint is ip:port or [ip]:port.
  const split = (end) => [end.slice(0, end.lastIndexOf(":")).replace(/[[\]]/g, ""), end.slice(end.lastIndexOf(":") + 1)];
  const ends = rows.map((row) => [...split(text(row, "client")), ...split(text(row, "server"))]);
  const words = new Map();
  function haystack(at) {
    if (!words.has(at)) {
      const row = rows[at];
      const told = row[CELL.fields].flatMap(([, items]) => items.map((item) => data.texts[[item].flat()[0]]));
      const plain = ["cause", "client", "server", "name", "capture"].map((cell) => text(row, cell));
      words.set(at, [row[CELL.frame], ...plain, ...told].join("\n").toLowerCase());
    }
    return words.get(at);
  }

  const TESTS = {
    cause: (at) => text(rows[at], "cause") === chosen.cause,
    confidence: (at) => data.confidences[rows[at][CELL.confidence]] === chosen.confidence,
    harm: (at) => data.harms[rows[at][CELL.harm]][0] === chosen.harm,
    incident: (at) => text(rows[at], "incident") === chosen.incident,
    host: (at) => [ends[at][0], ends[at][2], text(rows[at], "name")]
      .some((one) => one.toLowerCase().includes(chosen.host.toLowerCase())),
    port: (at) => ends[at][1] === chosen.port || ends[at][3] === chosen.port,
    text: (at) => haystack(at).includes(chosen.text.toLowerCase()),
  };
  const KEYS = {
    frame: (at) => at, time: (at) => rows[at][CELL.time], cause: (at) => text(rows[at], "cause"),
    confidence: (at) => rows[at][CELL.confidence] * 1000 + rows[at][CELL.percent], harm: (at) => -rows[at][CELL.harm],
    who: (at) => who(rows[at]), name: (at) => text(rows[at], "name"),
  };

  function who(row) {
    const pair = [text(row, "client"), text(row, "server")];
    return (row[CELL.byServer] ? pair.reverse() : pair).join(" -> ");
  }

  function refresh() {
    const tests = Object.keys(TESTS).filter((name) => chosen[name] !== "").map((name) => TESTS[name]);
    found = [];
    for (let at = 0; at < rows.length; at++) if (tests.every((test) => test(at))) found.push(at);
    if (order.column) {
      const key = KEYS[order.column], sign = order.down ? -1 : 1;
      const keys = new Map(found.map((at) => [at, key(at)]));
      found.sort((a, b) => {
        const one = keys.get(a), two = keys.get(b);
        return (one < two ? -sign : one > two ? sign : 0) || a - b;
      });
    }
    page = 0;
    draw();
  }

  function draw() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    body.replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE).flatMap(lines));
    const number = (n) => n.toLocaleString("en");
    const part = found.length === rows.length ? "" : ` of ${number(rows.length)}`;
    count.value = `${number(found.length)}${part} ${rows.length === 1 ? "reset" : "resets"}, page ${page + 1} of ${number(pages)}`;
    back.disabled = page === 0;
    on.disabled = page + 1 >= pages;
  }

  function lines(at) {
    const row = rows[at];
    const sure = text(row, "cause") === "undetermined" ? "" : `${data.confidences[row[CELL.confidence]]}, ${row[CELL.percent]}%`;
    const [level, harm] = data.harms[row[CELL.harm]];
    const time = new Date(row[CELL.time]).toISOString().replace("T", " ");
    const more = make("button", {type: "button", class: "open", "aria-expanded": String(open.has(at)),
      "aria-label": `Frame ${row[CELL.frame]}, details`, "data-row": at, onclick: () => toggle(at)}, String(row[CELL.frame]));
    const file = text(row, "capture");
    const capture = data.captures > 1 ? [make("div", {class: "note file", title: file}, file.split("/").pop())] : [];
    const cells = [more, time, text(row, "cause"), sure, harm, who(row), text(row, "name")];
    const line = make("tr", {}, ...cells.map((cell) => make("td", {}, cell)));
    line.children[0].append(...capture);
    line.children[4].prepend(make("i", {class: `dot ${level}`}));
    return open.has(at) ? [line, full(at)] : [line];
  }

  function toggle(at) {
    if (!open.delete(at)) open.add(at);
    draw();
    body.querySelector(`[data-row="${at}"]`).focus();
  }

  function full(at) {
    const row = rows[at];
    const list = make("dl", {class: "fields"});
    for (const [name, items] of row[CELL.fields]) {
      const title = data.texts[name];
      list.append(make("dt", {}, title), make("dd", {}, ...items.map((item) => line(item, title === "look further"))));
    }
    const cell = make("td", {colspan: 7}, list);
    if (row[CELL.ladder] >= 0) cell.append(make("figure", {class: "wide"}, ladder(row[CELL.ladder])));
    return make("tr", {class: "told"}, cell);
  }

  // An item is the number of its text, or with it how it speaks and its mark in the ladder.
  function line(item, typed) {
    const [says, mark, number] = [item].flat();
    if (typed) return make("p", {}, make("code", {}, data.texts[says]));
    const sign = mark ? [make("b", {class: "sign"}, SIGNS[mark], make("span", {class: "hidden"}, SPOKEN[mark]))] : [];
    const badge = number ? [make("b", {class: "badge"}, make("span", {class: "hidden"}, "mark "), String(number))] : [];
    return make("p", {}, ...sign, data.texts[says], ...badge);
  }

  // What filters, and what the head of the table does.
  const labelled = (title, control) => make("div", {}, make("label", {for: control.id}, title), control);
  function choice(name, title, options) {
    const select = make("select", {id: `by-${name}`, onchange: () => { chosen[name] = select.value; refresh(); }},
      make("option", {value: ""}, "all"), ...options.map(([value, says]) => make("option", {value}, says)));
    return labelled(title, select);
  }
  function field(name, title, hint) {
    let wait;
    const input = make("input", {id: `by-${name}`, type: "search", placeholder: hint, autocomplete: "off", oninput() {
      clearTimeout(wait);
      wait = setTimeout(() => { chosen[name] = input.value.trim(); refresh(); }, 120);
    }});
    return labelled(title, input);
  }
  const causes = new Map();
  for (const row of rows) causes.set(text(row, "cause"), (causes.get(text(row, "cause")) ?? 0) + 1);
  const filters = document.getElementById("filters");
  filters.append(
    choice("cause", "Cause", [...causes].sort((a, b) => b[1] - a[1]).map(([name, n]) => [name, `${name} (${n})`])),
    choice("confidence", "How sure", data.confidences.toReversed().map((name) => [name, name])),
    choice("harm", "Harm", data.harms),
    ...(data.incidents.length ? [choice("incident", "Incident", data.incidents.map((pair) => pair.map((n) => data.texts[n])))] : []),
    field("host", "Host or name", "10.0.0.5"), field("port", "Port", "443"), field("text", "Text", "any word"),
  );
  const count = make("output", {"aria-live": "polite"});
  const turn = (by) => () => { page += by; draw(); document.getElementById("resets").scrollIntoView(); };
  const back = make("button", {type: "button", onclick: turn(-1)}, "Previous");
  const on = make("button", {type: "button", onclick: turn(1)}, "Next");
  const clear = make("button", {type: "button", onclick() { choose({}); }}, "Show all");
  filters.after(make("div", {class: "bar"}, count, clear, back, on));
  function choose(wanted) {
    for (const name of Object.keys(chosen)) {
      chosen[name] = wanted[name] ?? "";
      const control = document.getElementById(`by-${name}`);
      if (control) control.value = chosen[name];
    }
    refresh();
  }
  for (const button of document.querySelectorAll("[data-choose]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      choose({[button.dataset.choose]: button.dataset.value});
      document.getElementById("resets").scrollIntoView();
      filters.querySelector("select").focus({preventScroll: true});
    });
  }
  for (const head of table.tHead.rows[0].cells) {
    const name = head.dataset.column;
    head.replaceChildren(make("button", {type: "button", onclick() {
      order.down = order.column === name && !order.down;
      order.column = name;
      for (const one of table.tHead.rows[0].cells) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      refresh();
    }}, head.textContent));
  }
  refresh();
})();
