"""The list by mouse, by keyboard, on a telephone and without JavaScript: ticks, columns, choices, names, lists."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import Site, look

LogIn = Callable[[Page, str], Page]


def ticks(page: Page) -> Locator:
    return page.locator("input[name=valgt]")


def total(page: Page) -> str:
    """How many the list holds, as written; waits for the count."""
    count = page.locator(".results-count .count")
    expect(count).to_be_visible()
    return count.inner_text().split()[0]


@pytest.fixture
def as_usual(page: Page) -> Iterator[None]:
    """The columns of a person are kept: afterwards as they were."""
    yield
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/lokationsnumre/visning/")
    page.get_by_role("button", name="Som standard").click()


def test_ticks_are_kept_from_page_to_page(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/lokationsnumre/?status=aktiv&antal=25")
    status = page.locator(".choose-count")
    ticks(page).nth(0).check()
    expect(status).to_have_text("1 valgt")
    ticks(page).nth(3).click(modifiers=["Shift"])
    expect(status).to_have_text("4 valgt")
    page.get_by_role("link", name="Næste").click()
    expect(page).to_have_url(re.compile("page=2"))
    expect(status).to_have_text("4 valgt")
    page.locator(".choose-page").check()
    expect(status).to_have_text("29 valgt")
    look(page, "lokationsnumre-valgt-to-sider")
    page.get_by_role("link", name="Enhed", exact=True).click()
    expect(status).to_have_text("29 valgt")
    page.get_by_role("button", name="Ret valgte").click()
    expect(page.locator("h1")).to_have_text("Ret 29 lokationsnumre")
    page.goto("/lokationsnumre/?status=lukket")
    expect(status).to_have_text("")
    page.goto("/lokationsnumre/?status=aktiv&antal=25&page=2")
    page.get_by_role("button", name="Fravælg alle").click()
    expect(page.locator("input[name=valgt]:checked")).to_have_count(0)
    page.reload()
    expect(status).to_have_text("")


def test_all_that_match_can_be_chosen(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/lokationsnumre/?status=aktiv&antal=25")
    found = total(page)
    page.get_by_role("button", name=re.compile(f"Vælg alle {re.escape(found)}")).click()
    expect(page.locator(".choose-count")).to_have_text(f"Alle {found} valgt")
    expect(page.locator("input[name=valgt]:checked")).to_have_count(25)
    page.goto("/lokationsnumre/?status=aktiv&antal=25&page=2")
    expect(page.locator("input[name=valgt]:not(:checked)")).to_have_count(0)
    page.get_by_role("button", name="Ret valgte").click()
    expect(page.locator("h1")).to_have_text(f"Ret {found} lokationsnumre")
    page.goto("/lokationsnumre/?status=aktiv&antal=25")
    page.locator(".fetch-chosen summary").click()
    with page.expect_download() as download:
        page.locator(".fetch-chosen button[value=csv]").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) - 1 == int(found.replace(".", ""))
    ticks(page).first.uncheck()
    expect(page.locator(".choose-count")).to_have_text("24 valgt")


def test_choices_have_counts_and_chips_take_them_away(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/lokationsnumre/")
    total(page)
    kmd = page.locator(".pick", has=page.locator("[name=vans]"), has_text="KMD")
    number = kmd.locator(".n").inner_text()
    kmd.locator("input").check()
    page.get_by_role("button", name="Vis", exact=True).click()
    expect(page).to_have_url(re.compile(r"/lokationsnumre/\?vans=[0-9]+$"))
    assert total(page) == number
    page.get_by_label("EDI-typer med komma imellem").fill("DIS91, CTL01")
    page.get_by_label("EDI-typer med komma imellem").press("Enter")
    expect(page.locator(".chips .tag")).to_have_count(3)
    page.locator(".chips .tag", has_text="KMD").click()
    expect(page.locator(".chips .tag")).to_have_count(2)
    page.get_by_role("link", name="Ryd alle").first.click()
    expect(page).to_have_url(re.compile("/lokationsnumre/$"))


def test_columns_are_chosen_and_moved(page: Page, log_in: LogIn, as_usual: None) -> None:
    log_in(page, "administrator")
    page.goto("/lokationsnumre/?status=aktiv")
    page.get_by_text("Kolonner", exact=True).first.click()
    look(page, "lokationsnumre-kolonner")
    page.get_by_role("checkbox", name="By", exact=True).uncheck()
    page.locator("#kolonne-region").check()
    for _step in range(20):
        page.get_by_role("button", name="Flyt Region op").click()
        if page.locator(".display-columns li").first.inner_text().startswith("Region"):
            break
    page.locator(".display").get_by_role("button", name="Gem", exact=True).click()
    headings = [text.strip() for text in page.locator("thead th:not(.col-valgt)").all_inner_texts()]
    assert headings[:4] == ["Lokationsnummer ▲", "Region", "Enhed", "VANS"]
    assert "By" not in headings


def test_the_names_of_edi_types_are_told_on_focus_and_hover(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/lokationsnumre/?edi_type=DIS91&status=aktiv")
    names = page.locator("#type-names")
    codes = page.locator("a.type-codes")
    codes.nth(1).focus()
    expect(names).to_contain_text("DIS91 D9134L Korrespondance")
    expect(codes.nth(1)).to_have_attribute("aria-describedby", "type-names")
    look(page, "lokationsnumre-navne")
    codes.nth(1).focus()
    page.keyboard.press("Escape")
    expect(names).to_be_hidden()
    codes.nth(0).hover()
    expect(names).to_be_visible()
    names.hover()
    expect(names).to_be_visible()
    page.locator("h1").evaluate("one => one.focus()")
    page.mouse.move(5, 5)
    expect(names).to_be_hidden()


def test_everything_by_keyboard(page: Page, log_in: LogIn, as_usual: None) -> None:
    log_in(page, "administrator")
    page.goto("/lokationsnumre/?status=aktiv&antal=25")

    def tab_to(selector: str) -> None:
        for _step in range(200):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"no Tab leads to {selector}")

    tab_to("input[name=vans]")
    page.keyboard.press("Space")
    tab_to(".panel-send button")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("vans="))
    tab_to(".drop > summary")
    page.keyboard.press("Enter")
    tab_to("button.move[name=ned]")
    page.keyboard.press("Enter")
    tab_to(".display-send button")
    page.keyboard.press("Enter")
    expect(page.locator("thead th").nth(2)).to_contain_text("By")
    tab_to("thead th a")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sort=-gln"))
    tab_to("input[name=valgt]")
    page.keyboard.press("Space")
    tab_to("button.choose-all")
    page.keyboard.press("Enter")
    expect(page.locator(".choose-count")).to_contain_text("Alle")
    tab_to("button[name=omfang][value=valgte]")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Ret ")


@pytest.mark.parametrize("javascript", [True, False])
def test_from_a_tick_it_is_a_few_tabs_to_the_actions(
    chromium: Browser, site: Site, log_in: LogIn, javascript: bool
) -> None:
    context = chromium.new_context(base_url=site.address, locale="da-DK", java_script_enabled=javascript)
    page = log_in(context.new_page(), "administrator")
    page.goto("/lokationsnumre/?status=aktiv&antal=50")
    button = page.get_by_role("button", name="Ret valgte")
    past = page.get_by_role("link", name="Til handlinger for de valgte")
    expect(past).to_have_count(0)
    ticks(page).nth(2).focus()
    page.keyboard.press("Space")
    expect(past).to_have_count(1)
    page.keyboard.press("Tab")
    expect(past).to_be_focused()
    if javascript:
        look(page, "lokationsnumre-til-handlinger")
        ticks(page).nth(2).focus()
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Ret ")
    context.close()


def test_on_a_telephone_filters_are_in_a_drawer_and_rows_are_cards(page: Page, log_in: LogIn) -> None:
    log_in(page, "region")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/lokationsnumre/")
    expect(page.locator("input[name=vans]").first).to_be_hidden()
    page.locator(".panel > summary").click()
    look(page, "lokationsnumre-filtre")
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("input[name=status][value=aktiv]").check()
    page.get_by_role("button", name="Vis", exact=True).click()
    expect(page.locator(".panel > summary")).to_contain_text("1")
    card = page.locator("tbody tr").first.bounding_box()
    assert card and card["width"] <= 390 and card["height"] > 80
    ticks(page).first.check()
    bar = page.locator(".choose-bar").bounding_box()
    assert bar and bar["y"] + bar["height"] <= 845


def test_without_javascript_it_is_all_there(chromium: Browser, site: Site, log_in: LogIn) -> None:
    context = chromium.new_context(base_url=site.address, locale="da-DK", java_script_enabled=False)
    page = log_in(context.new_page(), "medcom")
    page.goto("/lokationsnumre/")
    page.get_by_label("EDI-typer med komma imellem").fill("DIS91")
    page.locator("input[name=status][value=aktiv]").check()
    page.get_by_role("button", name="Vis", exact=True).click()
    expect(page).to_have_url(re.compile(r"/lokationsnumre/\?status=aktiv&edi_type=DIS91$"))
    page.get_by_role("link", name="Vis antal").click()
    expect(page.locator("h1")).to_contain_text("lokationsnumre")
    page.locator("table", has=page.get_by_text("VANS", exact=True)).get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("vans="))
    page.get_by_text("Kolonner", exact=True).first.click()
    page.get_by_role("button", name="Flyt Enhed ned").click()
    expect(page.locator("thead th").nth(2)).to_contain_text("By")
    page.get_by_role("button", name="Som standard").click()  # the drawer opens where the column went
    ticks(page).nth(0).check()
    ticks(page).nth(1).check()
    page.get_by_role("button", name="Ret valgte").click()
    expect(page.locator("h1")).to_have_text("Ret 2 lokationsnumre")
    context.close()


def test_a_pasted_list_tells_what_is_not_there(page: Page, log_in: LogIn) -> None:
    log_in(page, "region")
    page.goto("/lokationsnumre/?status=aktiv")
    glns = [box.get_attribute("value") for box in ticks(page).all()[:3]]
    page.get_by_role("link", name="Indsæt liste").click()
    look(page, "indsaet-liste")
    page.get_by_label("Lokationsnumre", exact=True).fill("\n".join(map(str, glns)))
    page.get_by_role("button", name="Find dem").click()
    expect(page).to_have_url(re.compile(r"/lokationsnumre/\?liste="))
    assert total(page) == "3"
    page.goto("/lokationsnumre/liste/")
    page.get_by_label("Lokationsnumre", exact=True).fill(f"{glns[0]} 5790000000999\n12345")
    page.get_by_role("button", name="Find dem").click()
    expect(page.locator("main")).to_contain_text("1 af dine lokationsnumre blev fundet")
    look(page, "indsaet-liste-mangler")
    page.get_by_role("link", name="Vis 1 lokationsnummer").click()
    assert total(page) == "1"


def test_an_empty_result_leads_to_a_wider_search(page: Page, log_in: LogIn) -> None:
    log_in(page, "administrator")
    page.goto("/lokationsnumre/?status=lukket&status=fremtidig&ingen_edi_typer=ja&edi_type=DIS91")
    expect(page.locator(".empty")).to_contain_text("Ingen lokationsnumre passer")
    look(page, "lokationsnumre-bredere")
    page.locator(".wider a").first.click()
    assert ticks(page).count() > 0
