function showVerdicts(verdicts, versions) {
  const names = verdicts.map(([name]) => name);
  at("verdicts").replaceChildren(...verdicts.map(([name, verdict]) => article(name, verdict, versions[name] ?? "", hueOf(names, name))));
}

function article(name, verdict, version, hue) {
  const top = verdict.top_labels ?? [];
  const others = top.filter(({ label, score }) => label !== verdict.label && score >= 0.005);
  // a label that missed its cut is what the gauge shows then
  const score = isSilent(verdict) && top.length ? top[0].score : verdict.score;
  const spans = name === "language" ? tonguesOf([[name, verdict]]) : [];
  return el("article", { class: `verdict${verdict.flagged ? " flagged" : ""}${isSilent(verdict) ? " silent" : ""}`, "data-name": name },
    el("header", {}, el("h3", {}, name), el("code", { title: "classifier version" }, version)),
    el("div", { class: "said" }, el("span", { class: "word" }, named(name, wordFor(verdict))), el("span", { class: "score" }, fixed(verdict.score))),
    gauge(score, hue, verdict.cut),
    el("p", { class: "fine" }, cutLine(verdict)),
    others.length > 0 && el("p", { class: "fine" }, "or " + others.map(({ label, score: own }) => `${named(name, label)} ${fixed(own)}`).join(", ")),
    spans.length > 0 && el("p", { class: "fine tongues" }, tongueLine(spans)));
}

function cutLine(verdict) {
  const own = Number.isFinite(verdict.cut) ? `${isBinary(verdict) ? "flagged" : "given"} from ${fixed(verdict.cut)}` : "";
  const rule = verdict.rule && verdict.rule !== "default" ? `by the rule for ${named("language", verdict.rule)}` : "";
  return [own, rule].filter(Boolean).join(", ");
}
