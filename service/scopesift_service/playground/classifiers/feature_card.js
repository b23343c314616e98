// One feature: its name, what it speaks for, where it fires, how strong, and on which words.
const RATES_SHOWN = 4;

function featureCard(item, list) {
  const place = `${item.layer}:${item.feature}`;
  return el("li", { class: "feature", "data-place": place },
    el("header", {}, el("h3", { dir: "auto" }, nameOf(item)), el("code", { title: "layer : feature" }, place)),
    el("p", { class: "fine" }, speaks(item, list)),
    item.card ? known(item, item.card, list) : el("p", { class: "fine" }, "Nothing is stored about where it fires."),
    changeForm(item, list));
}

function speaks({ weight, rules }, { label, rule, name }) {
  const said = weight === null
    ? `fires for ${named(name, label)}`
    : `speaks ${weight >= 0 ? "for" : "against"} ${named(name, label)}, weight ${weight >= 0 ? "+" : "−"}${fixed(Math.abs(weight), 3)}`;
  const others = rules.filter((other) => other !== rule).length;
  return said + (others ? `; ${others} other rule${others === 1 ? " reads" : "s read"} it too` : "");
}

function known(item, card, list) {
  const tokens = card.tokens.map(([token]) => token);
  const words = tokens.map((token) => wordOf(item, token));
  const hidden = isMasked(item) || words.some((word, at) => word !== tokens[at]);
  return el("div", { class: "known" },
    histogram(card.histogram, item.threshold),
    shares("Share of texts in which it fires, by label", card.rates, (label) => named(list.name, label)),
    shares("Share of texts in which it fires, by language", card.by_lang, (lang) => named("language", lang), "by language"),
    words.length ? el("p", { class: "words" }, el("span", { class: "fine" }, "strongest on "), el("bdi", { dir: "auto" }, words.join(", "))) : null,
    hidden ? el("button", { type: "button", class: "small", "aria-label": `Show its words, feature ${item.layer}:${item.feature}`, onclick: () => { reveal([item]); showFeature(item); } }, "Show its words") : null);
}

// The largest shares as bars, the rest where somebody wants it; what is below half a percent is not stored.
function shares(caption, rates, say, summary) {
  const rows = Object.entries(rates);
  if (rows.length > 2) rows.sort(([, one], [, other]) => other - one);
  if (!rows.length) return null;
  const list = (some) => el("dl", { class: "shares", "aria-label": caption }, some.map(([label, share]) =>
    el("div", {}, el("dt", {}, say(label)), el("dd", { vars: { at: share } }, el("span", { "aria-hidden": "true" }), percent(share)))));
  if (summary) return folded(`${summary} (${rows.length})`, list(rows));
  const rest = rows.slice(RATES_SHOWN);
  return el("div", {}, list(rows.slice(0, RATES_SHOWN)), rest.length ? folded(`${rest.length} more`, list(rest)) : null);
}
