"use strict";
// What makes pages livelier: light and dark, uploads with progress, news of an analysis, ladders in the page, live
// resets. Everything that comes from a capture is set as text, never as markup.
(() => {
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);

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

  // Light and dark: what the reader's system prefers, until the switch says otherwise; the server reads the cookie.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => root.classList.contains("dark") || (!root.classList.contains("light") && system.matches);
  const scheme = make("button", {type: "button", id: "scheme", onclick() {
    const next = dark() ? "light" : "dark";
    root.classList.remove("light", "dark");
    root.classList.add(next);
    document.cookie = `scheme=${next}; path=/; max-age=31536000; samesite=strict`;
    label();
  }});
  const label = () => { scheme.textContent = dark() ? "Light" : "Dark"; };
  system.addEventListener("change", label);
  label();
  find("header").append(scheme);

  // Uploads: chosen or dropped files go one after the other, as bytes, so that progress can be shown.
  const form = find("#upload");
  if (form) {
    const sent = find("#sent"), problem = find("#problem"), input = find("#capture"), button = form.querySelector("button");
    find("#hint").prepend("Files can be dropped here. ");
    form.addEventListener("submit", (event) => { event.preventDefault(); send([...input.files]); });
    for (const kind of ["dragenter", "dragover"]) addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("over"); });
    addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("over");
      send([...event.dataTransfer.files]);
    });

    async function send(files) {
      if (!files.length || button.disabled) return;
      button.disabled = true;
      problem.textContent = "";
      sent.hidden = false;
      try {
        const taken = [];
        for (const [at, file] of files.entries()) taken.push(await one(file, (part) => { sent.value = (at + part) / files.length; }));
        location.assign(taken.length === 1 ? `/captures/${taken[0].id}` : "/");
      } catch (error) {
        problem.textContent = error.message;
      }
      sent.hidden = true;
      button.disabled = false;
    }

    function one(file, progress) {
      return new Promise((done, failed) => {
        // A server that refuses what is too large does not read all of it, which the browser takes for a broken connection.
        if (file.size > Number(form.dataset.most)) throw new Error(`${file.name}: it has more bytes than an upload may`);
        const request = new XMLHttpRequest();
        request.open("POST", `/api/v1/captures?name=${encodeURIComponent(file.name)}`);
        request.setRequestHeader("content-type", "application/octet-stream");
        request.responseType = "json";
        request.upload.addEventListener("progress", (event) => progress(event.loaded / (event.total || 1)));
        request.addEventListener("error", () => failed(new Error(`${file.name}: the server does not answer`)));
        request.addEventListener("load", () => {
          if (request.status === 201) done(request.response);
          else failed(new Error(`${file.name}: ${request.response?.error ?? request.status}`));
        });
        request.send(file);
      });
    }
  }

  // An analysis that goes on.
  const going = find("[data-events]");
  if (going) {
    const events = new EventSource(going.dataset.events);
    const bar = make("progress", {"aria-label": "Analysis"}), says = make("span");
    going.querySelector("[role=status]").replaceChildren(bar, " ", says);
    events.addEventListener("progress", (event) => {
      const told = JSON.parse(event.data);
      if (told.state !== "queued" && told.state !== "running") {
        events.close();
        location.reload();
      }
      if (told.total) {
        bar.max = told.total;
        bar.value = told.done;
      }
      says.textContent = told.state === "queued" ? "waits" : told.total ? `${Math.floor(100 * told.done / told.total)}%` : "being analyzed";
    });
  }

  // A ladder becomes part of the page, so that it can be read, searched and copied from.
  for (const image of document.querySelectorAll("img[data-ladder]")) {
    const drawn = (async () => {
      const answer = await fetch(image.getAttribute("src"));
      if (!answer.ok) throw new Error((await answer.json()).error);
      const text = (await answer.text()).replace(/<style>[^]*?<\/style>/, "");  // the page has it, and allows no other
      return new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    })();
    drawn.then((svg) => {
      if (svg.localName !== "svg") return;
      svg.querySelectorAll("style, script, foreignObject").forEach((one) => one.remove());
      image.replaceWith(document.importNode(svg, true));
    }, (error) => image.replaceWith(make("p", {class: "alarm"}, error.message)));
  }

  // Resets as the kernel tells them.
  const feed = find("[data-live]");
  if (feed) {
    const ROWS = 100, SPAN = 120;
    const body = find("#live"), list = find("#causes");
    const HARM = {"data-lost": "data lost", aborted: "aborted", refused: "refused", unknown: "harm unknown", none: "harmless"};
    let last = Number(body.dataset.last);
    const seconds = new Map();
    const events = new EventSource(feed.dataset.live);
    events.addEventListener("reset", (event) => {
      const told = JSON.parse(event.data);
      if (told.number <= last) return;
      last = told.number;
      body.prepend(row(told));
      while (body.rows.length > ROWS) body.lastElementChild.remove();
      count(told.cause);
      const now = Math.floor(Date.now() / 1000);
      seconds.set(now, (seconds.get(now) ?? 0) + 1);
    });
    events.addEventListener("ended", (event) => {
      events.close();
      const told = JSON.parse(event.data);
      const state = find("#live-state");
      state.className = "alarm";
      state.textContent = `It ended: ${told.why || "the process that listens to the kernel is gone"}`;
    });

    function row(told) {
      const harm = make("td", {}, make("i", {class: `dot ${told.harm}`}), HARM[told.harm] ?? told.harm);
      const sure = told.cause === "undetermined" ? "" : told.confidence;
      const [day, rest] = told.time.replace("Z", "").split("T");
      const texts = [`${day} ${rest.slice(0, 12)}Z`, told.cause, sure, harm, told.process, told.source, told.destination];
      const link = make("a", {href: `/live/${told.number}`}, String(told.number));
      return make("tr", {}, make("td", {}, link), ...texts.map((one) => one instanceof Node ? one : make("td", {}, one)));
    }

    function count(cause) {
      let line = [...list.children].find((one) => one.dataset.cause === cause);
      if (!line) {
        const link = make("a", {href: `/manual/${encodeURIComponent(cause)}`}, make("b", {}, cause));
        line = make("li", {"data-cause": cause, "data-count": "0"}, link, " ", make("span", {class: "side"}));
        list.append(line);
      }
      const number = Number(line.dataset.count) + 1;
      line.dataset.count = number;
      line.querySelector(".side").textContent = `${number.toLocaleString("en")} ${number === 1 ? "reset" : "resets"}`;
      while (line.previousElementSibling && Number(line.previousElementSibling.dataset.count) < number) {
        line.previousElementSibling.before(line);
      }
    }

    // Resets per second, as far as the chart library is there.
    if (typeof uPlot === "function") {
      const place = find("#chart");
      place.hidden = false;
      const colour = (name) => () => getComputedStyle(root).getPropertyValue(name);
      const clock = (time) => new Date(time * 1000).toISOString().slice(11, 19);
      const axis = {stroke: colour("--muted"), grid: {stroke: colour("--rule"), width: 1}, ticks: {stroke: colour("--rule"), width: 1}};
      const chart = new uPlot({
        width: place.clientWidth, height: 180, legend: {show: false}, cursor: {show: false},
        scales: {y: {range: (_, __, high) => [0, Math.max(high, 4)]}},
        axes: [{...axis, values: (_, times) => times.map(clock), space: 90}, {...axis, label: "resets per second", labelSize: 20, size: 44}],
        series: [{}, {stroke: colour("--alarm"), width: 1.5, fill: colour("--alarm-ground"), paths: uPlot.paths.stepped({align: 1})}],
      }, [[], []], place);
      const draw = () => {
        const now = Math.floor(Date.now() / 1000);
        for (const second of seconds.keys()) if (second < now - SPAN) seconds.delete(second);
        const times = Array.from({length: SPAN}, (_, at) => now - SPAN + at);  // whole seconds only
        chart.setData([times, times.map((second) => seconds.get(second) ?? 0)]);
      };
      draw();
      setInterval(draw, 1000);
      addEventListener("resize", () => chart.setSize({width: place.clientWidth, height: 180}));
    }
  }
})();
