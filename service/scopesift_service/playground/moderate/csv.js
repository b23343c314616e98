// Reads CSV as the command line does: a record goes on over line ends while a quote is open, unless its first line is
// complete by itself; if it can't be read, only its first line is left out, so that a stray quote doesn't take the rest.
const SEPARATORS = [",", ";", "\t"];

// {columns, records: [{line, fields}], wrong: [{line, why, text}]}, lines counted from 1.
function readCsv(text) {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.trim());
  if (first < 0) return { columns: [], records: [], wrong: [] };
  const header = joinedRecord(lines, first);
  const separator = separatorOf(header.text);
  const columns = splitRecord(header.text, separator);
  const twice = columns?.find((name, place) => columns.indexOf(name) !== place);
  if (!columns || twice !== undefined) {
    const why = columns ? `the column “${twice}” is there twice` : "a quote is not closed";
    return { columns: [], records: [], wrong: [{ line: first + 1, why: `the first line names the columns, but ${why}`, text: lines[first].trim() }] };
  }
  const records = [];
  const wrong = [];
  for (let at = header.next; at < lines.length; at += 1) {
    if (!lines[at].trim()) continue;
    const alone = fieldsOf(withoutEnd(lines[at]), separator, columns);
    const joined = alone.fields ? null : joinedRecord(lines, at);
    const found = joined && joined.next > at + 1 ? fieldsOf(joined.text, separator, columns) : alone;
    if (found.fields) {
      records.push({ line: at + 1, fields: found.fields });
      if (found !== alone) at = joined.next - 1;
    } else {
      wrong.push({ line: at + 1, why: found.why, text: lines[at].trim() });
    }
  }
  return { columns, records, wrong };
}

const withoutEnd = (line) => line.replace(/\r$/, "");
const isOpen = (line) => (line.split('"').length - 1) % 2 === 1;

function joinedRecord(lines, at) {
  let next = at + 1;
  for (let open = isOpen(lines[at]); open && next < lines.length; next += 1) open = open !== isOpen(lines[next]);
  return { text: withoutEnd(lines.slice(at, next).join("\n")), next };
}

function separatorOf(header) {
  const bare = header.replace(/"[^"]*"/g, "");
  return SEPARATORS.reduce((best, one) => (bare.split(one).length > bare.split(best).length ? one : best));
}

function fieldsOf(text, separator, columns) {
  const values = splitRecord(text, separator);
  if (!values) return { why: "a quote is not closed, or stands inside a value" };
  if (values.length !== columns.length) return { why: `${columns.length} columns expected, ${values.length} found` };
  return { fields: Object.fromEntries(columns.map((name, place) => [name, values[place]])) };
}

// The values of one record; null if its quotes don't match.
function splitRecord(text, separator) {
  const values = [];
  for (let at = 0; ; at += 1) {
    if (text[at] === '"') {
      let end = text.indexOf('"', at + 1);
      while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
      if (end < 0 || (end + 1 < text.length && text[end + 1] !== separator)) return null;
      values.push(text.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
    } else {
      const end = text.indexOf(separator, at);
      values.push(text.slice(at, end < 0 ? text.length : end));
      at = end < 0 ? text.length : end;
    }
    if (at >= text.length) return values;
  }
}
