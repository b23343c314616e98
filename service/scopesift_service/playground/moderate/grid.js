// The table of texts. Only the rows in sight are elements, so that thousands cost no more than a screenful.
const SPARE = 3; // rows drawn beyond each edge
const NARROWEST = 4; // px a letter; of a long text no more is drawn than may be in sight
const grid = { current: null, anchor: null, height: 38, letters: 200 };
let whenChosen = () => {};

const placeOf = (row) => listing.rows.indexOf(row);

function drawGrid() {
  const body = at("rows");
  const scroller = at("grid");
  // all sizes are asked for before anything changes, so that the page is laid out once
  const { scrollTop: top, clientHeight: high, clientWidth: wide } = scroller;
  grid.height = at("row-height").offsetHeight || 38;
  grid.letters = Math.max(200, Math.ceil(wide / NARROWEST));
  const first = Math.max(0, Math.floor(top / grid.height) - SPARE);
  const last = Math.min(listing.rows.length, Math.ceil((top + high) / grid.height) + SPARE);
  body.style.setProperty("height", `${listing.rows.length * grid.height}px`);
  scroller.setAttribute("aria-rowcount", String(listing.rows.length + 1));
  const [from, to] = chosenSpan();
  body.replaceChildren(...listing.rows.slice(first, last).map((row, index) => drawRow(row, first + index, from, to)));
  const inSight = grid.current && document.getElementById(`row-${grid.current.number}`);
  if (inSight) scroller.setAttribute("aria-activedescendant", inSight.id);
  else scroller.removeAttribute("aria-activedescendant");
  at("nothing").hidden = listing.rows.length > 0;
}

function drawRow(row, place, from, to) {
  const verdict = verdictOf(row);
  const flagged = isFlagged(row);
  const language = languageOf(row);
  const cell = (name, ...inside) => el("div", { role: "gridcell", class: name }, ...inside);
  return el("div", {
    role: "row", id: `row-${row.number}`, "data-number": row.number, "aria-rowindex": place + 2, "aria-selected": String(place >= from && place <= to),
    class: `line${row === grid.current ? " current" : ""}${flagged ? " flagged" : ""}${row.decision ? ` ${row.decision}` : ""}`, vars: { top: `${place * grid.height}px` },
  },
    cell("mark", row.decision && el("span", { role: "img", "aria-label": DECISIONS[row.decision] }, MARKS[row.decision])),
    cell("score", verdict ? fixed(verdict.score) : row.state === "failed" ? "–" : "…", verdict && el("i", { vars: { at: verdict.score } })),
    cell("said", flagged === null ? (row.state === "failed" ? "not read" : "") : flagged ? queue.classifier.labels[0] : queue.classifier.unknown),
    cell("tongue", language && el("abbr", { title: nameOfLanguage(language) }, language)),
    cell("truth", row.truth && el("bdi", { class: isRight(row).replace(" ", "-") }, row.truth)),
    cell("text", el("span", { dir: "auto", lang: language || null }, row.text.slice(0, grid.letters))));
}

// First and last place of the chosen rows; [0, -1] if there are none.
function chosenSpan() {
  const head = placeOf(grid.current);
  if (head < 0) return [0, -1];
  const anchor = grid.anchor ? placeOf(grid.anchor) : head;
  return anchor < 0 ? [head, head] : [Math.min(head, anchor), Math.max(head, anchor)];
}

function chosenRows() {
  const [from, to] = chosenSpan();
  return listing.rows.slice(from, to + 1);
}

// Makes a row the current one; with `extend` all between it and the one chosen before are chosen too.
function choose(place, extend = false) {
  const row = listing.rows[Math.max(0, Math.min(listing.rows.length - 1, place))] ?? null;
  grid.anchor = extend ? (grid.anchor ?? grid.current) : null;
  grid.current = row;
  if (row) bringIntoSight(placeOf(row));
  drawGrid();
  whenChosen();
}

function bringIntoSight(place) {
  const scroller = at("grid");
  const head = at("grid-head").offsetHeight;
  const top = place * grid.height;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top + grid.height > scroller.scrollTop + scroller.clientHeight - head) scroller.scrollTop = top + grid.height - scroller.clientHeight + head;
}

// After the list has changed: the current row stays current; if it is gone, the one in its place is.
function keepPlace(place) {
  if (grid.current && placeOf(grid.current) >= 0) return;
  grid.anchor = null;
  grid.current = listing.rows[Math.max(0, Math.min(listing.rows.length - 1, place))] ?? null;
}

function movesOf(key) {
  const here = placeOf(grid.current);
  const page = Math.max(1, Math.floor(at("grid").clientHeight / grid.height) - 2);
  const undecided = listing.rows.findIndex((row, place) => place > here && !row.decision);
  return {
    ArrowDown: here + 1, j: here + 1, ArrowUp: Math.max(0, here - 1), k: Math.max(0, here - 1), PageDown: here + page, PageUp: here - page,
    Home: 0, End: listing.rows.length - 1, n: undecided < 0 ? here : undecided,
  }[key];
}
