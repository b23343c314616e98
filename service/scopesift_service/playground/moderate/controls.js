// Filters, order and threshold: what they offer, what they set, and what the threshold does.
const option = (value, said, chosen) => el("option", { value, selected: value === chosen }, said);
const anyOf = (said, counts, chosen, names = (value) => value, prefix = "") => [
  option("", said, chosen), ...counts.map(([value, count]) => option(prefix + value, `${names(value)} · ${counted(count)}`, chosen)),
];

function showFilters() {
  const { wanted } = listing;
  at("order").replaceChildren(...Object.entries(ORDERS).map(([value, said]) => option(value, said, listing.order)));
  at("filter-language").replaceChildren(...anyOf("all", tally((row) => languageOf(row) || (row.state === "scored" ? UNKNOWN : "")), wanted.language, (name) => nameOfLanguage(name)));
  at("filter-flagged").replaceChildren(...anyOf("all", tally(flaggedWord), wanted.flagged));
  at("filter-decision").replaceChildren(...anyOf("all", tally((row) => row.decision || "undecided"), wanted.decision, (name) => DECISIONS[name] ?? name));
  const truths = truthsOf(queue.rows);
  for (const id of ["filter-truth-label", "positive-label"]) at(id).hidden = !truths.length;
  at("filter-truth").replaceChildren(...anyOf("all", truths, wanted.truth, (name) => `is ${name}`, "label "), ...tally(isRight).map(([name, count]) => option(name, `${name} · ${counted(count)}`, wanted.truth)));
  if (!truths.some(([name]) => name === cut.positive)) cut.positive = likelyPositive(truths);
  at("positive").replaceChildren(option("", "none", cut.positive), ...truths.map(([name, count]) => option(name, `${name} · ${counted(count)}`, cut.positive)));
  at("other-filters").replaceChildren(...queue.others.filter((name) => name !== "language").map(otherFilter));
  at("grid").classList.toggle("labelled", truths.length > 0);
}

function otherFilter(name) {
  const select = el("select", { onchange: () => { listing.wanted.others[name] = select.value; filterAgain(); } }, anyOf("all", tally((row) => labelOf(row, name)), listing.wanted.others[name] ?? ""));
  return el("label", {}, name, " ", select);
}

function showFiltersSaid() {
  const { language, flagged, truth, decision, from, to, words, others } = listing.wanted;
  const set = [language, flagged, truth, decision, words, from > 0 || to < 1, ...Object.values(others)].filter(Boolean).length;
  at("filters-said").textContent = set ? `(${set} set)` : "";
  at("listing-said").textContent = `${counted(listing.rows.length)} of ${several(queue.rows.length, "text")}`;
  for (const head of at("grid-head").querySelectorAll("[data-orders]")) {
    const place = head.dataset.orders.split(" ").indexOf(listing.order);
    head.setAttribute("aria-sort", place < 0 ? "none" : listing.order === "highest" ? "descending" : "ascending");
  }
}

function showCut() {
  const rows = rowsOfLanguage();
  const counts = countCut(rows);
  const bins = histogram(rows);
  // a root keeps the few rows of the middle visible beside the many at the ends
  const most = Math.sqrt(Math.max(1, ...bins.map((bin) => bin.rows)));
  at("histogram").replaceChildren(...bins.map((bin) => el("i", { vars: { high: Math.sqrt(bin.rows) / most, flagged: bin.rows ? bin.flagged / bin.rows : 0 } })));
  at("own-cuts").setAttribute("aria-pressed", String(cut.value === null));
  at("cut-said").textContent = cut.value === null ? "" : fixed(cut.value, 3);
  if (cut.value === null) at("cut").value = queue.classifier.cut;
  at("cut").setAttribute("aria-valuetext", cut.value === null ? "each text's own threshold" : fixed(cut.value, 3));
  const figure = (name, value, title) => el("div", { title }, el("dt", {}, name), el("dd", {}, value));
  const share = counts.scored ? ` ${(100 * counts.flagged / counts.scored).toFixed(1)}%` : "";
  at("figures").replaceChildren(
    figure("flagged", el("span", {}, counted(counts.flagged), el("small", {}, share))),
    figure("not flagged", counted(counts.scored - counts.flagged)),
    ...(counts.labelled ? [
      figure("precision", fixed(counts.precision), `${counts.hits} of ${counts.hits + counts.alarms} flagged texts are labelled ${cut.positive}`),
      figure("recall", fixed(counts.recall), `${counts.hits} of ${counts.hits + counts.misses} texts labelled ${cut.positive} are flagged`),
      figure("false positives", counted(counts.alarms)),
      figure("false negatives", counted(counts.misses)),
    ] : []),
  );
  const where = listing.wanted.language ? ` in ${nameOfLanguage(listing.wanted.language)}` : "";
  at("cut-note").textContent = `Of ${several(counts.scored, "text")}${where} with a verdict` + (counts.labelled ? `, ${counted(counts.labelled)} with a label.` : ".") +
    (cut.value === null ? "" : ` In requests: "thresholds": {"${queue.classifier.name}": ${cut.value}}`);
}

function filterAgain() {
  const place = placeOf(grid.current);
  listRows();
  keepPlace(place);
  at("grid").scrollTop = 0;
  showFiltersSaid();
  drawGrid();
  whenChosen();
}

function setCut(value) {
  cut.value = value;
  const place = placeOf(grid.current);
  const { wanted } = listing;
  if (wanted.flagged || wanted.truth || listing.order === "nearest") {
    listRows();
    keepPlace(place);
  }
  showFiltersSaid();
  showCut();
  drawGrid();
  whenChosen();
}

function setOrder(order) {
  listing.order = order;
  at("order").value = order;
  filterAgain();
}

function wireFilters() {
  const wire = (id, event, set) => at(id).addEventListener(event, () => { set(at(id)); filterAgain(); });
  const number = (field, otherwise) => (field.value !== "" && field.validity.valid ? field.valueAsNumber : otherwise);
  wire("filter-language", "change", (field) => { listing.wanted.language = field.value; });
  wire("filter-flagged", "change", (field) => { listing.wanted.flagged = field.value; });
  wire("filter-truth", "change", (field) => { listing.wanted.truth = field.value; });
  wire("filter-decision", "change", (field) => { listing.wanted.decision = field.value; });
  wire("filter-from", "input", (field) => { listing.wanted.from = number(field, 0); });
  wire("filter-to", "input", (field) => { listing.wanted.to = number(field, 1); });
  wire("filter-words", "input", (field) => { listing.wanted.words = field.value.trim().toLowerCase(); });
  at("filter-language").addEventListener("change", showCut);
  at("order").addEventListener("change", () => setOrder(at("order").value));
  at("clear-filters").addEventListener("click", () => {
    listing.wanted = freshFilters();
    for (const [id, value] of [["filter-from", 0], ["filter-to", 1], ["filter-words", ""]]) at(id).value = value;
    showFilters();
    filterAgain();
    showCut();
  });
  for (const head of at("grid-head").querySelectorAll("[data-orders]")) {
    const orders = head.dataset.orders.split(" ");
    head.firstElementChild.addEventListener("click", () => setOrder(orders[(orders.indexOf(listing.order) + 1) % orders.length]));
  }
  at("cut").addEventListener("input", () => setCut(at("cut").valueAsNumber));
  at("own-cuts").addEventListener("click", () => setCut(null));
  at("positive").addEventListener("change", () => { cut.positive = at("positive").value; showFilters(); setCut(cut.value); });
}
