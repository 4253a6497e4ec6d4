// report_not_finite.js REPORT: of two runs, "narrow" whose variance falls to 0, and "few" whose samples are too small
// for one of its metrics: what is not finite is said, in words, and a metric that only one has is that one's.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { check, equal, withPage } from "./page.js";

await withPage({}, async (page, watched) => {
    await page.goto(pathToFileURL(resolve(process.argv[2])).href);
    await page.waitForSelector("html[data-ready]");
    // Rows of the table below a metric's chart: the series, and the numbers as they are shown and as they are.
    const rowsOf = async (metric) => {
        await page.locator(".metric select").first().selectOption(metric);
        const figure = page.locator(`figure[data-metric="${metric}"]`).first();
        await figure.locator("summary").click();
        await figure.locator("tbody tr").first().waitFor();
        return figure.locator("tbody tr").evaluateAll((rows) => rows.map((row) =>
            ({ name: row.cells[0].textContent, median: row.cells[2].textContent, exact: row.cells[2].dataset.value })));
    };
    const variance = await rowsOf("log_variance");
    const replaced = variance.filter(({ name }) => name.includes("replace"));
    equal(replaced.at(-1).median, "minus infinity", "the logarithm of no variance");
    equal(replaced.at(-1).exact, "-Infinity", "the same, exactly");
    check(Number.isFinite(Number(replaced[0].exact)), `it begins with a number: ${replaced[0].exact}`);
    check(variance.every(({ name }) => name.startsWith("narrow")), "the other run has no such metric");
    const exponent = await rowsOf("zipf_exponent");
    check(exponent.some(({ median }) => median === "not a number"), "an exponent that no sample gives");
    check(exponent.every(({ name }) => name.startsWith("few")), "nor has this one that of the other");
    check((await page.locator('#results td[data-metric="log_variance"]').allTextContents()).some((text) =>
        text.includes("minus infinity")), "the results say it, too");
    equal(watched.faults.join("; "), "", "faults of the page");
});
