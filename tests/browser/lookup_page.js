// lookup_page.js ADDRESS TEXT ANSWER HOSTILE BUNDLE: a text is pasted, and dropped; the parts that are marked are those of
// ANSWER, which the program printed; a hostile one does nothing; the evidence is saved to BUNDLE.
import { readFileSync } from "node:fs";
import { check, equal, seriousFindings, withPage } from "./page.js";

const [address, textFile, answerFile, hostileFile, bundle] = process.argv.slice(2);
const text = readFileSync(textFile, "utf8");
const answer = JSON.parse(readFileSync(answerFile, "utf8"));
const hostile = readFileSync(hostileFile, "utf8");

async function checkPage(page, watched, what) {
    equal((await seriousFindings(page)).join("\n"), "", `axe-core, ${what}`);
    equal(watched.faults.join("; "), "", `faults of ${what}`);
    check(watched.requests.every((url) => url.startsWith(address) || url.startsWith(`blob:${address}`)), `${what} asks nobody else`);
}

// The text of each part that is marked, without the tag before it.
const marked = (page) => page.locator("#marked mark").evaluateAll((all) =>
    all.map((mark) => [mark.className, mark.lastChild.textContent]));

async function checkParts(page, what) {
    const letters = Array.from(text);
    const seen = await marked(page);
    check(answer.spans.length > 0, `the program finds parts, ${what}`);
    equal(JSON.stringify(seen), JSON.stringify(answer.spans.map(({ label, begin, end }) => [label, letters.slice(begin, end).join("")])),
        `the parts, ${what}`);
    equal(await page.locator("#marked").evaluate((pre) =>
        [...pre.childNodes].map((node) => node.nodeType === Node.TEXT_NODE ? node.textContent : node.lastChild.textContent).join("")), text,
        `the whole text, ${what}`);
    equal(await page.locator("#verdict").textContent(), answer.unproven ? (answer.complete ? "no label" : "not proven") : answer.label, `the verdict, ${what}`);
}

async function paste(page, watched) {
    await page.goto(`${address}/lookup`);
    await page.getByLabel("Text: paste it").fill(text);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter"); // on the button
    await page.locator("#answer").waitFor();
    await checkParts(page, "pasted");
    const row = page.locator("#claims tbody tr").first();
    const claim = answer.spans[0].emission;
    equal((await row.locator("td").allTextContents()).slice(2).join("|"),
        ["model", "model", claim.claimed_by, claim.of, "1 to 3", claim.since.replace("T", " ").replace(/:\d\dZ$/, ""), `${claim.entry}`,
            `${claim.witnesses_cosigned} of ${claim.witnesses_of_policy}`, `${claim.operators}`].join("|"), "a claim");
    check((await page.locator("#unproven").textContent()).includes(answer.coverage), "what is not proven");
    const mark = page.locator("#marked mark").first();
    equal(await mark.evaluate((one) => getComputedStyle(one).textDecorationLine), "underline", "not by colour alone");
    await page.getByRole("link", { name: "1 model, as claimed by lab", exact: true }).click();
    check(page.url().endsWith("#span-1"), "a part leads to its claim");
    const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the evidence" }).click()]);
    equal(saved.suggestedFilename(), "evidence.bundle", "the evidence's name");
    await saved.saveAs(bundle);
    await checkPage(page, watched, "a pasted text");
}

async function drop(page, watched) {
    await page.goto(address);
    const data = await page.evaluateHandle((content) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([content], "dropped.txt", { type: "text/plain" }));
        return transfer;
    }, text);
    await page.dispatchEvent("#text", "drop", { dataTransfer: data });
    await page.locator("#answer").waitFor();
    await checkParts(page, "dropped");
    await page.setInputFiles("#file", { name: "bad.txt", mimeType: "text/plain", buffer: Buffer.from([0x61, 0xff, 0xfe]) });
    await page.getByText("bad.txt is no text in UTF-8").waitFor();
    await page.setInputFiles("#file", { name: "long.txt", mimeType: "text/plain", buffer: Buffer.alloc(4 * 1024 * 1024 + 1, 97) });
    await page.getByText("long.txt is longer than 4 MiB").waitFor();
    await checkPage(page, watched, "a dropped text");
}

async function padded(page) {
    await page.goto(`${address}/lookup`);
    await page.locator("#text").fill(hostile + " ".repeat(hostile.length * 2));
    await page.getByRole("button", { name: "Look it up" }).click();
    await page.locator("#answer").waitFor();
    equal(await page.locator("#verdict").textContent(), "not proven", "the verdict of a padded text");
    check((await page.locator("#says").textContent()).includes("too little or too common for a label of the whole"), "it is claimed in part");
}

async function harmless(page, watched) {
    await page.goto(`${address}/lookup`);
    await page.locator("#text").fill(hostile);
    await page.getByRole("button", { name: "Look it up" }).click();
    await page.locator("#answer").waitFor();
    equal(await page.locator("#verdict").textContent(), "human", "the verdict of the hostile text");
    check((await page.locator("#marked").textContent()).includes("<script>alert(1)</script>"), "it is shown as it is");
    equal(await page.locator("main img, main svg, main script").count(), 0, "elements that it made");
    check((await page.locator("#claims").textContent()).includes("<img src=x onerror=alert(4)>"), "and its claim");
    await page.locator("#text").fill("");
    await page.getByRole("button", { name: "Look it up" }).click();
    await page.locator("#verdict", { hasText: "not proven" }).waitFor();
    await checkPage(page, watched, "a hostile text");
}

async function log(page, watched) {
    await page.goto(`${address}/lookup`);
    await page.locator("#statements tbody tr").nth(1).waitFor();
    equal((await page.locator("#statements tbody tr").nth(1).locator("td").allTextContents()).slice(0, 4).join("|"),
        "0|model emission|lab|lab.example/m", "a statement");
    check((await page.locator("#issuers").textContent()).includes("archive.example"), "an archive");
    check((await page.locator("#witnesses").textContent()).includes("north.example"), "a witness");
    check((await page.locator("#checkpoint").textContent()).startsWith("log.example\n2\n"), "the checkpoint");
    await checkPage(page, watched, "the log");
}

for (const options of [{ viewport: { width: 1280, height: 900 } },
    { viewport: { width: 390, height: 844 }, colorScheme: "dark" }])
    for (const part of [paste, drop, padded, harmless, log])
        await withPage(options, part);
