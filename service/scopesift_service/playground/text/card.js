let cardOwner = null;

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
  point([]);
}

// Lights the pieces of the text that belong to these features, and dims the others.
function point(features) {
  const keys = new Set(features.map((item) => item.key));
  at("read").classList.toggle("dimmed", keys.size > 0);
  for (const mark of at("read").querySelectorAll("mark")) mark.classList.toggle("on", mark.dataset.keys.split(" ").some((key) => keys.has(key)));
  for (const button of at("legend").querySelectorAll("button")) button.setAttribute("aria-expanded", String(keys.has(button.dataset.key)));
}

function wireCard(node, features) {
  node.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && showCard(node, features));
  node.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hideCard());
  node.addEventListener("focus", () => showCard(node, features));
  node.addEventListener("blur", hideCard);
  node.addEventListener("click", () => showCard(node, features));
}

document.addEventListener("keydown", (event) => event.key === "Escape" && hideCard());
document.addEventListener("pointerdown", (event) => {
  if (cardOwner && !cardOwner.contains(event.target) && !at("card").contains(event.target)) hideCard();
});
