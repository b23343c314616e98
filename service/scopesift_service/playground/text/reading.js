let lens = "all";
let shown = { text: "", verdicts: [] };

function showReading(text, verdicts) {
  shown = { text, verdicts };
  if (lens !== "all" && !verdicts.some(([name]) => name === lens)) lens = "all";
  const choices = ["all", ...verdicts.map(([name]) => name)];
  at("lenses").replaceChildren(...choices.map((choice) => el("button", { type: "button", "aria-pressed": String(choice === lens), onclick: () => { lens = choice; showReading(text, verdicts); at("lenses").querySelector('[aria-pressed="true"]').focus(); } }, choice)));
  hideCard();
  const features = featuresOf(verdicts).filter((item) => lens === "all" || item.classifier === lens)
    .map((item, order) => ({ ...item, key: `f${order}` }));
  const read = at("read");
  read.replaceChildren(...(text ? pieces(text, features).map(piece) : [el("p", { class: "empty" }, "The words that features fired on will be shaded here.")]));
  if (text && !features.length && verdicts.length) at("legend").replaceChildren(el("li", { class: "fine" }, "No feature that these classifiers read fires on this text."));
  else at("legend").replaceChildren(...features.map(entry));
}

function piece({ text, spans }) {
  if (!spans.length) return document.createTextNode(text);
  const strongest = spans.reduce((best, item) => (rank(item) > rank(best) ? item : best));
  const mark = el("mark", { tabindex: "0", "data-keys": spans.map((item) => item.key).join(" "), vars: { hue: strongest.hue, force: strongest.force } }, text);
  wireCard(mark, spans);
  return mark;
}

// What flags a text is shaded above what names its language or subject.
function rank(item) {
  return (shown.verdicts.find(([name]) => name === item.classifier)?.[1].flagged ? 10 : 0) + item.force;
}

function entry(item) {
  const button = el("button", { type: "button", "data-key": item.key, "aria-expanded": "false", vars: { hue: item.hue } },
    el("span", { class: "swatch", "aria-hidden": "true" }), el("bdi", { class: "name" }, item.name || `feature ${item.feature}`),
    el("span", { class: "by" }, `${item.classifier} · L${item.layer}`));
  wireCard(button, [item]);
  return el("li", {}, button);
}
