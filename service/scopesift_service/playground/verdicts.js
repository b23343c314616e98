function showVerdicts(verdicts, versions) {
  const names = verdicts.map(([name]) => name);
  at("verdicts").replaceChildren(...verdicts.map(([name, verdict]) => {
    const binary = verdict.flagged !== undefined && verdict.flagged !== null;
    const silent = binary ? !verdict.flagged : ["und", "other"].includes(verdict.label);
    const hue = hueOf(names, name);
    return el("article", { class: `verdict${verdict.flagged ? " flagged" : ""}${silent ? " silent" : ""}`, "data-name": name },
      el("header", {}, el("b", {}, name), el("code", { title: "classifier version" }, versions[name] ?? "")),
      el("div", { class: "said" }, el("span", { class: "word" }, named(name, wordFor(name, verdict))), el("span", { class: "score" }, fixed(verdict.score))),
      gauge(verdict.score, hue, verdict.rule === "default" ? cuts.get(name) : undefined),
      runnersUp(name, verdict),
      verdict.rule && verdict.rule !== "default" && el("p", { class: "fine" }, `by the rule for ${verdict.rule}`));
  }));
}

// The next best labels of a classifier with many.
function runnersUp(name, verdict) {
  if (!verdict.scores || Object.keys(verdict.scores).length < 2) return null;
  const rest = Object.entries(verdict.scores).filter(([label, score]) => label !== verdict.label && score >= 0.01).sort((a, b) => b[1] - a[1]).slice(0, 2);
  return rest.length ? el("div", { class: "runners" }, rest.map(([label, score]) => el("div", {}, el("span", {}, named(name, label)), el("span", {}, fixed(score))))) : null;
}

// "de" reads better as "German (de)".
function named(classifier, label) {
  if (classifier !== "language" || !/^[a-z]{2,3}$/.test(label)) return label;
  if (label === "und") return "unknown";
  try {
    const name = new Intl.DisplayNames(["en"], { type: "language" }).of(label);
    return name && name !== label ? `${name} (${label})` : label;
  } catch {
    return label;
  }
}
