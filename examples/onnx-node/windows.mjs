// Texts become rows of token ids, as the Python package cuts them: prefix, windows, overlap, suffix.
import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";

/** A tokenizer that reads special tokens which are spelled out in a text as ordinary characters. */
export function loadTokenizer(path) {
  const content = JSON.parse(readFileSync(path, "utf8"));
  content.added_tokens = [];
  return new Tokenizer(content, {});
}

/** Rows of ids of all texts, and the text that each row belongs to; a text without tokens has an empty row. */
export function cut(tokenizer, texts, reading) {
  const prefix = reading.prefix_ids;
  const suffix = reading.suffix_ids;
  const room = reading.window_tokens - prefix.length - suffix.length;
  const rows = [];
  const document = [];
  texts.forEach((text, index) => {
    const ids = tokenizer.encode(text.toWellFormed(), { add_special_tokens: false }).ids;
    const last = Math.max(1, ids.length - reading.overlap_tokens);
    for (let begin = 0; begin < last; begin += room - reading.overlap_tokens) {
      const part = ids.slice(begin, begin + room);
      rows.push(part.length ? [...prefix, ...part, ...suffix] : []);
      document.push(index);
    }
  });
  return { rows, document };
}
