"""A clerk in Kinshasa or Hanoi walks the console: they choose their language at the top, open every door of the navigation, and read no text
of ours in English."""

import pytest

from tests.browser.conftest import Street
from tests.browser.test_axe import CONSOLE, Busy, busy, of_the_street
from tests.browser.test_pages import sign_in
from tests.gateway.admin.test_console_languages import english

__all__ = ["busy"]
SEEN = """() => {
  const texts = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (!walk.currentNode.parentElement.closest('blockquote')) texts.push(walk.currentNode.textContent);
  for (const one of document.querySelectorAll('[placeholder], [aria-label], [title]'))
    texts.push(one.getAttribute('placeholder') || '', one.getAttribute('aria-label') || '', one.getAttribute('title') || '');
  return [document.title.split(' · ')[0], ...texts];
}"""
"""Every text of the page that can be read or heard."""


@pytest.mark.parametrize(("lang", "its_name"), [("fr", "Français"), ("vi", "Tiếng Việt")])
async def test_a_clerk_reads_the_whole_console_in_their_language(
    street: Street, busy: Busy, lang: str, its_name: str
) -> None:
    page, said = await street.page(), english(lang)
    await sign_in(page)
    await page.get_by_role("link", name=its_name).click()
    assert await page.get_attribute("html", "lang") == lang
    doors = await page.eval_on_selector_all("header nav a", "links => links.map(one => one.getAttribute('href'))")
    assert set(doors) == set(CONSOLE), "every door stands in the navigation"
    left = []
    for path in [*doors, *of_the_street(street, busy)]:
        await page.goto(path)
        assert await page.get_attribute("html", "lang") == lang, path
        texts = {" ".join(text.split()).strip(":,.; ") for text in await page.evaluate(SEEN)}
        left += sorted(f"{path}: {text}" for text in texts if text in said)
    assert left == [], "\n" + "\n".join(left)
