// A draft from labelled examples: made, compared with the rule in use, and only then put into use.
let mostExamples = Infinity;
let transferOn = true;
const SWITCHED_OFF = "Switched off on this server: it needs an admin token and a state folder.";

function showTransferState(state) {
  mostExamples = state?.max_examples ?? Infinity;
  transferOn = state?.enabled !== false;
  if (!transferOn) at("transfer-wait").textContent = SWITCHED_OFF;
  at("transfer-go").disabled = !transferOn;
}

function showTally() {
  const { examples, wrong } = readExamples(at("transfer-rows").value);
  const counts = new Map();
  for (const { label } of examples) counts.set(label, (counts.get(label) ?? 0) + 1);
  const box = (name, value, bad) => el("div", { class: bad ? "wrong" : null }, el("dt", {}, el("bdi", {}, name)), el("dd", {}, String(value)));
  at("tally").replaceChildren(...[...counts].map(([label, count]) => box(label, count, false)),
    ...(wrong.length ? [box("not understood, line", wrong.slice(0, 5).join(", ") + (wrong.length > 5 ? " …" : ""), true)] : []),
    ...(examples.length > mostExamples ? [box("more than the server takes", mostExamples, true)] : []));
  return { examples, wrong };
}

function complaintAbout(lang, examples, wrong) {
  if (!lang) return "Name the language, as a code such as de.";
  if (wrong.length) return `Line ${wrong[0]} was not understood: give a label, a tab or comma, and the text.`;
  return examples.length ? "" : "Paste some labelled examples first.";
}

async function makeDraft(event) {
  event.preventDefault();
  const answer = at("transfer-answer");
  const name = at("transfer-name").value;
  const lang = at("transfer-lang").value.trim();
  const { examples, wrong } = showTally();
  const complaint = complaintAbout(lang, examples, wrong);
  if (complaint) return void answer.replaceChildren(el("p", { class: "problem", role: "alert" }, complaint));
  answer.replaceChildren();
  const token = accessToken(at("transfer-wait"));
  if (!token) return;
  at("transfer-go").disabled = true;
  at("transfer-wait").textContent = "";
  const stop = followProgress(at("transfer-progress"), name, token);
  try {
    const made = await call(`v1/classifiers/${encodeURIComponent(name)}/transfer`, { body: { lang, examples, activate: false }, token });
    stop();
    answer.replaceChildren(comparison(made));
    at("versions-name").value = name;
    await showAgain(answer, showVersions, showTrailAgain);
  } catch (error) {
    answer.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
  } finally {
    stop();
    at("transfer-go").disabled = false;
  }
}

function comparison(made) {
  const say = el("p", { class: "fine", role: "status" });
  return el("div", { class: "made" },
    el("p", {}, el("b", {}, `Draft ${made.version}`), ` of ${made.name} for ${named("language", made.lang)}, on your ${counted(made.quality.examples)} examples. ${made.base_version} is still in use.`),
    made.warning ? el("p", { class: "problem", role: "alert" }, `Look twice: ${made.warning}.`) : null,
    oldAndNew(made),
    folded("all ways that were tried", table("tried on your examples, cross-validated", ["way", "macro-F1", "balanced acc.", "spread"], made.strategies.map((item) => ({ ours: item.name === made.chosen, cells: measures(item.name, item) })))),
    el("div", { class: "row" }, el("button", { type: "button", class: "main", onclick: () => activate(made.name, made.version, say) }, "Put the draft into use"), say));
}

const measures = (who, item) => [who, fixed(item.macro_f1, 3), fixed(item.balanced_accuracy, 3), fixed(item.spread, 3)];

function oldAndNew(made) {
  const next = made.quality.cross_validated;
  const old = made.replaced;
  const rows = [
    ...(old ? [measures(`in use: the ${old.rule === "default" ? "default rule" : `rule for ${named("language", old.rule)}`}${old.fitted_on_these ? ", made from these examples" : ""}`, old)] : []),
    ...(next ? [{ ours: true, cells: measures(`draft: ${next.name}`, next) }] : []),
  ];
  return table("old and new rule on the same examples", ["rule", "macro-F1", "balanced acc.", "spread"], rows);
}
