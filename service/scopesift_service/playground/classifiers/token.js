// The access token that changes need; it stands in its field only and is forgotten with the page.
function accessToken(say) {
  const token = at("token").value.trim();
  if (token) return token;
  say.replaceChildren("This needs the access token: enter it above first.");
  at("token").focus();
  return "";
}
