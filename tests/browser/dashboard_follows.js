// dashboard_follows.js ADDRESS RUN FILE: a run, which begins when FILE is there, is watched from its start to
// its end, from the list and its page, which are never loaded anew.
import { writeFileSync } from "node:fs";
import { check, equal, seriousFindings, withPage } from "./page.js";

const [address, run, file] = process.argv.slice(2);

await withPage({ viewport: { width: 1280, height: 900 } }, async (page, watched) => {
    await page.goto(address);
    await page.locator("#runs tbody tr").first().waitFor();
    writeFileSync(file, "");
    const row = page.locator("#runs tbody tr", { hasText: run });
    await row.locator("progress").waitFor({ timeout: 60000 });
    const before = await row.locator("progress").evaluate((bar) => bar.value);
    await page.waitForFunction(([old, name]) => [...document.querySelectorAll("#runs tbody tr")].some((one) =>
        one.textContent.includes(name) && one.querySelector("progress")?.value > old), [before, run]);
    // Nothing is heard while the page is hidden, and all of it again when it is seen.
    const streams = () => watched.requests.filter((url) => url.endsWith("/api/events")).length;
    const show = (hidden) => page.evaluate((value) => {
        Object.defineProperty(document, "hidden", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    equal(streams(), 1, "streams of a page");
    await show(true);
    const then = await row.locator("progress").evaluate((bar) => bar.value);
    await page.waitForTimeout(1500);
    equal(await row.locator("progress").evaluate((bar) => bar.value), then, "what a hidden page shows");
    const again = page.waitForRequest((request) => request.url().endsWith("/api/events"));
    await show(false);
    await again;
    await page.waitForFunction(([old, name]) => [...document.querySelectorAll("#runs tbody tr")].some((one) =>
        one.textContent.includes(name) && one.querySelector("progress")?.value > old), [then, run]);
    await row.getByRole("link").click();
    await page.locator("#going progress").waitFor();
    equal((await seriousFindings(page)).join("\n"), "", "axe-core, while it runs");
    equal(await page.locator("#state").textContent(), "running", "the state");
    const seen = new Set();
    while (await page.locator("#state").textContent() === "running") {
        seen.add(await page.locator("#bar").evaluate((bar) => bar.value));
        await page.waitForTimeout(250);
    }
    check(seen.size >= 2, `it went on: ${[...seen]}`);
    const values = [...seen];
    check(values.every((value, i) => i === 0 || value > values[i - 1]), "it went on and never back");
    equal(await page.locator("#state").textContent(), "complete", "the state at the end");
    await page.locator("#table tbody tr").first().waitFor();
    await page.waitForFunction(() => document.getElementById("log").textContent.includes(" complete"));
    check(await page.locator("#going").isHidden(), "no progress at the end");
    // Between its first line and its last there is one for each generation that took long.
    const log = (await page.locator("#log").textContent()).split("\n").filter(Boolean);
    check(log[0].includes(" started: ") && log.at(-1).includes(" complete"), `the log: ${log}`);
    check(log.slice(1, -1).every((line) => line.includes(" generation ")), `between: ${log}`);
    equal(watched.faults.join("; "), "", "faults of the page");
});
