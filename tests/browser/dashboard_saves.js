// dashboard_saves.js ADDRESS RECORDS: every number of run "a" as a file, and of "torn", its copy with the
// records of one arm damaged, all but those, which the page says.
import { readFileSync } from "node:fs";
import { check, equal, withPage } from "./page.js";

const [address, records] = process.argv.slice(2);
const whole = readFileSync(records, "utf8");

async function saved(page, run) {
    await page.goto(`${address}/runs/${run}`);
    await page.locator("#results").waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"),
        page.getByRole("link", { name: "CSV", exact: true }).click()]);
    await page.waitForFunction(() => document.getElementById("saving").textContent === "");
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

await withPage({}, async (page, watched) => {
    const all = await saved(page, "a");
    equal(all.name, "a.csv", "a file's name");
    check(all.text === whole, "the file is what 'export' writes");
    check(await page.locator("#message").isHidden(), "no warning of a sound run");

    const left = await saved(page, "torn");
    equal(left.name, "torn-incomplete.csv", "the name of a file that lacks something");
    check(left.text === whole.split("\r\n").filter((row) => !row.startsWith("replace,")).join("\r\n"), "the other arms");
    const words = await page.locator("#message").textContent();
    check(words.startsWith("The file is not complete: the server left out arm 'replace' seed 1-4:"), `the warning: ${words}`);
    check(words.includes("torn/arms/replace/"), `it names the file: ${words}`);
    equal(watched.faults.join("; "), "", "faults of the page");
});
