"""Queue: what trains where, what waits for its turn, and what went wrong."""

import streamlit as st

from app.ui import errors, queue_rows, recorded
from app.ui.paging import choose_page
from mri_core import words
from mri_core.runs.order import stop_waiting
from mri_core.runs.queue import Queue

PER_PAGE = 20


def main() -> None:
    st.title("Queue")
    st.write("What trains where, what waits for its turn, and what went wrong.")
    draw()


@st.fragment(run_every=2.0)
def draw() -> None:
    with errors.in_words():
        queue = recorded.queue()
        if not (queue.running or queue.waiting or queue.failed):
            st.info("Nothing trains and nothing waits.", icon=":material/hourglass_empty:")
            st.page_link("views/train.py", label="Train a network", icon=":material/arrow_forward:")
            return
        running(queue)
        waiting(queue)
        failed(queue)


def running(queue: Queue) -> None:
    st.subheader("Training now", anchor=False)
    if queue.slots is not None:
        used = (
            f"{words.count(len(queue.running))} of {words.count(queue.slots)} {'slot' if queue.slots == 1 else 'slots'}"
        )
        st.caption(f"{used} in use. MRI_SLOTS sets how many runs train at once on this machine.")
    for run in queue.running:
        with st.container(key=f"running {run.id}"):
            queue_rows.draw_running(run)
    if not queue.running:
        st.write("Nothing.")
        st.page_link("views/train.py", label="Train a network", icon=":material/arrow_forward:")


def waiting(queue: Queue) -> None:
    count = len(queue.waiting)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"Waiting: {words.count(count)}" if count else "Waiting", anchor=False, width="content")
        if count:
            stop_all(count)
    if not count:
        st.write("Nothing.")
        return
    page = choose_page(count, PER_PAGE, "queue")
    for place in range((page - 1) * PER_PAGE, min(count, page * PER_PAGE)):
        queue_rows.draw_waiting(queue.waiting[place], place + 1, count)


def stop_all(count: int) -> None:
    """The question, asked once."""
    them = "the run that waits" if count == 1 else f"all {words.count(count)} runs that wait"
    with st.popover("Stop all waiting", icon=":material/playlist_remove:"):
        st.write(f"This takes {them} out of the queue. What trains goes on, and each can be resumed later.")
        if st.button(f"Stop {them}", type="primary", key="stop all waiting"):
            with st.spinner("Taking them out"):
                stop_waiting(recorded.store())
            st.rerun()


def failed(queue: Queue) -> None:
    if queue.failed:
        st.subheader("Failed lately", anchor=False)
        for run in queue.failed:
            queue_rows.draw_failed(run)


main()
