"""What stories in a browser do alike."""


def open_list(box, option) -> None:
    """Open a list, again where the page moved under it while it was still being drawn, which closes it."""
    from playwright.sync_api import TimeoutError as TooLate

    for _ in range(10):
        box.click()
        try:
            option.wait_for(timeout=3000)
            return
        except TooLate:
            continue


def go_to(page, section: str, name: str) -> None:
    """Open a page by the menu at the top."""
    entry = page.get_by_role("menuitem", name=name, exact=True)
    open_list(page.get_by_text(section, exact=True).first, entry)
    entry.click()
