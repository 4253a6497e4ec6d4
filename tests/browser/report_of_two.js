// report_of_two.js REPORT: two runs in one page.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { check, equal, seriousFindings, withPage } from "./page.js";

await withPage({}, async (page, watched) => {
    await page.goto(pathToFileURL(resolve(process.argv[2])).href);
    await page.waitForSelector("html[data-ready]");
    equal(watched.faults.join("; "), "", "faults of the page");
    equal(await page.locator("#summary h3").count(), 2, "summaries");
    equal(await page.locator("#results table").count(), 1, "tables of results that are told by the same metrics");
    equal(await page.locator("#results tbody tr").count(), 6, "rows of results");
    check((await page.locator("#profile").textContent()).includes("shown since generation"), "the profile of the run with seeds");
    check((await page.locator("#theory tbody tr").count()) >= 4, "closed forms");
    equal((await seriousFindings(page)).join("\n"), "", "axe-core");
});
