// Which rows are listed, and in what order.
const ORDERS = {
  highest: "highest score",
  lowest: "lowest score",
  nearest: "nearest to the cut",
  language: "language",
  file: "as they came",
};
const UNKNOWN = "unknown";
const WAITING = "no verdict yet";
const listing = { order: "highest", rows: [], wanted: freshFilters() };

function freshFilters() {
  return { language: "", flagged: "", truth: "", decision: "", from: 0, to: 1, words: "", others: {} };
}

// Keys are made once a row, not once a comparison.
function listRows() {
  const key = KEYS[listing.order];
  listing.rows = queue.rows.filter(isWanted).map((row) => [key(row), row])
    .sort(([one, a], [other, b]) => (one < other ? -1 : one > other ? 1 : scoreOf(b) - scoreOf(a) || a.number - b.number))
    .map(([, row]) => row);
}

function isWanted(row) {
  const { language, flagged, truth, decision, from, to, words, others } = listing.wanted;
  if (language && (languageOf(row) || UNKNOWN) !== language) return false;
  if (decision && (row.decision || "undecided") !== decision) return false;
  if (flagged && flaggedWord(row) !== flagged) return false;
  if (truth && truth !== isRight(row) && truth !== `label ${row.truth}`) return false;
  if (from > 0 || to < 1) {
    const score = scoreOf(row);
    if (score < from || score > to) return false;
  }
  for (const name in others) if (others[name] && labelOf(row, name) !== others[name]) return false;
  return !words || row.text.toLowerCase().includes(words);
}

function flaggedWord(row) {
  const flagged = isFlagged(row);
  return flagged === null ? WAITING : flagged ? "flagged" : "not flagged";
}

// What an order sorts by; rows without a verdict or a language come last.
const KEYS = {
  highest: (row) => -scoreOf(row),
  lowest: (row) => (verdictOf(row) ? scoreOf(row) : 2),
  nearest: (row) => (verdictOf(row) ? Math.abs(scoreOf(row) - (cut.value ?? verdictOf(row).cut)) : 2),
  language: (row) => (languageOf(row) ? nameOfLanguage(languageOf(row)) : "\uffff"),
  file: (row) => row.number,
};
const languageNames = new Map();

function nameOfLanguage(language) {
  if (!languageNames.has(language)) languageNames.set(language, named("language", language));
  return languageNames.get(language);
}

// Rows in the chosen language, whatever else is filtered: the cut is judged on them.
function rowsOfLanguage() {
  const { language } = listing.wanted;
  return language ? queue.rows.filter((row) => (languageOf(row) || UNKNOWN) === language) : queue.rows;
}

// Values of all rows with their counts, the most frequent first.
function tally(value) {
  const counts = new Map();
  for (const row of queue.rows) {
    const found = value(row);
    if (found) counts.set(found, (counts.get(found) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one);
}
