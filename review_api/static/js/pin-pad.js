// The PIN pad of the sign-in page. Without this script the fields are typed into, and names are links.

const who = document.getElementById("who");
const secret = document.getElementById("secret");
const pad = document.getElementById("pin-pad");

// The tablet's own keyboard would cover the pad; whoever has a password asks for it.
pad.hidden = false;
secret.inputMode = "none";

pad.addEventListener("click", (event) => {
  const key = event.target.closest("button");
  if (key === null) return;
  if (key.dataset.digit !== undefined) secret.value += key.dataset.digit;
  else if (key.dataset.pad === "back") secret.value = secret.value.slice(0, -1);
  else {
    secret.inputMode = "text";
    secret.blur();
    secret.focus();
  }
});

// A scanner types what the badge says, then Enter: the PIN comes next.
who.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || secret.value !== "" || who.value === "") return;
  event.preventDefault();
  secret.focus();
});
