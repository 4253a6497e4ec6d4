// report_is_harmless.js REPORT: a corpus, a title and a path with HTML in them are text alone.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { check, equal, withPage } from "./page.js";

await withPage({}, async (page, watched) => {
    await page.goto(pathToFileURL(resolve(process.argv[2])).href);
    await page.waitForSelector("html[data-ready]");
    equal(watched.faults.join("; "), "", "faults of the page, dialogs among them");
    equal(await page.locator("script").count(), 5, "scripts");
    equal(await page.locator("img, iframe, object, embed, link, base").count(), 0, "elements that load");
    equal(await page.locator("h1").textContent(), '<script>alert(3)</script> & "quotes" {{data}}', "the title");
    check((await page.locator("#texts article").first().textContent()).includes("<"), "texts have what models wrote");
    check((await page.locator("#about").textContent()).includes("a 'run' <b>\"here\"/hostile"), "the directory");
    // The policy for scripts is in force: nothing but the page's own runs.
    await page.evaluate(() => {
        const script = document.createElement("script");
        script.textContent = "document.title = 'broken'";
        document.body.append(script);
    });
    check((await page.title()) !== "broken", "a script that is put into the page does not run");
});
