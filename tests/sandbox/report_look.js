// Put at the end of the test's copy of the report: looks at the page, and writes down what it sees.
addEventListener("load", () => {
  const every = (selector) => [...document.querySelectorAll(selector)];
  const words = (each) => each.textContent.trim().slice(0, 60);
  const box = (each) => each.getBoundingClientRect();
  const written = (each) => {
    const range = document.createRange();
    range.selectNodeContents(each);
    return range.getBoundingClientRect();
  };
  const within = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 && a.bottom <= b.bottom + 1;
  const meet = (a, b) => a.left + 1 < b.right && b.left + 1 < a.right && a.top + 1 < b.bottom && b.top + 1 < a.bottom;

  seen.requests = performance.getEntriesByType("resource").map((each) => each.name);
  seen.width = innerWidth;
  seen.pageWidth = document.documentElement.scrollWidth;
  seen.ready = document.documentElement.dataset.ready;
  seen.said = document.documentElement.dataset.error;

  const widgets = every(".widget");
  seen.widgets = widgets.length;
  seen.undrawn = widgets.filter((each) => each.dataset.drawn !== "yes").map(words);
  seen.flat = widgets.filter((each) => box(each).height < 20 || box(each).width < 100).map(words);

  // What lies in a box that scrolls may be wider than it.
  const plain = every("body *").filter((each) => !each.closest("svg, script, .scroll, select")
    && !each.childElementCount && words(each));
  const texts = every("svg text");
  seen.outside = [
    ...texts.filter((each) => !within(box(each), box(each.closest("svg")))),
    ...plain.filter((each) => !within(written(each), box(each.closest(".widget, li, section, header, body")))),
  ].map(words);
  seen.overlapping = texts.flatMap((one, n) => texts.slice(n + 1)
    .filter((other) => other.closest("svg") === one.closest("svg") && meet(box(one), box(other)))
    .map((other) => `${words(one)} / ${words(other)}`));

  const rows = () => every("#finding-table tbody tr").filter((row) => !row.hidden);
  const kinds = () => rows().map((row) => words(row.cells[2].querySelector("b")));
  const search = document.querySelector(".filters input");
  const filter = (typed) => {
    search.value = typed;
    search.dispatchEvent(new Event("input"));
    return rows().length;
  };
  seen.filtered = filter("kind-2 bob");
  seen.rows = filter("");
  const heading = document.querySelector("#finding-table th:nth-child(3) button");
  heading.click();
  seen.up = kinds();
  heading.click();
  seen.down = kinds();

  const note = document.createElement("pre");
  note.id = "seen";
  note.textContent = JSON.stringify(seen);
  document.body.append(note);
});
