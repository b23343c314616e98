// Classifies texts with a graph written by `scopesift export-onnx … --with-backbone`.
//
//   node classify.mjs toxicity.onnx "first text" "second text"
//   node classify.mjs toxicity.onnx - < lines.txt          # one text a line, or one JSON string a line
//
// Prints one JSON object a text. The description and the tokenizer lie beside the graph.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { cut, loadTokenizer } from "./windows.mjs";

const TEXTS_AT_ONCE = 64;

const [path, ...given] = process.argv.slice(2);
if (!path || !given.length) {
  console.error("usage: node classify.mjs GRAPH.onnx TEXT… | -");
  process.exit(2);
}
const about = JSON.parse(readFileSync(`${path}.json`, "utf8"));
if (about.format !== "scopesift-onnx-1" || !about.export.with_backbone) {
  console.error(`error: ${path} takes residuals; export it with --with-backbone`);
  process.exit(2);
}
const tokenizer = loadTokenizer(join(dirname(path), "tokenizer.json"));
const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3 });
const texts = given[0] === "-" ? readLines() : given;
for (let begin = 0; begin < texts.length; begin += TEXTS_AT_ONCE) {
  for (const verdict of await classify(texts.slice(begin, begin + TEXTS_AT_ONCE))) {
    console.log(JSON.stringify(verdict));
  }
}

function readLines() {
  const lines = readFileSync(0, "utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => (line.startsWith('"') ? JSON.parse(line) : line));
}

async function classify(batch) {
  const { rows, document } = cut(tokenizer, batch, about.reading);
  const width = Math.max(...rows.map((row) => row.length));
  const ids = new BigInt64Array(rows.length * width);
  const mask = new BigInt64Array(rows.length * width);
  rows.forEach((row, at) => {
    row.forEach((id, place) => {
      ids[at * width + place] = BigInt(id);
      mask[at * width + place] = 1n;
    });
  });
  const feeds = {
    ids: new ort.Tensor("int64", ids, [rows.length, width]),
    mask: new ort.Tensor("int64", mask, [rows.length, width]),
    document: new ort.Tensor("int64", BigInt64Array.from(document, BigInt), [rows.length]),
  };
  if (about.classifier.languages.length) {
    // −1: the default rules; a position in `languages` where a language classifier named one of them
    feeds.language = new ort.Tensor("int64", new BigInt64Array(batch.length).fill(-1n), [batch.length]);
  }
  const answer = await session.run(feeds);
  return batch.map((text, at) => verdict(text, at, answer, rows, width));
}

function verdict(text, at, answer, rows, width) {
  const { kind, labels, unknown, refused, name, version } = about.classifier;
  const label = Number(answer.label.data[at]);
  if (label === refused) throw new Error(`text ${at}: the residual is not finite`);
  const scores = Object.fromEntries(
    labels.map((one, column) => [one, answer.scores.data[at * labels.length + column]]),
  );
  const evidence = about.thresholds.default.flatMap(([layer, feature, threshold]) => {
    const column = about.features.findIndex(([l, f]) => l === layer && f === feature);
    const flat = at * about.features.length + column;
    const activation = answer.maxima.data[flat];
    if (activation <= 0 || activation < threshold) return [];
    const place = Number(answer.tokens.data[flat]);
    const token = rows[Math.floor(place / width)][place % width];
    return [{ layer, feature, activation, threshold, token: tokenizer.decode([token]) }];
  });
  return {
    text,
    label: label < 0 ? unknown : labels[label],
    ...(kind === "binary" ? { flagged: label >= 0 } : {}),
    score: answer.score.data[at],
    scores,
    evidence,
    classifiers: { [name]: version },
  };
}
