"""What a test does on a tablet beside touching it: signing in quickly, deciding by the page's own script, looking
into its store."""

from typing import Any
from uuid import uuid4

from playwright.sync_api import BrowserContext, Page

ANSWERS_WITHIN_MS = 10_000
SEND = """async ([decision, title, options]) => {
  const outbox = await import(document.querySelector('script[src*="/js/outbox.js"]').src);
  return outbox.send(decision, title, options);
}"""
KEPT = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("jidoka");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const all = opening.result.transaction("outbox").objectStore("outbox").getAll();
    all.onsuccess = () => { opening.result.close(); resolve(all.result); };
  };
})"""


def sign_in(context: BrowserContext, address: str, name: str, password: str) -> None:
    """Opens a session without the page for it."""
    answer = context.request.post(f"{address}/api/v1/session", data={"name": name, "password": password})
    assert answer.ok, answer.text()


def tap(page: Page, decision: dict[str, Any], title: str = "Decision", deadline: str | None = None) -> str:
    """Decides as the sheet does at its second touch; the decision's id, once the tablet has it for certain.

    Raises playwright's Error when the page has no scripts within the time, as one that came in an outage.
    """
    options = {"id": str(uuid4())} | ({"deadline": deadline} if deadline else {})
    tapped: str = _answer(page, SEND, [decision, title, options])
    return tapped


def outbox(page: Page) -> list[dict[str, Any]]:
    """What the tablet keeps."""
    kept: list[dict[str, Any]] = _answer(page, KEPT)
    return kept


def _answer(page: Page, script: str, argument: object = None) -> Any:
    """What the script comes to. Evaluating it would wait for ever on a page that never arrives."""
    return page.wait_for_function(script, arg=argument, timeout=ANSWERS_WITHIN_MS, polling=100).json_value()
