// report_unfolds.js REPORT: what is folded on the screen, of a report of many runs, is all on paper.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { check, equal, withPage } from "./page.js";

await withPage({}, async (page, watched) => {
    await page.goto(pathToFileURL(resolve(process.argv[2])).href);
    await page.waitForSelector("html[data-ready]");
    const folds = page.locator("main .folds details");
    const open = () => page.locator("main .folds details[open]").count();
    const boxes = await page.locator("main .folds").count();
    check(boxes >= 3, `summaries, results and settings are folded, saw ${boxes}`);
    equal(await folds.count(), 5 * boxes, "folds");
    equal(await folds.first().locator(":scope > :not(summary)").first().isVisible(), false, "a fold's words, on the screen");
    await folds.first().locator("summary").click();
    equal(await open(), 1, "folds that a reader opened");

    // Words of every fold, each as often as it has to be there.
    const wanted = new Map();
    for (const words of await folds.evaluateAll((all) => all.flatMap((fold) =>
        [...fold.querySelectorAll("p, caption > :first-child, tbody th")].map((one) => one.textContent))))
        wanted.set(words, (wanted.get(words) ?? 0) + 1);
    check(wanted.size > 10, `words to be found, saw ${wanted.size}`);
    const squeezed = (text) => text.replace(/[\s\u00ad-]+/g, ""); // lines are broken anywhere
    writeFileSync("five.pdf", await page.pdf({ format: "A4" }));
    const printed = squeezed(execFileSync("pdftotext", ["-raw", "five.pdf", "-"], { encoding: "utf8" }));
    for (const [words, times] of wanted) {
        const seen = printed.split(squeezed(words)).length - 1;
        check(seen >= times, `on paper ${seen} times, wanted ${times}: ${words}`);
    }
    equal(await open(), 1, "folds that are open after printing");
    equal(watched.faults.join("; "), "", "faults of the page");
});
