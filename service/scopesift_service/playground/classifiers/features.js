// The features of one rule, a part at a time; what was asked last is what is shown.
const PART = 12;
const SEARCH_PAUSE = 250; // ms after the last letter
const featureQuestions = questions();
let featureList = null;
let searching = 0;

function offerRules() {
  const chosen = classifiersShown.find(({ name }) => name === at("features-name").value);
  if (!chosen) return;
  const keep = (id, options) => {
    const before = at(id).value;
    at(id).replaceChildren(...options.map(([value, name]) => el("option", { value, selected: value === before }, name)));
  };
  keep("features-rule", [["default", "default"], ...chosen.langs.map((lang) => [lang, named("language", lang)])]);
  keep("features-label", chosen.labels.map((label) => [label, named(chosen.name, label)]));
  at("features-label-place").hidden = chosen.labels.length < 2;
}

const searchSoon = () => {
  clearTimeout(searching);
  searching = setTimeout(() => showFeatures(), SEARCH_PAUSE);
};

async function askFeatures(offset) {
  const name = at("features-name").value;
  const query = new URLSearchParams({ rule: at("features-rule").value, label: at("features-label").value, search: at("features-search").value.trim(), offset, limit: PART });
  return call(`v1/classifiers/${encodeURIComponent(name)}/features?${query}`);
}

async function showFeatures() {
  if (!at("features-name").value) return;
  const isLast = featureQuestions.next();
  try {
    const list = await askFeatures(0);
    if (isLast()) putFeatures(list);
  } catch (error) {
    if (!isLast()) return;
    at("features").replaceChildren();
    at("features-more").hidden = true;
    at("features-said").replaceChildren(el("span", { class: "wrong" }, error.message));
  }
}

async function showMoreFeatures() {
  const isLast = featureQuestions.now();
  const first = featureList.features.length;
  const more = await askFeatures(first).catch((error) => {
    at("features-said").replaceChildren(el("span", { class: "wrong" }, error.message));
  });
  if (!more || !isLast()) return;
  putFeatures({ ...more, features: [...featureList.features, ...more.features] });
  // the button moved down or went: who used the keyboard goes on at the first new card
  const next = at("features").children[first];
  next.tabIndex = -1;
  next.focus();
}

function putFeatures(list) {
  const binary = classifiersShown.find(({ name }) => name === list.name)?.kind === "binary";
  featureList = { ...list, features: list.features.map((item) => ({ ...item, binary })) };
  if (at("features-plain").checked) reveal(featureList.features);
  at("features").replaceChildren(...featureList.features.map((item) => featureCard(item, featureList)));
  at("features-more").hidden = list.features.length >= list.total;
  at("features-said").textContent = list.total ? `${counted(list.features.length)} of ${counted(list.total)} features` : "No feature is like that.";
}

// One card again, after its words were shown.
function showFeature(item) {
  const old = at("features").querySelector(`[data-place="${item.layer}:${item.feature}"]`);
  const card = featureCard(item, featureList);
  old.replaceWith(card);
  card.tabIndex = -1;
  card.focus();
}
