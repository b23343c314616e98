// The request as somebody would send it, and the answer. The key is never part of it.
function asCurl(body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  const key = readKey() ? " \\\n  -H \"Authorization: Bearer $SCOPESIFT_KEY\"" : "";
  return `curl -s '${classifyUrl()}' \\\n  -H 'content-type: application/json'${key} \\\n  -d '${quoted}'\n`;
}

function asPython(body) {
  const key = readKey();
  return [
    "import json",
    ...(key ? ["import os"] : []),
    "import urllib.request",
    "",
    `body = json.loads(${pythonString(JSON.stringify(body))})`,
    `headers = {"Content-Type": "application/json"${key ? ', "Authorization": f"Bearer {os.environ[\'SCOPESIFT_KEY\']}"' : ""}}`,
    `request = urllib.request.Request("${classifyUrl()}", json.dumps(body).encode(), headers)`,
    "with urllib.request.urlopen(request) as answer:",
    "    print(json.dumps(json.load(answer), ensure_ascii=False, indent=2))",
    "",
  ].join("\n");
}

const classifyUrl = () => new URL("v1/classify", location.href).href;
// JSON's string escapes are Python's too, but for the pairs of surrogates, which JSON.stringify leaves as they are
const pythonString = (text) => JSON.stringify(text);

const COPIES = {
  curl: () => asCurl(requestFor(shown.text)),
  Python: () => asPython(requestFor(shown.text)),
  JSON: () => JSON.stringify(shown.record, null, 2) + "\n",
  link: () => location.href,
};

async function copy(what) {
  const text = COPIES[what]();
  const place = at("copied");
  try {
    await navigator.clipboard.writeText(text);
    place.replaceChildren(what === "link" ? "The link is copied. It has your settings, not your text." : `Copied as ${what}.`);
  } catch {
    // a page that came over plain HTTP from another machine may not use the clipboard
    const box = el("textarea", { readonly: true, rows: "5", "aria-label": `${what}, to copy by hand` });
    box.value = text;
    place.replaceChildren("The browser doesn't let this page copy; copy it from here:", box);
    box.select();
  }
}

for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button.dataset.copy));
