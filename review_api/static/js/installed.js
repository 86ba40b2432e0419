// Puts the shell of the app on the tablet. Browsers allow that behind TLS (and on the machine itself) only.

if ("serviceWorker" in navigator) {
  addEventListener("load", () => navigator.serviceWorker.register("/service-worker.js", { updateViaCache: "none" }));
}
