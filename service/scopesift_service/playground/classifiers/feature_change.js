// A feature named or muted from its card; every change is a version, which can be put back.
function changeForm(item, list) {
  const place = `${item.layer}:${item.feature}`;
  const name = el("input", { maxlength: "80", dir: "auto", spellcheck: "false", autocomplete: "off" });
  name.value = item.given_name ?? "";
  const form = el("form", { class: "change", novalidate: true },
    el("label", {}, "Name for people", name),
    el("div", { class: "row" },
      el("button", { type: "submit", class: "small", "aria-label": `Save the name of feature ${place}` }, "Save the name"),
      el("button", { type: "button", class: "small", "aria-label": `Mute… feature ${place}`, onclick: () => muteFeature(item, list) }, "Mute…")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    nameFeature(item, list, name.value.trim());
  });
  return folded("name or mute it", form);
}

// Asks for a change and shows what came of it; `shown` makes that from the answer.
async function changeFeature(action, list, body, shown) {
  const outcome = at("features-outcome");
  if (!transferOn) return outcome.replaceChildren(el("p", { class: "problem", role: "alert" }, SWITCHED_OFF));
  const token = accessToken(outcome);
  if (!token) return null;
  outcome.scrollIntoView({ block: "nearest" });
  const stop = followProgress(outcome, list.name, token);
  try {
    const made = await call(`v1/classifiers/${encodeURIComponent(list.name)}/${action}`, { body, token });
    stop();
    outcome.replaceChildren(shown(made));
    await showAgain(outcome, showAll, showTrailAgain);
  } catch (error) {
    stop();
    outcome.replaceChildren(el("p", { class: "problem", role: "alert" }, error.message));
  }
  return outcome.scrollIntoView({ block: "nearest" });
}

// What the page shows of a change that was made; that it can't be shown doesn't undo the change.
async function showAgain(outcome, ...shows) {
  try {
    for (const show of shows) await show();
  } catch (error) {
    outcome.append(el("p", { class: "problem", role: "alert" }, `The change was made, but this page could not be brought up to date (${error.message}); load it again.`));
  }
}

function nameFeature(item, list, name) {
  const feature = `${item.layer}:${item.feature}`;
  return changeFeature("rename", list, { feature, given_name: name }, (made) => {
    const say = el("p", { class: "fine", role: "status" });
    const back = made.base_version && el("button", { type: "button", class: "small", onclick: () => activate(made.name, made.base_version, say) }, `Put ${made.base_version} back`);
    return el("div", { class: "made" },
      el("p", {}, el("b", {}, `Version ${made.version}`), ` of ${made.name} is in use: feature ${feature} `, ...(name ? ["is called ", el("bdi", {}, `“${name}”`)] : ["has no given name"]), " in it. No verdict changes."),
      el("div", { class: "row" }, back, say));
  });
}

function muteFeature(item, list) {
  const outcome = at("features-outcome");
  const { examples, wrong } = readExamples(at("features-examples").value);
  if (wrong.length) return outcome.replaceChildren(el("p", { class: "problem", role: "alert" }, `Line ${wrong[0]} of the examples was not understood: give a label, a tab or comma, and the text.`));
  const feature = `${item.layer}:${item.feature}`;
  const body = { feature, activate: false, ...(examples.length ? { examples } : {}) };
  return changeFeature("mute", list, body, (made) => mutedDraft(made, examples));
}

function mutedDraft(made, examples) {
  const say = el("p", { class: "fine", role: "status" });
  const rules = made.rules.map((rule) => (rule === "default" ? "the default one" : named("language", rule))).join(", ");
  return el("div", { class: "made" },
    el("p", {}, el("b", {}, `Draft ${made.version}`), ` of ${made.name} without feature ${made.feature}. ${made.base_version} is still in use.`),
    el("p", { class: "fine" }, `It no longer counts in ${made.rules.length === 1 ? "one rule" : `${counted(made.rules.length)} rules`}: ${rules}. Weights, calibration and cuts of the rest stay as they were; the quality of these rules has to be measured anew.`),
    made.compared ? comparedVerdicts(made.compared, examples) : el("p", { class: "fine" }, "Without examples nothing was compared; give some above to see which verdicts change."),
    el("div", { class: "row" }, el("button", { type: "button", class: "main", onclick: () => activate(made.name, made.version, say) }, "Put the draft into use"), say));
}

function comparedVerdicts(compared, examples) {
  const quality = (who, item) => [who, fixed(item.macro_f1, 3), fixed(item.balanced_accuracy, 3), fixed(item.accuracy, 3)];
  const rows = compared.verdicts.map((one) => [el("bdi", { dir: "auto" }, examples[one.example]?.text ?? `example ${one.example + 1}`), one.label, `${one.old} (${fixed(one.old_score)})`, `${one.new} (${fixed(one.new_score)})`]);
  return el("div", {},
    table("Old and new version on the same examples", ["version", "macro-F1", "balanced acc.", "accuracy"], [quality("in use", compared.old), { ours: true, cells: quality("draft", compared.new) }]),
    el("p", {}, `${compared.changed ? counted(compared.changed) : "None"} of ${counted(compared.examples)} verdicts change${compared.changed === 1 ? "s" : ""}${rows.length < compared.changed ? `; the first ${rows.length}` : ""}.`),
    rows.length ? table("Verdicts that change", ["text", "your label", "in use", "draft"], rows, 9) : null);
}
