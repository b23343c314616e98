// Classifies texts with graphs written by `scopesift export-onnx … --with-backbone`.
//
//   node classify.mjs toxicity.onnx "first text" "second text"
//   node classify.mjs toxicity.onnx --language language.onnx - < lines.txt    # a line: a text, or a JSON string
//
// Prints one JSON object a text. The description and the tokenizer lie beside the graph. With a language
// classifier beside it a text is judged by the rules of its own language, where there are any.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-node";
import { cut, loadTokenizer } from "./windows.mjs";

const TEXTS_AT_ONCE = 64;

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).map((one) => (one === "-" ? "\0stdin" : one)),
  options: { language: { type: "string" } },
  allowPositionals: true,
});
const [path, ...given] = positionals;
if (!path || !given.length) {
  console.error("usage: node classify.mjs GRAPH.onnx [--language LANGUAGE.onnx] TEXT… | -");
  process.exit(2);
}
const judge = await open(path);
const linguist = values.language ? await open(values.language) : null;
const tokenizer = loadTokenizer(join(dirname(path), "tokenizer.json"));
const texts = given[0] === "\0stdin" ? readLines() : given;
for (let begin = 0; begin < texts.length; begin += TEXTS_AT_ONCE) {
  for (const verdict of await classify(texts.slice(begin, begin + TEXTS_AT_ONCE))) {
    console.log(JSON.stringify(verdict));
  }
}

async function open(graph) {
  const about = JSON.parse(readFileSync(`${graph}.json`, "utf8"));
  if (about.format !== "scopesift-onnx-1" || !about.export.with_backbone) {
    console.error(`error: ${graph} takes residuals; export it with --with-backbone`);
    process.exit(2);
  }
  // severity 3: errors only; what the runtime optimises is of no interest here
  const session = await ort.InferenceSession.create(graph, { logSeverityLevel: 3 });
  return { about, session };
}

function readLines() {
  const lines = readFileSync(0, "utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => (line.startsWith('"') ? JSON.parse(line) : line));
}

async function classify(batch) {
  const { rows, document } = cut(tokenizer, batch, judge.about.reading);
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
  const routes = await routesOf(batch.length, feeds);
  if (judge.about.classifier.languages.length) {
    feeds.language = new ort.Tensor("int64", BigInt64Array.from(routes, BigInt), [batch.length]);
  }
  const answer = await judge.session.run(feeds);
  return batch.map((text, at) => verdict(text, at, answer, rows, width, routes[at]));
}

/** For every text the position of its language among those with rules of their own, −1 for the default ones. */
async function routesOf(count, feeds) {
  const { languages, route_confidence } = judge.about.classifier;
  if (!linguist || !languages.length) return new Array(count).fill(-1);
  const { label, score } = await linguist.session.run(feeds);
  return Array.from({ length: count }, (_, at) => {
    const code = linguist.about.classifier.labels[Number(label.data[at])];
    return score.data[at] >= route_confidence ? languages.indexOf(code) : -1;
  });
}

function verdict(text, at, answer, rows, width, route) {
  const { kind, labels, languages, unknown, refused, name, version } = judge.about.classifier;
  const label = Number(answer.label.data[at]);
  if (label === refused) throw new Error(`text ${at}: the residual is not finite`);
  const rule = route < 0 ? "default" : languages[route];
  const scores = Object.fromEntries(
    labels.map((one, column) => [one, answer.scores.data[at * labels.length + column]]),
  );
  const evidence = judge.about.thresholds[rule].flatMap(([layer, feature, threshold]) => {
    const { features } = judge.about;
    const flat = at * features.length + features.findIndex(([l, f]) => l === layer && f === feature);
    const activation = answer.maxima.data[flat];
    if (activation <= 0 || activation < Math.fround(threshold)) return [];
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
    rule,
    evidence,
    classifiers: { [name]: version },
  };
}
