// The texts at hand and what the service said of them. They live in this tab only, and end with it.
const DECISIONS = { approve: "approved", reject: "rejected", unsure: "unsure" };
const MARKS = { approve: "✓", reject: "✕", unsure: "?" };
const queue = {
  rows: [],
  wrong: [], // lines that are no row: {line, why, text}
  origins: [], // names of files
  classifier: null, // the binary one that is moderated by: {name, labels, unknown, version, cut}
  others: [], // names of the classifiers that only describe a text
  languages: new Set(), // labels of the language classifier
  limits: { max_texts: 64, max_characters: 20_480, max_call_characters: 65_536 },
};

const several = (number, word) => `${counted(number)} ${word}${number === 1 ? "" : "s"}`;

function addRows(rows, wrong, origin) {
  for (const row of rows) {
    row.number = queue.rows.length + 1;
    queue.rows.push(row);
  }
  queue.wrong.push(...wrong);
  if (origin) queue.origins.push(origin);
}

function emptyQueue() {
  queue.rows = [];
  queue.wrong = [];
  queue.origins = [];
}

// Keeps of a record what the table needs; evidence is asked for when a row is looked at.
function keepVerdicts(row, record) {
  if (record.error) return failRow(row, "The service could not read this text.");
  row.state = "scored";
  row.verdicts = {};
  for (const [name, verdict] of Object.entries(record)) {
    if (typeof verdict?.score !== "number") continue;
    row.verdicts[name] = { score: verdict.score, label: verdict.label ?? "", flagged: verdict.flagged ?? null, cut: verdict.cut };
  }
}

function failRow(row, why) {
  row.state = "failed";
  row.why = why;
}

// Of the classifier that is moderated by; undefined while a row waits.
const verdictOf = (row) => row.verdicts?.[queue.classifier.name];
const scoreOf = (row) => verdictOf(row)?.score ?? -1;
const labelOf = (row, name) => row.verdicts?.[name]?.label ?? "";

// The language given with a row if the classifiers know it, otherwise the one found; "" if neither is known.
function languageOf(row) {
  if (queue.languages.has(row.lang)) return row.lang;
  const found = labelOf(row, "language");
  return queue.languages.has(found) ? found : "";
}
