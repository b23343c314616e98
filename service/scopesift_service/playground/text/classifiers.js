const BASELINES = { mean_difference: "mean difference", linear_probe: "linear probe", tfidf: "TF-IDF + regression" };

async function showClassifiers() {
  const list = await call("v1/classifiers");
  at("scope").textContent = list.scope.id;
  at("scope").hidden = false;
  at("shelf").replaceChildren(...list.classifiers.map(book));
  const chosen = at("transfer-name").value;
  at("transfer-name").replaceChildren(...list.classifiers.map(({ name }) => el("option", { value: name, selected: name === (chosen || "toxicity") }, name)));
  showTransferState(list.transfer);
  return list;
}

function book(classifier) {
  // what was measured on the classifier's own test rows comes first
  const [[data, measured] = [], ...more] = Object.entries(classifier.quality ?? {}).sort(([one], [other]) => (other === "test") - (one === "test"));
  return el("article", { class: "sheet book" },
    el("header", {}, el("h3", {}, classifier.name), el("code", { title: "version" }, classifier.version)),
    measured ? figures(classifier, data, measured) : el("p", { class: "note" }, "Its quality was not measured."),
    el("p", { class: "fine" }, `${classifier.n_features} feature${classifier.n_features === 1 ? "" : "s"}, read down to layer ${classifier.deepest_layer}` + (classifier.langs.length ? `; rules of their own for ${classifier.langs.join(", ")}` : "")),
    el("div", { class: "labels" }, classifier.labels.map((label) => el("span", {}, label))),
    measured && baselines(measured),
    measured && groups(measured),
    more.length > 0 && el("details", {}, el("summary", {}, "measured elsewhere"), perGroup("each by itself", Object.fromEntries(more))));
}

function figures(classifier, data, quality) {
  const shares = classifier.kind === "binary"
    ? [["macro-F1", quality.macro_f1], ["balanced accuracy", quality.balanced_accuracy]]
    : [["accuracy", quality.accuracy], ["macro-F1", quality.macro_f1]];
  const counted = quality.n ? [[`${data}: texts`, quality.n.toLocaleString("en")]] : [];
  return el("div", { class: "figures" },
    shares.filter(([, value]) => Number.isFinite(value)).map(([name, value]) => el("div", {}, el("b", {}, fixed(value, 3)), el("span", {}, name))),
    counted.map(([name, value]) => el("div", {}, el("b", {}, value), el("span", {}, name))));
}

function baselines(quality) {
  const found = Object.entries(BASELINES).filter(([key]) => quality.baselines?.[key]);
  if (!found.length) return null;
  const row = (name, value, ours) => ({ ours, cells: [name, fixed(value.macro_f1, 3), fixed(value.balanced_accuracy ?? value.accuracy, 3)] });
  return el("details", {}, el("summary", {}, "beside the baselines"),
    table("same test, same run", ["", "macro-F1", "balanced acc."], [row("scopesift", quality, true), ...found.map(([key, name]) => row(name, quality.baselines[key], false))]));
}

function groups(quality) {
  const parts = [perGroup("by language", quality.by_lang), perGroup("by source", quality.by_source)].filter(Boolean);
  return parts.length ? el("details", {}, el("summary", {}, "by language and source"), parts) : null;
}

function perGroup(caption, group) {
  const rows = Object.entries(group ?? {});
  if (!rows.length) return null;
  return table(caption, ["", "texts", "macro-F1", "accuracy"], rows.map(([name, value]) => [name, String(value.n ?? "–"), fixed(value.macro_f1, 3), fixed(value.accuracy, 3)]));
}
