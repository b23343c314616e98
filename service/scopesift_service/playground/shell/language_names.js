// "de" reads better as "German (de)".
function named(classifier, label) {
  if (classifier !== "language" || !/^[a-z]{2,3}$/.test(label)) return label;
  if (label === "und") return "unknown";
  try {
    const name = new Intl.DisplayNames(["en"], { type: "language" }).of(label);
    return name && name !== label ? `${name} (${label})` : label;
  } catch {
    return label;
  }
}
