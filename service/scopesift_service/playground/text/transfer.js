let mostExamples = Infinity;

function showTransferState(state) {
  mostExamples = state?.max_examples ?? Infinity;
  if (state && !state.enabled) at("transfer-wait").textContent = "Switched off on this server: it needs an admin token and a state folder.";
  at("transfer-go").disabled = state?.enabled === false;
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

async function sendTransfer(event) {
  event.preventDefault();
  const answer = at("transfer-answer");
  const name = at("transfer-name").value;
  const lang = at("transfer-lang").value.trim();
  const { examples, wrong } = showTally();
  const complaint = !lang ? "Name the language, as a code such as de." : wrong.length ? `Line ${wrong[0]} was not understood: give a label, a tab or comma, and the text.` : !examples.length ? "Paste some labelled examples first." : "";
  if (complaint) return answer.replaceChildren(el("p", { class: "problem", role: "alert" }, complaint));
  const go = at("transfer-go");
  go.disabled = true;
  at("transfer-wait").textContent = "Counting features on your examples…";
  answer.replaceChildren();
  try {
    const made = await call(`v1/classifiers/${encodeURIComponent(name)}/transfer`, { body: { lang, examples }, token: at("transfer-token").value.trim() });
    answer.replaceChildren(el("div", { class: "made" },
      el("p", {}, el("b", {}, `${made.name} ${made.version}`), ` now answers for ${named("language", made.lang)}; chosen: ${made.chosen}.`),
      made.warning && el("p", { class: "problem", role: "alert" }, `Look twice: ${made.warning}.`),
      made.base_version && el("p", { class: "fine" }, `Before it ${made.base_version} was in use, which stays stored: activate it to roll back.`),
      strategies(made)));
    await showClassifiers();
    judge();
  } catch (error) {
    answer.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
  } finally {
    go.disabled = false;
    at("transfer-wait").textContent = "";
  }
}

function strategies(made) {
  const row = (name, item, ours) => ({ ours, cells: [name, fixed(item.macro_f1, 3), fixed(item.balanced_accuracy, 3), fixed(item.spread, 3)] });
  const rows = made.strategies.map((item) => row(item.name, item, item.name === made.chosen));
  const replaced = made.replaced && row(`the ${made.replaced.rule} rule, until now` + (made.replaced.fitted_on_these ? " (made from these examples)" : ""), made.replaced, false);
  return table("cross-validated on your examples", ["strategy", "macro-F1", "balanced acc.", "spread"], replaced ? [...rows, replaced] : rows);
}
