// report_opens.js REPORT SUMMARY: what the page shows, held against the export of the run; controls.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { check, equal, readCsv, seriousFindings, withPage } from "./page.js";

const [report, summary] = process.argv.slice(2);
const rows = readCsv(summary);

// What a canvas shows, as something that can be compared.
const picture = (page, index = 0) => page.locator(".plot canvas").nth(index).evaluate((canvas) => canvas.toDataURL());

async function compareTable(page, metric) {
    const figure = page.locator(`figure[data-metric="${metric}"]`).first();
    await figure.locator("summary").click();
    const table = figure.locator("tbody tr");
    await table.first().waitFor();
    const seen = await table.evaluateAll((all) => all.map((row) =>
        [row.querySelector("th").textContent, ...[...row.querySelectorAll("td")].map((cell) => cell.dataset.value)]));
    const wanted = rows.filter((row) => row.metric === metric);
    equal(seen.length, wanted.length, `rows of ${metric}`);
    for (const [arm, generation, ...values] of seen) {
        const row = wanted.find((one) => one.arm === arm && one.generation === generation);
        check(row, `${metric} of ${arm} at ${generation} is exported`);
        ["median", "low", "high", "mean", "standard_error", "seeds", "n"].forEach((name, i) =>
            equal(Number(values[i]), Number(row?.[name]), `${metric} of ${arm} at ${generation}: ${name}`));
    }
}

async function compareResults(page, metric) {
    const wanted = rows.filter((row) => row.metric === metric && row.generation === "5");
    for (const row of wanted)
        equal(Number(await page.locator(`tr[data-arm="${row.arm}"] td[data-metric="${metric}"]`).getAttribute("data-value")),
            Number(row.median), `the result of ${row.arm}, ${metric}`);
    check(wanted.length > 0, `${metric} is among the results`);
}

await withPage({ viewport: { width: 1280, height: 900 } }, async (page, watched) => {
    await page.goto(pathToFileURL(resolve(report)).href);
    await page.waitForSelector("html[data-ready]");
    equal(watched.faults.join("; "), "", "faults of the page");
    equal(watched.requests.length, 1, "requests, the file itself among them");
    check((await page.locator("#summary p").count()) >= 3, "a summary in words");

    const metric = await page.locator("figure").first().getAttribute("data-metric");
    await compareResults(page, metric);
    await compareTable(page, metric);

    // Of a metric that differs between seeds, or bands are lines
    await page.locator(".metric select").first().selectOption("perplexity");
    let before = await picture(page);
    for (const control of ["Log axis", "Bands (10 % to 90 % of seeds)", "Every seed", "Seed 2", "replace"]) {
        await page.getByLabel(control, { exact: true }).first().click();
        const after = await picture(page);
        check(after !== before, `'${control}' draws the chart anew`);
        before = after;
    }
    check(!await page.getByLabel("Every seed", { exact: true }).isChecked(), "every seed but one is not every seed");
    const lines = () => page.evaluate(() => Object.values(Chart.instances)[0].data.datasets
        .filter((dataset) => dataset.isEdge && dataset.borderWidth === 1).length);
    equal(await lines(), 6, "lines of two of three seeds under the three policies that are shown");
    const described = () => page.locator(".plot canvas").first().getAttribute("aria-label");
    check(!(await described()).includes("replace"), "a policy that is off is not described");
    await page.getByLabel("replace", { exact: true }).first().click();
    check((await described()).includes("replace"), "a policy that is on again is");

    // Zoom: by dragging and by typing
    await page.locator(".plot").first().scrollIntoViewIfNeeded();
    let box = await page.locator(".plot").first().boundingBox();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2, { steps: 3 });
    await page.mouse.up();
    const from = page.getByLabel("First generation that is drawn");
    check(Number(await from.inputValue()) > 0, "dragging zooms");
    await page.getByRole("button", { name: "Reset zoom" }).click();
    equal(await from.inputValue(), "0", "the reset zoom");
    before = await picture(page);
    await from.fill("3");
    await from.blur();
    check(await picture(page) !== before, "typing zooms");

    // Another metric, and values under the pointer
    await page.locator(".metric select").first().selectOption("entropy");
    await compareTable(page, "entropy");
    await page.locator(".plot").first().scrollIntoViewIfNeeded();
    box = await page.locator(".plot").first().boundingBox();
    before = await picture(page);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.waitForTimeout(100);
    check(await picture(page) !== before, "values are shown where the pointer is");

    // What is not in it, and the commands that bring it
    const further = await page.locator("#further").textContent();
    check(further.includes("--attribution") && further.includes("--set generations=12"), "attribution and further generations have a place");

    const theme = page.getByRole("button", { name: /colours/ });
    equal((await seriousFindings(page)).join("\n"), "", "axe-core, light");
    await theme.click();
    equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark", "the theme");
    equal((await seriousFindings(page)).join("\n"), "", "axe-core, dark");
    equal(watched.faults.join("; "), "", "faults of the page at the end");
});

await withPage({ viewport: { width: 390, height: 844 }, colorScheme: "dark" }, async (page, watched) => {
    await page.goto(pathToFileURL(resolve(report)).href);
    await page.waitForSelector("html[data-ready]");
    equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark", "the theme that is preferred");
    equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, "the width on a telephone");
    equal((await seriousFindings(page)).join("\n"), "", "axe-core, narrow");
    equal(watched.faults.join("; "), "", "faults, narrow");
});
