"""Quality: what is wrong with a data set before anything is trained on it."""

import streamlit as st

from app.ui import cache, empty, examples, excluding, state, suspects
from app.ui.gallery import first_page, save_as
from mri_core import words
from mri_core.datasets.dataset import Dataset
from mri_core.quality.checks import CHECKS, Quality
from mri_core.quality.examples import numbers_table, slices_table, summary_table
from mri_core.quality.finding import Finding, counted

SEVERITY = "Serious: scores are wrong because of it. Warning: scores may suffer. Note: worth knowing, perhaps intended."
LOOKED_FOR = {
    "exact-duplicates": "Slices that are the same in every pixel, within a split and across splits",
    "near-duplicates": "Slices that show the same picture, moved, mirrored, brightened or compressed",
    "patients": "Patients in more than one split",
    "prevalence": "Labels that are not equally frequent in every split",
    "intensities": "Blank, saturated, low-contrast, padded and oddly bright slices, and those mostly of background",
    "unlike": "Slices that look like hardly any other, such as noise, other pictures, or slices upside down",
    "labels": "Labels that are missing, never or always occur, are too rare to judge, or follow from others",
}
PARTS = {"data": "Faults in the data", "labels": "Suspected label errors"}
COLOURS = {"serious": "red", "warning": "orange", "note": "blue"}


def main() -> None:
    st.title("Quality")
    st.write("What is wrong with the data before anything is trained on it, and what does it do to the scores?")
    dataset = state.dataset()
    if dataset is None:
        empty.no_dataset()
    elif choose_part() == "labels":
        suspects.draw(dataset)
    else:
        draw_faults(dataset)


def choose_part() -> str:
    """What the page looks at: the data by itself, or its labels by the word of networks."""
    wanted = state.list_from_address("look", list(PARTS))
    part = st.segmented_control(
        "Look at",
        list(PARTS),
        default=wanted[0] if wanted else "data",
        required=True,
        format_func=PARTS.__getitem__,
        label_visibility="collapsed",
        on_change=state.to_address,
        kwargs=dict.fromkeys(("page", "finding", "run", "label", "slice")),
        key="look at",
    )
    state.to_address(look=part if part != "data" else None)
    return part


def draw_faults(dataset: Dataset) -> None:
    quality = cache.quality(dataset.header)
    if quality is None:
        offer_check(dataset)
    elif not quality.findings:
        st.success(
            f"Nothing was found in {words.count(dataset.header.slices)} slices by {len(quality.found)} checks.",
            icon=":material/check_circle:",
        )
        draw_looked_for()
        draw_origin(dataset)
    else:
        draw_findings(dataset, quality)


def offer_check(dataset: Dataset) -> None:
    slices = words.count(dataset.header.slices)
    if not st.button(f"Check {slices} slices", type="primary", icon=":material/fact_check:"):
        st.caption("It takes some seconds for 20,000 slices, and changes nothing.")
        draw_looked_for()
        draw_origin(dataset)
        return
    bar = st.progress(0.0, text="Checking")

    def show(check: str, done: int, total: int) -> None:
        bar.progress(done / total, text=f"Check {done + 1} of {total}: {LOOKED_FOR[check]}")

    cache.check_quality(dataset.header, show)
    st.rerun()


def draw_looked_for() -> None:
    st.markdown("\n".join(["What is looked for:", *(f"- {LOOKED_FOR[check]}" for check in CHECKS)]))


def draw_origin(dataset: Dataset) -> None:
    """What this version lacks, where it is one."""
    origin = dataset.header.provenance.get("version_of")
    if origin:
        because = ", ".join(f"{words.plain(name)} ({words.count(count)})" for name, count in origin["because"].items())
        st.caption(
            f"A version of {words.plain(origin['name'])} without {words.count(origin['excluded'])} of its slices, left "
            f"out because of: {because}."
        )


def draw_findings(dataset: Dataset, quality: Quality) -> None:
    findings = quality.findings
    draw_origin(dataset)
    st.subheader("Findings", help=SEVERITY)
    finding = choose_finding(dataset, findings)
    with st.container(horizontal=True):
        removable = [one for one in findings if len(one.excluded) and one.severity != "note"]
        if removable and st.button("Leave out all serious findings and warnings", icon=":material/content_cut:"):
            excluding.confirm(dataset, removable)
        save_as("All findings as CSV", lambda: slices_table(dataset, findings), f"{dataset.name} findings.csv")
    draw_finding(dataset, finding)


def choose_finding(dataset: Dataset, findings: list[Finding]) -> Finding:
    """The finding that is opened, by a tick in the table; the first to begin with."""
    names = [finding.name for finding in findings]
    wanted = state.list_from_address("finding", names)
    chosen = st.dataframe(
        summary_table(findings),
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [names.index(wanted[0]) if wanted else 0]}},
        key=f"findings of {dataset.name} {dataset.fingerprint}",
    )
    ticked = next(iter(chosen.selection.rows), 0)
    if wanted and names[ticked] != wanted[0]:
        first_page()
    state.to_address(finding=names[ticked])
    st.caption("Tick a line to open the finding below.")
    return findings[ticked]


def draw_finding(dataset: Dataset, finding: Finding) -> None:
    st.subheader(words.plain(finding.title))
    st.badge(finding.severity.capitalize(), color=COLOURS[finding.severity], help=SEVERITY)
    st.write(words.plain(finding.summary))
    meaning, advice = st.columns(2, gap="medium")
    meaning.markdown(f"**What it means for the scores**  \n{words.plain(finding.meaning)}")
    advice.markdown(f"**What to do**  \n{words.plain(finding.advice)}")
    with st.container(horizontal=True):
        if len(finding.excluded):
            slices = counted(len(finding.excluded), "slices")
            if st.button(
                f"Leave {slices} out in a new version",
                type="secondary" if finding.severity == "note" else "primary",
                icon=":material/content_cut:",
            ):
                excluding.confirm(dataset, [finding])
        save_as("This finding as CSV", lambda: slices_table(dataset, [finding]), f"{dataset.name} {finding.name}.csv")
    numbers = numbers_table(finding)
    if numbers is not None:
        st.dataframe(numbers, hide_index=True)
    if finding.shown:
        examples.draw(dataset, finding)


main()
