// Filters and sorts the findings. The page says all that it has to say without it.
"use strict";
const page = document.documentElement;
addEventListener("error", (event) => { page.dataset.error = event.message; });

const table = document.getElementById("finding-table");
if (table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const bar = document.createElement("div");
  bar.className = "filters";
  const search = bar.appendChild(document.createElement("input"));
  search.type = "search";
  search.placeholder = "filter by any word";
  search.setAttribute("aria-label", "filter findings by any word");
  const vpc = choice("every VPC", "vpc");
  const status = choice("every outcome", "status");
  const count = bar.appendChild(document.createElement("span"));
  count.setAttribute("role", "status");
  table.parentElement.before(bar);
  for (const each of [search, vpc, status]) each.addEventListener("input", show);
  [...table.tHead.rows[0].cells].forEach(sortable);
  show();

  function choice(all, name) {
    const select = bar.appendChild(document.createElement("select"));
    select.setAttribute("aria-label", all);
    select.append(new Option(all, ""));
    for (const value of [...new Set(rows.map((row) => row.dataset[name]))].sort()) select.append(new Option(value, value));
    return select;
  }

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = (vpc.value && row.dataset.vpc !== vpc.value)
        || (status.value && row.dataset.status !== status.value)
        || !words.every((word) => text.includes(word));
    }
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
  }

  function sortable(cell, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = cell.textContent;
    cell.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = cell.ariaSort === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      cell.ariaSort = down ? "descending" : "ascending";
      rows.sort((a, b) => (down ? -1 : 1) * order(a.cells[column].textContent, b.cells[column].textContent));
      body.append(...rows);
    });
  }

  function order(a, b) {
    return a.localeCompare(b, "en", { numeric: true });
  }
}
page.dataset.ready = "yes";
