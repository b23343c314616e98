// What is asked of the server, and which lens is on. The settings stand in the page's address, so that a link carries
// them; the text never does.
const settings = { classifiers: null, cuts: {}, lens: "all" };
let loaded = [];
let limits = { max_characters: Infinity, max_call_characters: Infinity };

function readSettings() {
  const given = new URLSearchParams(location.hash.slice(1));
  const cuts = [...given].filter(([name, value]) => name.startsWith("cut.") && Number(value) > 0 && Number(value) < 1);
  settings.classifiers = given.get("classifiers")?.split(",").filter(Boolean) ?? null;
  settings.cuts = Object.fromEntries(cuts.map(([name, value]) => [name.slice(4), Number(value)]));
  settings.lens = given.get("lens") || "all";
}

function keepSettings() {
  const kept = new URLSearchParams();
  if (settings.classifiers) kept.set("classifiers", settings.classifiers.join(","));
  for (const [name, cut] of Object.entries(settings.cuts)) kept.set(`cut.${name}`, cut);
  if (settings.lens !== "all") kept.set("lens", settings.lens);
  history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname + location.search);
}

// Settings may come from a link to another server: what this one doesn't have is left out.
function fitSettings() {
  const names = loaded.map(({ name }) => name);
  const chosen = settings.classifiers?.filter((name) => names.includes(name));
  settings.classifiers = chosen?.length && chosen.length < names.length ? chosen : null;
  for (const name of Object.keys(settings.cuts)) if (loaded.find((one) => one.name === name)?.kind !== "binary") delete settings.cuts[name];
}

const answers = (name) => !settings.classifiers || settings.classifiers.includes(name);

// The body of a request for a text; what costs more readings is left out for texts that are too long for it.
function requestFor(text) {
  const length = [...text].length;
  const spans = answers("language") && loaded.some(({ name, labels }) => name === "language" && labels.length > 1);
  return {
    texts: [text],
    ...(settings.classifiers && { classifiers: settings.classifiers }),
    ...(Object.keys(settings.cuts).length && { thresholds: settings.cuts }),
    ...(2 * length <= limits.max_call_characters && { explain: "tokens" }),
    ...(spans && 4 * length <= limits.max_call_characters && { spans: true }),
  };
}

function showSettings() {
  at("settings-list").replaceChildren(...loaded.map(({ name, kind }) => el("div", { class: "setting" },
    el("label", {}, el("input", { type: "checkbox", checked: answers(name), onchange: (event) => choose(name, event.target.checked) }), ` ${name}`),
    kind === "binary" && el("label", { class: "own-cut" }, "flag from ",
      el("input", { type: "number", min: "0.01", max: "0.99", step: "0.01", placeholder: "its own cut", value: settings.cuts[name], onchange: (event) => setCut(name, event.target) })))));
}

function choose(name, wanted) {
  const names = loaded.map((one) => one.name).filter((one) => (one === name ? wanted : answers(one)));
  settings.classifiers = names.length && names.length < loaded.length ? names : null;
  changed();
}

function setCut(name, input) {
  const cut = Number(input.value);
  if (cut > 0 && cut < 1) settings.cuts[name] = cut;
  else delete settings.cuts[name];
  input.value = settings.cuts[name] ?? "";
  changed();
}

function changed() {
  keepSettings();
  showSettings();
  judge();
}
