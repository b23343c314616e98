// What a failure means to the person at the page. The server's own line is for programs: it names fields and headers.
const NO_ANSWER = {
  away: "The server can't be reached. It may have stopped, or the network is down.",
  late: "The server didn't answer in time. Try again, or try a shorter text.",
};
const WORDS = {
  401: "This server asks for an API key.",
  404: "This server doesn't have what the page asked for. Reload the page.",
  408: "The text didn't arrive at the server in time. Try again.",
  413: "That is more text than this server takes at once.",
  429: "The server is busy.",
  500: "Something went wrong on the server; its log has the reason.",
  503: "The server isn't ready, or is too slow right now.",
};

function inWords(status, said, withToken) {
  if (status === 401 && !withToken && readKey()) return "The API key isn't one of this server's.";
  if (withToken && status === 401) return "The access token is missing or wrong.";
  const tooLong = /(\d+) characters.*limit is (\d+)/.exec(said);
  if (status === 413 && tooLong) return `The text is too long: ${counted(tooLong[1])} characters, and this server takes ${counted(tooLong[2])} at once.`;
  if (WORDS[status]) return WORDS[status];
  if (status >= 500) return WORDS[500];
  // what remains is about what was typed, such as labelled examples; positions count from one
  return said.replace(/\b(text|example)s\[(\d+)\](\.\w+)?/g, (_, what, index) => `${what} ${Number(index) + 1}`) || `The server refused this (${status}).`;
}

const counted = (number) => Number(number).toLocaleString("en");
