// lookup_log.js ADDRESS: a log of 122 statements is browsed to its first, a hundred at a time.
import { equal, seriousFindings, withPage } from "./page.js";

const [address] = process.argv.slice(2);

async function browse(page, watched) {
    const rows = page.locator("#statements tbody tr");
    const button = page.getByRole("button", { name: "Earlier statements" });
    await page.goto(`${address}/lookup`);
    await rows.nth(99).waitFor();
    equal(await rows.count(), 100, "the latest statements");
    await button.click();
    await rows.nth(121).waitFor();
    equal(await rows.count(), 122, "all statements");
    equal(await rows.last().locator("td").first().textContent(), "0", "the first statement");
    equal(await button.count(), 0, "a button where there are no more");
    equal((await seriousFindings(page)).join("\n"), "", "axe-core");
    equal(watched.faults.join("; "), "", "faults");
}

await withPage({ viewport: { width: 1280, height: 900 } }, browse);
