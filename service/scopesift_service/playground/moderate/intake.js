// From what was pasted or dropped to rows: {kind, columns, records, wrong}, then a row per text.
const KINDS = { lines: "one text per line", csv: "CSV", jsonl: "JSONL" };
const TEXT_COLUMNS = ["text", "comment", "comment_text", "content", "body", "message"];
const LABEL_COLUMNS = ["label", "labels", "class", "toxic", "is_toxic", "target"];
const LANGUAGE_COLUMNS = ["lang", "language"];
const MOST_ROWS = 20_000; // what a tab holds and a person may look through
const MOST_BYTES = 64 * 2 ** 20;

function kindOf(text, name = "") {
  const suffix = /\.(\w+)$/.exec(name.toLowerCase())?.[1];
  if (["csv", "tsv"].includes(suffix)) return "csv";
  if (["jsonl", "ndjson", "json"].includes(suffix)) return "jsonl";
  const first = text.split("\n").find((line) => line.trim())?.trim() ?? "";
  if (first.startsWith("{") && fromJsonLine(first).fields) return "jsonl";
  const names = splitRecord(first, separatorOf(first)) ?? [];
  return names.length > 1 && names.some((one) => TEXT_COLUMNS.includes(one.trim().toLowerCase())) ? "csv" : "lines";
}

function readRecords(text, kind) {
  const whole = text.replace(/^\ufeff/, "");
  if (kind === "csv") return { kind, ...readCsv(whole) };
  const records = [];
  const wrong = [];
  const columns = new Set(kind === "lines" ? ["text"] : []);
  whole.split(/\r?\n/).forEach((line, index) => {
    if (!line.trim()) return;
    const found = kind === "lines" ? { fields: { text: line } } : fromJsonLine(line);
    if (found.fields) {
      records.push({ line: index + 1, fields: found.fields });
      for (const name of Object.keys(found.fields)) columns.add(name);
    } else {
      wrong.push({ line: index + 1, why: found.why, text: line });
    }
  });
  return { kind, columns: [...columns], records, wrong };
}

function fromJsonLine(line) {
  let fields;
  try {
    fields = JSON.parse(line);
  } catch {
    return { why: "not JSON; JSONL has one object a line" };
  }
  return fields && typeof fields === "object" && !Array.isArray(fields) ? { fields } : { why: "JSON, but not an object" };
}

// The columns that most likely hold text, label and language; "" for none.
function likelyColumns(columns) {
  const find = (names) => names.map((name) => columns.find((one) => one.trim().toLowerCase() === name)).find(Boolean) ?? "";
  return { text: find(TEXT_COLUMNS) || (columns[0] ?? ""), label: find(LABEL_COLUMNS), lang: find(LANGUAGE_COLUMNS) };
}

// Rows for the table, and whatever can't be one, with the reason.
function rowsOf(found, chosen) {
  const rows = [];
  const wrong = [...found.wrong];
  for (const { line, fields } of found.records) {
    const text = fields[chosen.text];
    const why = typeof text !== "string" ? `no text in “${chosen.text}”` : !text.trim() ? "the text is blank" : text.includes("\ufffd") && found.damaged ? "not UTF-8" : "";
    if (why) wrong.push({ line, why, text: typeof text === "string" && text.trim() ? text : JSON.stringify(fields) });
    else if (rows.length === MOST_ROWS) wrong.push({ line, why: `more than ${MOST_ROWS.toLocaleString("en")} texts`, text });
    else rows.push(newRow(line, text, fields, chosen));
  }
  return { rows, wrong: wrong.sort((one, other) => one.line - other.line) };
}

function newRow(line, text, fields, chosen) {
  const lang = fields[chosen.lang];
  return {
    number: 0, line, text,
    id: ["string", "number"].includes(typeof fields.id) ? fields.id : undefined,
    truth: labelText(fields[chosen.label]),
    lang: typeof lang === "string" ? lang.trim().toLowerCase() : "",
    decision: Object.hasOwn(DECISIONS, fields.decision) ? fields.decision : "",
    state: "waiting", why: "", verdicts: null,
  };
}

// A label as the command line reads it: true and 1.0 of one format are "true" and "1" of another.
function labelText(value) {
  if (typeof value === "boolean" || Number.isInteger(value)) return String(value);
  if (typeof value !== "string" || !value.trim()) return "";
  return /^true$|^false$/i.test(value) ? value.toLowerCase() : value.replace(/^(0|-?[1-9]\d*)\.0+$/, "$1");
}

// The text of a file; throws one readable line if it can't be text.
async function textOf(file) {
  if (file.size > MOST_BYTES) throw new Error(`“${file.name}” has ${Math.ceil(file.size / 2 ** 20)} MiB; this page takes ${MOST_BYTES / 2 ** 20}. Split it, or use scopesift filter.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const wide = bytes[0] === 0xff && bytes[1] === 0xfe;
  if (!wide && bytes.subarray(0, 4096).includes(0)) throw new Error(`“${file.name}” is not text. Choose a CSV, JSONL or text file, not compressed.`);
  if (wide) return { text: new TextDecoder("utf-16le").decode(bytes), damaged: false };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), damaged: false };
  } catch {
    return { text: new TextDecoder().decode(bytes), damaged: true };
  }
}
