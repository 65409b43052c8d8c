"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const KINDS = ["value", "rows", "filter"], RANK = {raw: 2, seed: 1};
const WORDS = {raw: "raw column", seed: "seed", constant: "constant", python: "Python, declared", sql: ""};
const WIDTH = 250, GAP = 70, LINE = 17, MOST_COLUMNS = 6, MOST_TABLES = 25, MOST_FOUND = 40, HEIGHT = 560;
const tables = data.tables, columns = data.columns;
const at = id => document.getElementById(id);
const followed = kind => kind < 2 || at("filters").checked;
const byName = (a, b) => (RANK[columns[a].how] || 0) - (RANK[columns[b].how] || 0) || (columns[a].name < columns[b].name ? -1 : 1);

columns.forEach(column => { column.name = tables[column.table].name + "." + column.column; column.down = []; });
columns.forEach((column, place) => column.from.forEach(([from, kind]) => columns[from].down.push([place, kind])));

// Columns that a text names: whole, with or without schema and database, else in part.
function find(text) {
  const typed = text.toLowerCase().replace(/["'`]/g, "").trim();
  if (!typed) return {exact: [], partial: []};
  const parts = typed.split("."), words = typed.split(/\s+/), exact = [], partial = [];
  columns.forEach(({name}, place) => {
    const full = name.toLowerCase();
    if (parts.length > 1 && (full === typed || full.endsWith("." + typed) || typed.endsWith("." + full))) exact.push(place);
    else if (words.every(word => full.includes(word))) partial.push(place);
  });
  return {exact: exact.sort(byName), partial: partial.sort(byName)};
}
function link(place) {
  const anchor = document.createElement("a"), how = document.createElement("span"), line = document.createElement("li");
  anchor.href = "#" + encodeURIComponent(columns[place].name);
  anchor.textContent = columns[place].name;
  how.className = "how " + columns[place].how;
  how.textContent = " " + WORDS[columns[place].how];
  line.append(anchor, how);
  return line;
}
function ends(starts) {
  const seen = new Set(starts), ahead = [...starts], found = [];
  while (ahead.length) {
    const next = ahead.pop();
    if (columns[next].how in RANK) found.push(next);
    columns[next].from.forEach(([from, kind]) => { if (followed(kind) && !seen.has(from)) { seen.add(from); ahead.push(from); } });
  }
  return found.sort((a, b) => RANK[columns[b].how] - RANK[columns[a].how] || byName(a, b));
}

// The tables within so many steps of a column, with the columns on the way.
function near(start, next, steps) {
  const distance = new Map([[start, 0]]), ahead = [start], edges = [];
  for (let i = 0; i < ahead.length; i++) {
    const from = ahead[i], away = distance.get(from);
    for (const [to, kind] of next(columns[from])) {
      if (!followed(kind)) continue;
      // a step within a table is none
      const further = away + (columns[to].table !== columns[from].table);
      if (further > steps) continue;
      if (!distance.has(to)) { distance.set(to, further); ahead.push(to); }
      edges.push([from, to, KINDS[kind]]);
    }
  }
  if (next(columns[start]) === columns[start].from) {
    // what lies beyond the last step is skipped, what it ends in is not
    for (const place of [...distance.keys()]) {
      if (columns[place].from.some(([to, kind]) => followed(kind) && !distance.has(to)))
        ends([place]).forEach(end => edges.push([place, end, "skip"]));
    }
  }
  return edges;
}
// Boxes by layer, so that no line goes back; raw tables and seeds come last.
function laid(start, edges) {
  const boxes = new Map();
  const box = place => {
    const table = columns[place].table;
    if (!boxes.has(table)) boxes.set(table, {table, columns: new Set(), layer: 0, how: columns[place].how});
    boxes.get(table).columns.add(place);
    return boxes.get(table);
  };
  box(start);
  const pairs = new Map();
  edges.forEach(([from, to]) => { const a = box(from), b = box(to); if (a !== b) pairs.set(a.table + " " + b.table, [a, b]); });
  for (let round = 0, moved = true; moved && round < boxes.size; round++) {
    moved = false;
    for (const [a, b] of pairs.values()) if (b.layer <= a.layer) { b.layer = a.layer + 1; moved = true; }
  }
  const last = Math.max(...[...boxes.values()].map(each => each.layer));
  const layers = [];
  boxes.forEach(each => {
    if (each.how in RANK && each.layer) each.layer = last;
    each.lines = [...each.columns].sort((a, b) => (b === start) - (a === start) || byName(a, b)).slice(0, MOST_COLUMNS);
    each.height = LINE * (1 + each.lines.length + (each.columns.size > MOST_COLUMNS)) + 10;
    (layers[each.layer] = layers[each.layer] || []).push(each);
  });
  const stacks = [];
  for (const layer of layers.filter(Boolean)) {
    // beside what it is read by; a layer that is too high goes on beside itself
    const beside = each => { const ys = [...pairs.values()].filter(([a, b]) => b === each && a.y !== undefined).map(([a]) => a.y); return ys.length ? ys.reduce((a, b) => a + b) / ys.length : 0; };
    let y = Infinity;
    layer.map(each => [beside(each), each]).sort((a, b) => a[0] - b[0]).forEach(([, each]) => {
      if (y + each.height > HEIGHT) { y = 0; stacks.push([]); }
      each.x = 4 + (stacks.length - 1) * (WIDTH + GAP);
      each.y = y;
      y += each.height + 14;
      stacks[stacks.length - 1].push(each);
    });
  }
  const heights = stacks.map(stack => Math.max(...stack.map(each => each.y + each.height)));
  const height = Math.max(...heights) + 8;
  stacks.forEach((stack, place) => stack.forEach(each => { each.y += (height - heights[place]) / 2; }));
  return {boxes, width: 8 + stacks.length * (WIDTH + GAP) - GAP, height};
}
function shape(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  if (text !== undefined) made.textContent = text;
  return made;
}
function cut(text) { return text.length > 35 ? text.slice(0, 33) + "…" : text; }
function draw(start, next) {
  const tablesOf = edges => new Set(edges.map(([from]) => columns[from].table)).size;
  let steps = Number(at("steps").value) || 1, edges = near(start, next, steps);
  // as many steps as stay readable
  while (at("steps").value === "0" && steps++ < 50) {
    const further = near(start, next, steps);
    if (tablesOf(further) > MOST_TABLES) break;
    edges = further;
  }
  if (!edges.length) return document.createTextNode("Nothing.");
  const {boxes, width, height} = laid(start, edges);
  const svg = shape("svg", {width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `${boxes.size} tables`});
  const row = (place, kind) => {
    const box = boxes.get(columns[place].table), line = box.lines.indexOf(place);
    // what is skipped goes from table to table
    if (kind === "skip") return box.y + LINE * .65;
    return box.y + LINE * (1.65 + (line < 0 ? MOST_COLUMNS : line));
  };
  const drawn = new Set();
  for (const [from, to, kind] of edges) {
    const a = boxes.get(columns[from].table), b = boxes.get(columns[to].table);
    const end = a.x + WIDTH, y = row(from, kind), toY = row(to, kind);
    const d = `M${end} ${y} C${end + 40} ${y} ${b.x - 40} ${toY} ${b.x} ${toY}`;
    if (a === b || drawn.has(d)) continue;
    drawn.add(d);
    svg.append(shape("path", {d, class: kind}));
  }
  for (const box of boxes.values()) {
    const table = tables[box.table], x = box.x + 8;
    svg.append(shape("rect", {x: box.x, y: box.y, width: WIDTH, height: box.height, rx: 4, class: box.how}));
    const head = shape("text", {x, y: box.y + LINE, class: box.how === "python" ? "python" : "soft"}, cut(table.name));
    head.append(shape("title", {}, table.name + ", " + table.kind));
    svg.append(head);
    box.lines.forEach((place, line) => {
      const anchor = shape("a", {href: "#" + encodeURIComponent(columns[place].name)});
      anchor.append(shape("text", {x, y: box.y + LINE * (line + 2), ...(place === start ? {class: "chosen"} : {})}, cut(columns[place].column)));
      svg.append(anchor);
    });
    if (box.columns.size > MOST_COLUMNS)
      svg.append(shape("text", {x, y: box.y + LINE * (MOST_COLUMNS + 2), class: "soft"}, `and ${box.columns.size - MOST_COLUMNS} more columns`));
  }
  return svg;
}
function show() {
  const name = decodeURIComponent(location.hash.slice(1)), place = find(name).exact[0];
  at("shown").hidden = place === undefined;
  if (place === undefined) { at("search").value = name; list(); return; }
  const column = columns[place], table = tables[column.table];
  at("name").textContent = column.name;
  at("text").textContent = [column.text, table.kind + "."].filter(Boolean).join(" ");
  at("declared").replaceChildren();
  if (column.declared) {
    const head = document.createElement("p"), pre = document.createElement("pre");
    head.textContent = "Python model; its YAML declares for this column:";
    pre.textContent = column.declared;
    at("declared").append(head, pre);
  }
  const raw = document.createElement("ul");
  raw.append(...ends([place]).map(link));
  at("ends").replaceChildren(raw.children.length ? raw : "None: a constant, or data that this shop lacks.");
  at("up").replaceChildren(draw(place, each => each.from));
  at("down").replaceChildren(draw(place, each => each.down));
  at("found").replaceChildren();
  at("count").textContent = "";
}
function list() {
  const typed = at("search").value, {exact, partial} = find(typed), found = [...exact, ...partial];
  const more = found.length > MOST_FOUND ? `, the first ${MOST_FOUND}:` : "";
  at("count").textContent = !typed.trim() ? "" : !found.length ? `No column is called ${typed}.` : `${found.length} column${found.length === 1 ? "" : "s"}${more}`;
  at("found").replaceChildren(...found.slice(0, MOST_FOUND).map(link));
}
at("search").addEventListener("input", list);
at("search").addEventListener("keydown", event => {
  const first = at("found").querySelector("a");
  if (event.key === "Enter" && first) { first.click(); show(); }
});
["filters", "steps"].forEach(id => at(id).addEventListener("change", show));
addEventListener("hashchange", show);
show();
