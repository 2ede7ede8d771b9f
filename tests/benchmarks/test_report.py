"""How long the report of a large run takes to sort, in a headless Chromium where there is one."""

import pytest

from ..results.report.browser import CHROMIUM, open_browser
from ..results.report.test_size import write_large

# Until the browser has laid the rows out again.
SORT = """(() => {
  const start = performance.now();
  document.querySelector("#leaderboard-table th[data-column=score] button").click();
  document.getElementById("leaderboard-table").getBoundingClientRect();
  return performance.now() - start;
})()"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_sorting_the_leaderboard_of_sixty_strategies(benchmark, tmp_path):
    write_large(tmp_path / "report.html")
    with open_browser(tmp_path / "profile") as tab:
        tab.open(tmp_path / "report.html")
        assert tab.run("document.querySelectorAll('#leaderboard-table tbody tr').length") == 62
        benchmark.pedantic(tab.run, (SORT,), rounds=20, warmup_rounds=2)
        benchmark.extra_info["milliseconds_in_the_page"] = tab.run(SORT)
