// What each classifier is, and its quality.
const BASELINES = { mean_difference: "mean difference", linear_probe: "linear probe", tfidf: "TF-IDF + regression" };
// measured with a rule of the language's own, and how the default rule does there
const OWN_RULE = /^(?:own rule|cross-validated) ([a-z]{2,3})$/;

function book(classifier) {
  const quality = classifier.quality ?? {};
  // what was measured on the classifier's own test rows comes first
  const [data, measured] = Object.entries(quality).sort(([one], [other]) => (other === "test") - (one === "test"))[0] ?? [];
  return el("article", { class: "sheet book", "aria-labelledby": `book-${classifier.name}` },
    el("header", {}, el("h2", { id: `book-${classifier.name}` }, classifier.name), el("code", { title: "version" }, classifier.version)),
    measured ? figures(classifier, data, measured) : el("p", { class: "note" }, classifier.muted?.length ? "Its quality was not measured since a feature was muted." : "Its quality was not measured."),
    el("p", { class: "fine" }, reads(classifier)),
    measured && mistakes(classifier, measured),
    el("ul", { class: "labels", "aria-label": `Labels of ${classifier.name}` }, [...classifier.labels, classifier.unknown].map((label) => el("li", {}, named(classifier.name, label)))),
    measured && baselines(classifier.name, measured),
    byLanguage(classifier.name, quality),
    measured && perGroup(`${classifier.name} by source`, measured.by_source),
    measured?.per_class && byLabel(classifier.name, measured.per_class));
}

function reads(classifier) {
  const own = classifier.langs.length ? `; rules of their own for ${classifier.langs.map((lang) => named("language", lang)).join(", ")}` : "";
  const silent = classifier.muted?.length ? `; ${counted(classifier.muted.length)} muted` : "";
  return `reads ${counted(classifier.n_features)} feature${classifier.n_features === 1 ? "" : "s"} down to layer ${classifier.deepest_layer}; ${classifier.kind === "binary" ? "flags" : "gives a label"} from ${fixed(classifier.cut)}${own}${silent}`;
}

function figures(classifier, data, quality) {
  const shares = classifier.kind === "binary"
    ? [["macro-F1", quality.macro_f1], ["balanced accuracy", quality.balanced_accuracy]]
    : [["accuracy", quality.accuracy], ["macro-F1", quality.macro_f1]];
  const texts = quality.n ? [[`${data}: texts`, counted(quality.n)]] : [];
  return el("div", { class: "figures" },
    shares.filter(([, value]) => Number.isFinite(value)).map(([name, value]) => el("div", {}, el("b", {}, fixed(value, 3)), el("span", {}, name))),
    texts.map(([name, value]) => el("div", {}, el("b", {}, value), el("span", {}, name))));
}

function baselines(name, quality) {
  const found = Object.entries(BASELINES).filter(([key]) => quality.baselines?.[key]);
  if (!found.length) return null;
  const row = (who, value, ours) => ({ ours, cells: [who, fixed(value.macro_f1, 3), fixed(value.balanced_accuracy ?? value.accuracy, 3)] });
  return folded("beside the baselines",
    table(`${name}, same test, same run`, ["model", "macro-F1", "balanced acc."], [row("scopesift", quality, true), ...found.map(([key, who]) => row(who, quality.baselines[key], false))]));
}

// One row a language: with the rule that is used for it, and with the default rule where that was measured too.
function byLanguage(name, quality) {
  const rows = new Map(Object.entries(quality.test?.by_lang ?? {}).map(([lang, value]) => [lang, { value, rule: "as routed" }]));
  for (const [data, value] of Object.entries(quality)) {
    const lang = OWN_RULE.exec(data)?.[1];
    if (lang) rows.set(lang, { value, rule: data.startsWith("cross") ? "its own, cross-validated" : "its own" });
  }
  if (!rows.size) return null;
  const cells = ([lang, { value, rule }]) => [named("language", lang), rule, counted(value.n ?? 0), fixed(value.macro_f1, 3), fixed(value.balanced_accuracy ?? value.accuracy, 3), fixed(quality[`zero-shot ${lang}`]?.macro_f1, 3)];
  return folded(`by language (${rows.size})`,
    table(`${name} by language`, ["language", "rule", "texts", "macro-F1", "bal. acc.", "default rule's F1"], [...rows].sort(([one], [other]) => one.localeCompare(other)).map(cells), 2));
}

// What goes wrong most often: of two labels which one is missed, of many which one is taken for which.
function mistakes({ name, kind, labels, unknown }, measured) {
  const say = (parts) => el("p", { class: "fine" }, "most often wrong: ", ...parts);
  if (kind === "binary") {
    const found = [[measured.recall, `of ${named(name, labels[0])} missed`, true], [measured.false_positive_rate, `of ${named(name, unknown)} flagged`, false]]
      .filter(([share]) => Number.isFinite(share)).map(([share, what, missed]) => `${percent(missed ? 1 - share : share)} ${what}`);
    return found.length ? say([found.join(", ")]) : null;
  }
  const found = Object.entries(measured.per_class ?? {}).flatMap(([label, value]) => Object.entries(value.taken_for ?? {}).map(([other, share]) => ({ label, other, share })));
  const worst = found.sort((one, two) => two.share - one.share).slice(0, 3);
  return worst.length ? say([worst.map(({ label, other, share }) => `${percent(share)} of ${named(name, label)} taken for ${named(name, other)}`).join(", ")]) : null;
}

function byLabel(name, classes) {
  const rows = Object.entries(classes);
  const instead = (value) => Object.entries(value.taken_for ?? {}).sort(([, one], [, two]) => two - one).map(([other, share]) => `${named(name, other)} ${percent(share)}`).join(", ") || "–";
  const known = rows.some(([, value]) => value.taken_for);
  return folded(`by label (${rows.length})`,
    table(`${name} by label`, ["label", ...(known ? ["taken for instead"] : []), "texts", "precision", "recall", "F1"],
      rows.map(([label, value]) => [named(name, label), ...(known ? [instead(value)] : []), counted(value.n ?? 0), fixed(value.precision, 3), fixed(value.recall, 3), fixed(value.f1, 3)]), known ? 2 : 1));
}

function perGroup(caption, group) {
  const rows = Object.entries(group ?? {});
  if (!rows.length) return null;
  return folded(caption.replace(/^\S+ /, ""), table(caption, ["of", "texts", "F1", "accuracy"], rows.map(([name, value]) => [name, counted(value.n ?? 0), fixed(value.macro_f1 ?? value.f1, 3), fixed(value.accuracy, 3)])));
}

const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;

const folded = (summary, content) => el("details", {}, el("summary", {}, summary), content);
