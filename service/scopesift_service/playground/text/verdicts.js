function showVerdicts(verdicts, versions) {
  const names = verdicts.map(([name]) => name);
  at("verdicts").replaceChildren(...verdicts.map(([name, verdict]) => {
    const binary = verdict.flagged !== undefined && verdict.flagged !== null;
    const silent = binary ? !verdict.flagged : ["und", "other", "unclear"].includes(verdict.label);
    const hue = hueOf(names, name);
    const top = verdict.top_labels ?? [];
    const others = top.filter(({ label, score }) => label !== verdict.label && score >= 0.005);
    return el("article", { class: `verdict${verdict.flagged ? " flagged" : ""}${silent ? " silent" : ""}`, "data-name": name },
      el("header", {}, el("b", {}, name), el("code", { title: "classifier version" }, versions[name] ?? "")),
      el("div", { class: "said" }, el("span", { class: "word" }, named(name, wordFor(name, verdict))), el("span", { class: "score" }, fixed(verdict.score))),
      gauge(verdict.score, hue, verdict.rule === "default" ? cuts.get(name)?.(top[0]?.label) : undefined),
      others.length > 0 && el("p", { class: "fine" }, "or " + others.map(({ label, score }) => `${named(name, label)} ${fixed(score)}`).join(", ")),
      verdict.rule && verdict.rule !== "default" && el("p", { class: "fine" }, `by the rule for ${verdict.rule}`));
  }));
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
