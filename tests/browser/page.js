// What browser tests share: a page that is watched, and checks that say what was seen.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export function check(is, what) {
    if (!is) {
        console.log(`FAILED: ${what}`);
        process.exitCode = 1;
    }
}

export function equal(seen, wanted, what) {
    check(Object.is(seen, wanted), `${what}: saw ${seen}, wanted ${wanted}`);
}

// Runs test(page, watched) in a fresh page. `watched` has what went wrong in it (faults) and the
// addresses that it asked for (requests).
export async function withPage(options, test) {
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: ["--no-sandbox"], // root has none
    });
    try {
        const page = await (await browser.newContext(options)).newPage();
        const watched = { faults: [], requests: [] };
        page.on("console", (message) => {
            if (["error", "warning"].includes(message.type()))
                watched.faults.push(message.text());
        });
        page.on("pageerror", (error) => watched.faults.push(error.message));
        page.on("dialog", (dialog) => {
            watched.faults.push(`dialog: ${dialog.message()}`);
            void dialog.dismiss();
        });
        page.on("request", (request) => watched.requests.push(request.url()));
        await test(page, watched);
    } finally {
        await browser.close();
    }
}

// Findings of axe-core that are serious or critical, in words. It is run beside the page's scripts,
// so that the page's own policy for scripts stays in force.
export async function seriousFindings(page) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) =>
        `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary ?? ""}`).join("; ")}`);
}

// Rows of a CSV file without quoted line feeds, as objects.
export function readCsv(path) {
    const cells = (line) => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].slice(0, -1)
        .map(([, cell]) => cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    const [head, ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
    const names = head.split(",");
    return lines.map((line) => Object.fromEntries(cells(line).map((cell, i) => [names[i], cell])));
}
