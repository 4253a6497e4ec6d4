// report_of_one_seed.js REPORT: no band, and sizes apart.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { check, equal, withPage } from "./page.js";

await withPage({}, async (page, watched) => {
    await page.goto(pathToFileURL(resolve(process.argv[2])).href);
    await page.waitForSelector("html[data-ready]");
    equal(watched.faults.join("; "), "", "faults of the page");
    equal(await page.getByLabel(/Bands/).count(), 0, "a control of bands, where there are none");
    check((await page.locator("#summary").textContent()).includes("one repetition"), "that there is one seed is said");
    // Replace fits to 10 items, accumulate to more and more: their numbers have no axis in common.
    const captions = await page.locator('figure[data-metric="variance_ratio"] figcaption').allTextContents();
    equal(captions.length, 2, "charts of the variance");
    check(captions.some((text) => text.includes("n = 10;")) && captions.some((text) => text.includes("n = 10 to 400;")),
        `the sizes are told apart: ${captions}`);
});
