// dashboard_shows.js ADDRESS SUMMARY COMPARISON: the list, a run and a comparison, by mouse and keyboard,
// held against what export and compare print.
import { readFileSync } from "node:fs";
import { check, equal, readCsv, seriousFindings, withPage } from "./page.js";

const [address, summary, comparison] = process.argv.slice(2);
const name = "b <img src=x onerror=alert(2)>\"x'";
const rows = readCsv(summary);
const compared = JSON.parse(readFileSync(comparison, "utf8"));

async function checkPage(page, watched, what) {
    equal((await seriousFindings(page)).join("\n"), "", `axe-core, ${what}`);
    equal(watched.faults.join("; "), "", `faults of ${what}`);
    check(watched.requests.every((url) => url.startsWith(address)), `${what} asks nobody else`);
}

async function list(page, watched) {
    await page.goto(address);
    const names = page.locator("#runs tbody td.name a");
    await names.nth(1).waitFor();
    equal((await names.allTextContents()).sort().join("|"), `a|${name}`, "the runs");
    equal(await page.locator("#runs tbody small").first().textContent(), "<script>alert(1)</script>", "a title");
    await checkPage(page, watched, "the list");

    await page.getByLabel("Search").fill("onerror");
    await page.waitForFunction(() => document.getElementById("count").textContent.startsWith("1 of 2"));
    equal(await names.count(), 1, "runs that a search finds");
    check(page.url().includes("search=onerror"), "the address has the search");
    await page.reload();
    await page.waitForFunction(() => document.getElementById("count").textContent.startsWith("1 of 2"));
    await page.getByLabel("Search").fill("");
    await page.waitForFunction(() => document.getElementById("count").textContent.startsWith("2 of 2"));

    await page.getByRole("button", { name: "Seeds" }).click();
    await page.waitForFunction(() => document.querySelector("th[aria-sort=ascending]")?.textContent.startsWith("Seeds"));
    equal((await names.allTextContents())[0], "a", "the run with fewest seeds");
    await page.getByLabel("Group by").selectOption("family");
    await page.locator("#runs summary").first().click();
    await names.nth(1).waitFor();
    check((await page.locator("#runs summary").first().textContent()).startsWith("discrete 2 runs"), "a group");
    await checkPage(page, watched, "groups");
}

async function run(page, watched) {
    await page.goto(`${address}/runs/a`);
    await page.locator("#table tbody tr").first().waitFor();
    equal(await page.locator("#state").textContent(), "complete", "the state");
    const metrics = await page.locator("#metric option").allTextContents();
    equal(metrics.join(), [...new Set(rows.map((row) => row.metric))].filter((metric) => !metric.includes("/")).join(),
        "the metrics");
    // A browser may not ask again for a figure that it has: what is waited for was never shown before.
    const [other, last] = metrics.slice(-2);
    equal(last, "heterozygosity", "the last metric");
    for (const metric of [await page.locator("#metric").inputValue(), last]) {
        const drawn = page.waitForResponse((answer) => answer.url().includes("/api/figure"));
        const told = page.waitForResponse((answer) => answer.url().includes("/summary?"));
        await page.locator("#metric").selectOption(metric === last ? metric : other);
        await Promise.all([drawn, told]);
        if (metric !== last) {
            const again = page.waitForResponse((answer) => answer.url().includes("/summary?"));
            await page.locator("#metric").selectOption(metric);
            await again;
        }
        await page.waitForFunction((wanted) => document.getElementById("figure").alt.startsWith(wanted), metric);
        await page.waitForTimeout(300);
        const shown = await page.locator("#table tbody tr").evaluateAll((all) => all.map((row) =>
            [row.cells[0].textContent, row.cells[1].dataset.value, row.cells[2].dataset.value, row.cells[5].textContent]));
        for (const [arm, , , n] of shown)
            equal(n.replaceAll(",", ""), rows.find((one) => one.arm === arm && one.metric === metric && one.generation === "5").n,
                `n of ${metric} of ${arm}`);
        for (const [arm, first, last] of shown)
            for (const [generation, seen] of [["0", first], ["5", last]]) {
                const row = rows.find((one) => one.arm === arm && one.metric === metric && one.generation === generation);
                equal(Number(seen), Number(row?.median), `${metric} of ${arm} at ${generation}`);
            }
        equal(shown.length, 3, `arms of ${metric}`);
    }
    check(await page.locator("#figure").evaluate((image) => image.complete && image.naturalWidth > 100), "the figure");
    const kinds = await page.locator("#kind option").allTextContents();
    equal(kinds.join(), "metric,profile,theory", "kinds of figures");
    for (const kind of kinds.reverse()) {
        const drawn = kind === "metric" ? null : page.waitForResponse((answer) => answer.url().includes(`kind=${kind}&`));
        await page.locator("#kind").selectOption(kind);
        if (drawn) equal((await drawn).status(), 200, `the figure of kind ${kind}`);
        check((await page.locator("#figure-pdf").getAttribute("href")).includes(`kind=${kind}&`), `its PDF, ${kind}`);
    }
    await page.locator("#replayed summary").click();
    check((await page.locator("#replayed pre").textContent()).includes("wellspring plot runs/a --kind zipf -o zipf.svg"),
        "how the others are drawn");
    check((await page.locator("#log").textContent()).includes("complete"), "the log");
    await page.locator("#settings").waitFor();
    const [report] = await Promise.all([page.waitForEvent("download"), page.locator("#report").click()]);
    equal(report.suggestedFilename(), "a.html", "the report's name");
    check(readFileSync(await report.path(), "utf8").includes("&lt;script&gt;") ||
        !readFileSync(await report.path(), "utf8").includes("<script>alert(1)"), "the report is escaped");
    await checkPage(page, watched, "a run");
}

async function compare(page, watched) {
    await page.goto(address);
    await page.getByLabel("Compare a", { exact: true }).check();
    await page.getByLabel(`Compare ${name}`, { exact: true }).check();
    await page.getByRole("button", { name: "Compare 2" }).click();
    await page.locator("#metrics tbody tr").first().waitFor();
    equal(await page.locator("#runs a").nth(1).textContent(), name, "the second run");
    equal(await page.locator("#settings tbody tr").first().textContent(), "seeds46", "a setting that differs");
    const shown = await page.locator("#metrics tbody tr").evaluateAll((all) => all.map((row) =>
        [row.cells[0].textContent, row.cells[1].textContent, Number(row.cells[2].textContent) - 1, row.cells[3].dataset.value]));
    const wanted = compared.rows.filter((row) => !row.metric.includes("/"));
    equal(shown.length, wanted.length, "rows of the comparison");
    shown.forEach(([metric, arm, at, median], i) => {
        equal(`${metric} ${arm} ${at}`, `${wanted[i].metric} ${wanted[i].arm} ${wanted[i].run}`, "a row");
        equal(Number(median), Number(wanted[i].over_seeds.median), `${metric} of ${arm}`);
    });
    await checkPage(page, watched, "a comparison");
}

// A run that cannot be read has a page that says so.
async function damaged(page, watched) {
    await page.goto(address);
    await page.locator("#damaged").waitFor();
    equal(await page.locator("#damaged summary").textContent(), "One run cannot be read", "runs that cannot be read");
    await page.goto(`${address}/runs/damaged`);
    await page.getByText("run.json:1").waitFor();
    equal((await seriousFindings(page)).join("\n"), "", "axe-core, a damaged run");
    equal(watched.faults.filter((fault) => !fault.startsWith("Failed to load")).join("; "), "", "faults of its page");
}

for (const options of [{ viewport: { width: 1280, height: 900 } },
    { viewport: { width: 390, height: 844 }, colorScheme: "dark" }])
    for (const part of [list, run, compare, damaged])
        await withPage(options, part);
