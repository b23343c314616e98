// Every classifier has a hue of its own, and its features shades around it.
const HUES = [22, 250, 145, 310, 85, 195, 340, 55];
const KNOWN = { toxicity: 22, language: 250, domain: 145, sentiment: 310, "task-type": 85 };
const SHADES = [0, 16, -16, 30, -28, 8, -8, 22];

function hueOf(names, name) {
  return KNOWN[name] ?? HUES[(names.indexOf(name) + 3) % HUES.length];
}

// The features behind an answer: [{classifier, label, layer, feature, name, activation, threshold, start, end, text, hue, force}].
function featuresOf(verdicts) {
  const names = verdicts.map(([name]) => name);
  return verdicts.flatMap(([classifier, verdict]) => (verdict.evidence ?? []).map((item, rank) => {
    const ratio = item.threshold > 0 ? item.activation / item.threshold : 0;
    // features without a threshold add to a sum: the first adds most
    const strength = ratio ? (ratio - 0.6) / 2.4 : item.contribution / verdict.evidence[0].contribution;
    // tokens begin with the space before their word; only the word is shaded
    const space = item.text.trim() ? item.text.length - item.text.trimStart().length : 0;
    return { ...item, start: item.start + space, text: item.text.slice(space), classifier, said: wordFor(classifier, verdict), ratio, hue: hueOf(names, classifier) + SHADES[rank % SHADES.length], force: Math.min(1, Math.max(verdict.flagged ? 0.7 : 0.15, strength || 0)) };
  }));
}

function wordFor(name, verdict) {
  if (verdict.flagged === undefined || verdict.flagged === null) return verdict.label ?? "–";
  if (verdict.flagged) return verdict.label ?? "flagged";
  return "not flagged";
}

function cardContent(features) {
  return features.map((item) => el("section", { vars: { hue: item.hue } },
    el("header", {}, el("span", { class: "swatch", "aria-hidden": "true" }), el("h3", { dir: "auto" }, item.name || `feature ${item.feature}`)),
    el("p", { class: "what" }, `layer ${item.layer} · feature ${item.feature} · read by ${item.classifier} (${item.said})`),
    el("dl", {},
      el("dt", {}, "here on"), el("dd", {}, el("bdi", {}, `“${item.word ?? item.text}”`)),
      el("dt", {}, "activation"), el("dd", {}, fixed(item.activation)),
      el("dt", {}, item.threshold > 0 ? "threshold" : "adds"), el("dd", {}, item.threshold > 0 ? `${fixed(item.threshold)}  (×${fixed(item.ratio, 1)})` : fixed(item.contribution ?? 0, 3)))));
}
