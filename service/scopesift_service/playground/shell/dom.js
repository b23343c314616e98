// Elements are built, never parsed: no text of a user or of the server becomes HTML.
const at = (id) => document.getElementById(id);

function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "vars") for (const [key, entry] of Object.entries(value)) node.style.setProperty(`--${key}`, entry);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const fixed = (value, digits = 2) => (Number.isFinite(value) ? value.toFixed(digits) : "–");

// A bar from 0 to 1 with the cut that decides; what lies below the cut has no colour.
function gauge(score, hue, cut) {
  const share = Math.min(1, Math.max(0, score || 0));
  const decided = Number.isFinite(cut);
  return el("div", { class: `gauge${decided && share < cut ? " below" : ""}`, role: "img", "aria-label": `score ${fixed(score)}` + (decided ? `, cut ${fixed(cut)}` : ""), vars: { at: share, hue, cut: cut ?? 0 } },
    el("span"), decided && el("i"));
}

function table(caption, head, rows, numbersFrom = 1) {
  const cell = (tag, value, column) => el(tag, { class: column >= numbersFrom ? "n" : null, scope: tag === "th" ? "col" : null }, value);
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, head.map((value, column) => cell(value ? "th" : "td", value, column)))),
      el("tbody", {}, rows.map((row, line) => el("tr", { class: row.ours ? "ours" : null }, (row.cells ?? row).map((value, column) => cell("td", value, column)))))));
}
