let cardOwner = null;

function cardContent(features) {
  return features.map((item) => el("section", { vars: { hue: item.hue, colour: item.colour } },
    el("header", {}, el("span", { class: "swatch", "aria-hidden": "true" }), el("h3", { dir: "auto" }, nameOf(item))),
    el("p", { class: "what" }, `layer ${item.layer} · feature ${item.feature} · read by ${item.classifier} (${item.said})` + (isMasked(item) ? " · click to show its name" : "")),
    el("dl", {},
      el("dt", {}, "fires on"), el("dd", {}, el("bdi", {}, wordList(item, 6))),
      el("dt", {}, "strongest"), el("dd", {}, item.threshold > 0 ? `${fixed(item.activation)}, fires from ${fixed(item.threshold)}` : fixed(item.activation)),
      el("dt", {}, "adds"), el("dd", {}, fixed(item.contribution ?? 0, 3)))));
}

function wordList(item, most) {
  const shown = item.words.slice(0, most).map(([word, times]) => (times > 1 ? `${word} ×${times}` : word)).join(", ");
  return shown + (item.words.length > most ? ", …" : "");
}

function showCard(owner, features) {
  const card = at("card");
  hideCard();
  cardOwner = owner;
  card.replaceChildren(...cardContent(features));
  card.hidden = false;
  owner.setAttribute("aria-describedby", "card");
  const place = owner.getClientRects()[0] ?? owner.getBoundingClientRect();
  const width = card.offsetWidth;
  const left = Math.min(Math.max(12, place.left), document.documentElement.clientWidth - width - 12);
  const below = place.bottom + 10 + card.offsetHeight < innerHeight || place.top < card.offsetHeight + 20;
  card.style.left = `${left + scrollX}px`;
  card.style.top = `${(below ? place.bottom + 10 : place.top - card.offsetHeight - 10) + scrollY}px`;
  point(features);
}

function hideCard() {
  if (cardOwner) cardOwner.removeAttribute("aria-describedby");
  cardOwner = null;
  at("card").hidden = true;
  point(pinned ? [pinned] : []);
}

// Lights the words that these features fire on, and dims the others.
function point(features) {
  const keys = new Set(features.map((item) => item.key));
  at("read").classList.toggle("dimmed", keys.size > 0);
  for (const mark of at("read").querySelectorAll("mark")) mark.classList.toggle("on", mark.dataset.keys.split(" ").some((key) => keys.has(key)));
}

function wireCard(node, features) {
  node.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && showCard(node, features));
  node.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hideCard());
  node.addEventListener("focus", () => showCard(node, features));
  node.addEventListener("blur", hideCard);
}

document.addEventListener("keydown", (event) => event.key === "Escape" && hideCard());
document.addEventListener("pointerdown", (event) => {
  if (cardOwner && !cardOwner.contains(event.target) && !at("card").contains(event.target)) hideCard();
});
