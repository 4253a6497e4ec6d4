// first_paint.js FILE: seconds until Chromium first paints something of the page, the median of 5.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { withPage } from "./page.js";

const seconds = [];
for (let i = 0; i < 5; i++)
    await withPage({}, async (page) => {
        await page.goto(pathToFileURL(resolve(process.argv[2])).href);
        await page.waitForSelector("html[data-ready]");
        seconds.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime / 1000));
    });
console.log(seconds.sort((a, b) => a - b)[2].toFixed(4));
