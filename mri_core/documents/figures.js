// Draws each figure from the JSON beside it, and fits them to the paper while printing. Colours come from the page's CSS.
(() => {
  "use strict";
  const places = [...document.querySelectorAll(".plot")];
  for (const place of places) {
    const { data, layout } = JSON.parse(place.nextElementSibling.textContent);
    Plotly.newPlot(place, data, layout, { responsive: true, displaylogo: false });
  }
  // Not Plots.resize, which waits for a moment: printing does not.
  const fit = (size) => places.forEach((place) => Plotly.relayout(place, size(place)));
  addEventListener("beforeprint", () => {
    document.body.classList.add("printing");
    fit((place) => ({ width: place.clientWidth }));
  });
  addEventListener("afterprint", () => {
    document.body.classList.remove("printing");
    fit(() => ({ width: null, autosize: true }));
  });
})();
