// Times the library `tokenizers` (npm package, 0.23.2) on one core, as bench_tokenizer.sh asks.
// Prints seconds, the median of three. Encoding line by line, which is its fastest way.
//
//   node bench_tokenizer.js encode TOKENIZER_JSON TEXT
//   node bench_tokenizer.js train TEXT
process.env.RAYON_NUM_THREADS = "1";
const fs = require("fs");
const { BPE, Tokenizer, byteLevelPreTokenizer } = require("tokenizers");

async function encode(path, text) {
  const tokenizer = Tokenizer.fromFile(path);
  const lines = fs.readFileSync(text, "utf8").split(/(?<=\n)/);
  const start = process.hrtime.bigint();
  await tokenizer.encodeBatch(lines, { addSpecialTokens: false });
  return process.hrtime.bigint() - start;
}

// The vocabulary that it makes when it is not told otherwise: 30,000 tokens.
function train(text) {
  const tokenizer = new Tokenizer(BPE.empty());
  tokenizer.setPreTokenizer(byteLevelPreTokenizer(false, true));
  const start = process.hrtime.bigint();
  tokenizer.train([text]);
  return process.hrtime.bigint() - start;
}

async function main([work, ...paths]) {
  const times = [];
  for (let i = 0; i < 3; i++)
    times.push(Number(await (work === "train" ? train(...paths) : encode(...paths))) / 1e9);
  times.sort((a, b) => a - b);
  console.error(times[1].toFixed(6));
}

main(process.argv.slice(2));
