// report_prints.js REPORT: on paper no column of a wide table is cut off, and afterwards the page is as it was.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { check, equal, withPage } from "./page.js";

await withPage({}, async (page, watched) => {
    await page.goto(pathToFileURL(resolve(process.argv[2])).href);
    await page.waitForSelector("html[data-ready]");
    const wide = page.locator("#profile .wide");
    const arms = await wide.locator("thead th").allTextContents();
    for (const format of ["A4", "Letter"]) {
        writeFileSync("page.pdf", await page.pdf({ format, margin: { left: "1cm", right: "1cm", top: "1cm", bottom: "1cm" } }));
        const text = execFileSync("pdftotext", ["-raw", "page.pdf", "-"], { encoding: "utf8" }).replace(/\s+/g, " ");
        const profile = text.slice(text.indexOf("“Collapse” has eight"), text.indexOf("Theory beside measurement"));
        for (const arm of arms)
            check(profile.includes(arm), `${format}: the profile of ${arm}`);
        equal([...profile.matchAll(/columns \d+ to (\d+) of \d+/g)].at(-1)?.[1], String(arms.length), `${format}: the last column`);
        check(text.includes("generations that agree") && text.includes("that differ"), `${format}: the last columns of theory`);
    }
    // Nothing stands beyond the margin, which is where a page cuts it off.
    await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 660, height: 900 });
    const beyond = await page.locator("table").evaluateAll((tables) => tables.filter((table) =>
        table.getBoundingClientRect().right > innerWidth + 1).map((table) => `${table.caption.textContent}, ${table.getBoundingClientRect().right}`));
    equal(beyond.join("; "), "", "tables beyond the margin");
    await page.emulateMedia({ media: "screen" });
    await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
    equal(await page.locator(".parts, .cut").count(), 0, "what is left of printing");
    check(await wide.isVisible(), "the whole table on the screen");
    equal(watched.faults.join("; "), "", "faults of the page");
});
