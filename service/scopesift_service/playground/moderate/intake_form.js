// Where texts come in: pasted, chosen or dropped; what will be read of them is shown before anything is sent.
const SAMPLE = [
  "text,label,lang",
  "Thank you for the help yesterday; the soup was wonderful.,clean,en",
  "\"You are such a stupid idiot, shut your mouth.\",toxic,en",
  "Does anyone know when the library opens on Sunday?,clean,en",
  "\"What a bunch of morons, none of you can read.\",toxic,en",
  "The damn bus was late again and I missed the film.,clean,en",
  "Der Zug kommt um acht und wir fahren dann zum Hotel.,clean,de",
  "\"Halt dein dummes Maul, du Idiot.\",toxic,de",
  "Les chercheurs ont mesuré la vitesse de la lumière.,clean,fr",
  "Ferme ta gueule espèce de connard.,toxic,fr",
  "المطار قريب من وسط المدينة، والقطار يصل كل عشر دقائق.,clean,ar",
  "这座城市的人口超过八百万。,clean,zh",
  "La película fue muy bonita y la música también.,clean,es",
].join("\n");
const NOTHING_BINARY = "This service has no classifier with two labels, so there is nothing to moderate by.";
let source = null; // {text, name, damaged} of a file; null while the text area counts
let found = null;

function lookAtIntake() {
  const { text, name, damaged } = source ?? { text: at("paste").value, name: "", damaged: false };
  const kind = kindOf(text, name);
  at("read-as").replaceChildren(...Object.entries(KINDS).map(([value, said]) => el("option", { value, selected: value === kind }, said)));
  readIntake(text, kind, damaged);
}

function readIntake(text, kind, damaged) {
  found = { ...readRecords(text, kind), damaged };
  const likely = likelyColumns(found.columns);
  const options = (chosen, none) => [none && el("option", { value: "" }, none), ...found.columns.map((name) => el("option", { value: name, selected: name === chosen }, name))].filter(Boolean);
  at("column-text").replaceChildren(...options(likely.text));
  at("column-label").replaceChildren(...options(likely.label, "none"));
  at("column-lang").replaceChildren(...options(likely.lang, "find out"));
  for (const name of ["text", "label", "lang"]) at(`column-${name}`).parentElement.hidden = kind === "lines";
  at("columns").hidden = !text.trim();
  showIntake();
}

const chosenColumns = () => ({ text: at("column-text").value, label: at("column-label").value, lang: at("column-lang").value });

function showIntake() {
  const { rows, wrong } = rowsOf(found, chosenColumns());
  at("begin").textContent = rows.length ? `Classify ${several(rows.length, "text")}` : "Classify";
  at("begin").disabled = !rows.length || !queue.classifier;
  at("intake-said").textContent = queue.classifier ? truthsOf(rows).slice(0, 8).map(([name, count]) => `${name} · ${counted(count)}`).join(", ") : NOTHING_BINARY;
  showWrong(at("intake-wrong"), wrong);
  return { rows, wrong };
}

// Lines that are no text, counted and listed; nothing is left out silently.
const MOST_LISTED = 200;
function showWrong(details, wrong) {
  details.hidden = !wrong.length;
  details.firstElementChild.textContent = `${several(wrong.length, "line")} not read`;
  details.lastElementChild.replaceChildren(
    ...wrong.slice(0, MOST_LISTED).map(({ line, why, text }) => el("li", {}, el("b", {}, `Line ${counted(line)}: ${why}`), " ", el("bdi", {}, text.slice(0, 120)))),
    ...(wrong.length > MOST_LISTED ? [el("li", {}, `and ${counted(wrong.length - MOST_LISTED)} more`)] : []),
  );
}

async function takeFile(file) {
  at("intake-problem").hidden = true;
  at("intake").hidden = false;
  try {
    source = { ...(await textOf(file)), name: file.name };
  } catch (error) {
    at("intake-problem").textContent = error.message;
    at("intake-problem").hidden = false;
    return;
  }
  at("paste").value = "";
  at("file-name").textContent = file.name;
  lookAtIntake();
  at("begin").focus();
}

function takePaste() {
  source = null;
  at("file-name").textContent = "";
  at("intake-problem").hidden = true;
  lookAtIntake();
}

function clearIntake() {
  at("paste").value = "";
  at("file").value = "";
  takePaste();
}

at("paste").placeholder = "You are such an idiot\nDer Zug kommt um acht.\n{\"text\": \"…\", \"label\": \"clean\", \"lang\": \"de\"}";
at("paste").addEventListener("input", takePaste);
at("choose-file").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", () => at("file").files[0] && takeFile(at("file").files[0]));
at("sample").addEventListener("click", () => { at("paste").value = SAMPLE; takePaste(); at("begin").focus(); });
at("read-as").addEventListener("change", () => readIntake(source?.text ?? at("paste").value, at("read-as").value, source?.damaged));
for (const name of ["text", "label", "lang"]) at(`column-${name}`).addEventListener("change", showIntake);
addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  const file = event.dataTransfer.files[0];
  if (file) takeFile(file);
});
