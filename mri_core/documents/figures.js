// Draws each figure from the JSON beside it, and fits them to the paper while printing. Colours come from the page's CSS.
(() => {
  "use strict";
  const places = [...document.querySelectorAll(".plot")];
  for (const place of places) {
    const { data, layout } = JSON.parse(place.nextElementSibling.textContent);
    Plotly.newPlot(place, data, layout, { responsive: true, displaylogo: false });
  }
  const fit = () => places.forEach((place) => Plotly.Plots.resize(place));
  addEventListener("beforeprint", () => {
    document.body.classList.add("printing");
    fit();
  });
  addEventListener("afterprint", () => {
    document.body.classList.remove("printing");
    fit();
  });
})();
