// dashboard_stops.js ADDRESS RUN: a run is stopped from its page, by keyboard, once that is confirmed.
import { check, equal, withPage } from "./page.js";

const [address, run] = process.argv.slice(2);

await withPage({ viewport: { width: 1280, height: 900 } }, async (page, watched) => {
    const asked = [];
    page.removeAllListeners("dialog");
    page.on("dialog", (dialog) => {
        asked.push(dialog.message());
        void (asked.length === 1 ? dialog.dismiss() : dialog.accept());
    });
    for (let tries = 0; tries < 100; tries++) {
        const there = await page.request.get(`${address}/api/runs/${run}`);
        if (there.ok() && (await there.json()).progress) break;
        await page.waitForTimeout(200);
    }
    await page.goto(`${address}/runs/${run}`);
    const stop = page.getByRole("button", { name: "Stop the run" });
    await stop.waitFor();
    await stop.focus();
    await page.keyboard.press("Enter");
    await page.waitForTimeout(1500);
    equal(await page.locator("#state").textContent(), "running", "the state when it was not confirmed");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.getElementById("state").textContent === "stopped");
    check(await stop.isHidden(), "what has stopped cannot be stopped");
    equal(asked.length, 2, "questions");
    equal(watched.faults.join("; "), "", "faults of the page");
});
