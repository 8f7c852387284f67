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
