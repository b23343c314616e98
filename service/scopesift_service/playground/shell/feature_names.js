// Names of features are tokens of what they fire on, unchosen by anybody: those that may insult are masked until
// somebody wants to see them. A name that a person gave is shown.
const ROUGH = /fuck|shit|bitch|cunt|nigg|fagg?ot|whore|slut|puss(y|ies)|\bdick|\bcock\b|\bass(hole)?\b|\brap(e|ist)?\b|idiot|stupid|put[ao]\b|mierda|merde|scheiß|hure|\bbite\b|бля|ху[йяеи]|пизд|сук[аи]|شرموط|كلب|चूत|傻[逼屄]|操你/iu;
const revealed = new Set();

const featureId = (item) => `${item.layer}:${item.feature}`;
const isMasked = (item) => !item.given_name && Boolean(item.name) && (item.binary || ROUGH.test(item.name)) && !revealed.has(featureId(item));

function nameOf(item) {
  if (item.given_name) return item.given_name;
  if (!item.name) return `feature ${item.feature}`;
  return isMasked(item) ? item.name.split(" · ").map(maskedWord).join(" · ") : item.name;
}

// A word on which a feature fires, as it may be shown.
const wordOf = (item, word) => ((item.binary || ROUGH.test(word)) && !revealed.has(featureId(item)) ? maskedWord(word) : word);

function maskedWord(word) {
  const [first, ...rest] = [...word];
  return first + "•".repeat(Math.min(rest.length, 6));
}

function reveal(items) {
  for (const item of items) revealed.add(featureId(item));
}
