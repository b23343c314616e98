let shown = { text: "", verdicts: [] };
let features = [];
let pinned = null;
let flaggedBefore = "";
const MOST_ENTRIES = 8;

function showReading(text, verdicts) {
  shown = { text, verdicts };
  features = featuresOf(text, verdicts);
  pinned = null;
  turnToFlagged(verdicts);
  drawReading();
}

// A flag turns its classifier's lens on; a lens that somebody chose stays until the flags change.
function turnToFlagged(verdicts) {
  const flagged = verdicts.filter(([, verdict]) => verdict.flagged).map(([name]) => name);
  if (flagged.join() !== flaggedBefore) settings.lens = flagged[0] ?? "all";
  flaggedBefore = flagged.join();
  if (settings.lens !== "all" && verdicts.length && !verdicts.some(([name]) => name === settings.lens)) settings.lens = "all";
}

function drawReading() {
  const { text, verdicts } = shown;
  hideCard();
  at("lenses").replaceChildren(...(verdicts.length ? ["all", ...verdicts.map(([name]) => name)] : []).map(lensButton));
  const seen = features.filter((item) => settings.lens === "all" || item.classifier === settings.lens);
  const spans = seen.flatMap((item) => item.hits.map((hit) => ({ ...hit, item })));
  const tongues = tonguesOf(verdicts);
  const cut = pieces(text, [...spans, ...tongues]);
  at("read").replaceChildren(...(text ? inTongues(cut) : [el("p", { class: "empty" }, "The words that features fired on will be shaded here.")]));
  rove();
  showHits();
  if (text && !seen.length && verdicts.length) at("legend").replaceChildren(el("li", { class: "fine" }, "No feature that speaks for these verdicts fires on this text."));
  else at("legend").replaceChildren(...seen.slice(0, settings.lens === "all" ? 40 : MOST_ENTRIES).map(entry));
}

function lensButton(choice) {
  const choose = () => {
    settings.lens = choice;
    keepSettings();
    pinned = null;
    drawReading();
    at("lenses").querySelector('[aria-pressed="true"]').focus();
  };
  return el("button", { type: "button", "aria-pressed": String(choice === settings.lens), onclick: choose }, choice);
}

function piece({ text, spans }) {
  const hits = spans.filter((span) => span.item);
  if (!hits.length) return document.createTextNode(text);
  const strongest = hits.reduce((best, hit) => (rank(hit) > rank(best) ? hit : best));
  const items = [...new Set(hits.map((hit) => hit.item))];
  const mark = el("mark", { tabindex: "-1", "data-keys": items.map((item) => item.key).join(" "), vars: { hue: strongest.item.hue, colour: strongest.item.colour, force: Math.max(0.1, strongest.force * strongest.item.weight).toFixed(2) } }, text);
  wireCard(mark, items);
  mark.addEventListener("click", () => {
    reveal(items);
    relabel();
    showCard(mark, items);
  });
  return mark;
}

// What flags a text is shaded above what names its language or subject.
const rank = ({ item, force }) => (item.flagged ? 10 : 0) + force * item.weight;

function entry(item) {
  const pin = () => {
    reveal([item]);
    pinned = pinned === item ? null : item;
    relabel();
    point(pinned ? [pinned] : []);
    showHits();
    if (pinned) stepHit(1, false);
  };
  const button = el("button", { type: "button", "data-key": item.key, "aria-pressed": "false", onclick: pin, vars: { hue: item.hue, colour: item.colour } },
    el("span", { class: "swatch", "aria-hidden": "true" }),
    el("span", { class: "words" }, el("bdi", {}, wordList(item, 3)), el("bdi", { class: "name" }, nameOf(item))),
    el("span", { class: "by" }, settings.lens === "all" ? item.classifier : `adds ${fixed(item.contribution)}`));
  wireCard(button, [item]);
  return el("li", {}, button);
}

// Names and pressed states anew, in place, so that the focus stays where it is.
function relabel() {
  for (const button of at("legend").querySelectorAll("button")) {
    const item = features.find((one) => one.key === button.dataset.key);
    button.querySelector(".name").textContent = nameOf(item);
    button.setAttribute("aria-pressed", String(item === pinned));
  }
}
