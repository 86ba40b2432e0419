// The PIN pad: digits under gloved fingers go into the field above it, and the field says so itself.

function press(button) {
  const input = button.closest(".secret").querySelector("[data-secret]");
  const { digit } = button.dataset;
  if (digit === "clear") input.value = "";
  else if (digit === "back") input.value = input.value.slice(0, -1);
  else input.value += digit;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-digit]");
  if (button) press(button);
});
