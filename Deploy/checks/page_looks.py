"""What holds of every page at every width and in both schemes."""

import urllib.request

from server import check

# Text whose contrast with what is behind it is under 4.5 (WCAG 2.2, 1.4.3), of what can be used.
PALE = """(() => {
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, place) => sum + c * [0.2126, 0.7152, 0.0722][place], 0);
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const behind = (element) => {
        for (let place = element; place; place = place.parentElement) {
            const colour = numbers(getComputedStyle(place).backgroundColor);
            if (colour[3] !== 0) return colour;
        }
    };
    return [...document.querySelectorAll('body *')].filter((element) =>
        element.checkVisibility() && !element.querySelector(':disabled') && !element.matches(':disabled')
        && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    ).filter((element) => {
        const two = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
        return (two[0] + 0.05) / (two[1] + 0.05) < 4.5;
    }).map((element) => element.textContent.trim().slice(0, 40));
})()"""
# What is narrower or lower than a finger needs (WCAG 2.2, 2.5.8).
SMALL = """[...document.querySelectorAll('button, .button, select, textarea, .pooling, .entry, summary')].filter((it) =>
    it.checkVisibility() && it.getBoundingClientRect().height < 24).map((it) => it.textContent)"""


def parts(server, *paths):
    """Each part is what it says, and one policy stands over all."""
    policies, kinds = set(), {"css": "text/css", "js": "text/javascript"}
    for path in paths:
        kind = kinds.get(path.rpartition(".")[2], "text/html")
        with urllib.request.urlopen(f"http://{server.host}:{server.port}{path}") as answer:
            check(answer.headers["Content-Type"] == f"{kind}; charset=utf-8", f"{path} is {kind}")
            check(answer.headers["X-Content-Type-Options"] == "nosniff", f"{path} is not sniffed")
            policies.add(answer.headers["Content-Security-Policy"])
    check(len(policies) == 1 and "unsafe" not in str(policies), f"one policy, nothing unsafe: {policies}")


def readable(browser, scheme, width):
    """Nothing is cut off, nothing pale, nothing too small to hit."""
    wide = browser.see("document.documentElement.scrollWidth")
    check(wide <= width, f"at {width} nothing is wider than the screen: {wide}")
    pale = browser.see(PALE)
    check(pale == [], f"{scheme}: hard to read: {pale}")
    small = browser.see(SMALL)
    check(small == [], f"at {width} too small to hit: {small}")


def named(browser, least):
    """A screen reader hears what everything is that can be used."""
    roles = {"textbox", "combobox", "spinbutton", "slider", "radio", "button", "link", "region", "DisclosureTriangle"}
    found = [(role, name) for role, name in browser.tree() if role in roles]
    check(len(found) > least and all(name.strip() for _, name in found), f"everything has a name: {found}")
