// Reads a Parquet file with hyparquet and compares it with the same table as CSV: every name, type and
// value. Prints how many rows and row groups there were.
//
//     node compare.js TABLE.parquet TABLE.csv
import { readFileSync } from 'node:fs'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'

// RFC 4180
function* csvRows(text) {
    let row = [], at = 0
    while (at < text.length) {
        let cell = ''
        if (text[at] === '"') {
            at++
            while (text[at] !== '"' || text[at + 1] === '"') {
                if (text[at] === '"') at++
                cell += text[at++]
            }
            at++
        } else {
            while (text[at] !== ',' && text[at] !== '\r') cell += text[at++]
        }
        row.push(cell)
        if (text[at++] === '\r') {
            at++
            yield row
            row = []
        }
    }
}

function shown(value, type) {
    if (type === 'DOUBLE' && typeof value === 'number') return value
    if (type === 'INT64' && typeof value === 'bigint') return value.toString()
    if (type === 'BYTE_ARRAY' && typeof value === 'string') return value
    throw new Error(`a ${typeof value} in a column of ${type}`)
}

function real(text) {
    if (text === 'inf') return Infinity
    return text === '-inf' ? -Infinity : Number(text)
}

const bytes = readFileSync(process.argv[2])
const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
const metadata = parquetMetadata(file)
const rows = csvRows(readFileSync(process.argv[3], 'utf8'))
const names = rows.next().value
const columns = metadata.schema.slice(1)
if (columns.map(c => c.name).join() !== names.join())
    throw new Error(`columns ${columns.map(c => c.name)}, wanted ${names}`)
let count = 0
for (const object of await parquetReadObjects({ file, metadata })) {
    const row = rows.next().value
    if (!row) throw new Error('more rows than the CSV has')
    columns.forEach((column, c) => {
        const value = shown(object[column.name], column.type)
        const wanted = column.type === 'DOUBLE' ? real(row[c]) : row[c]
        if (!Object.is(value, wanted))
            throw new Error(`row ${count}, ${column.name}: ${value}, wanted ${wanted}`)
    })
    count++
}
if (!rows.next().done || BigInt(count) !== metadata.num_rows)
    throw new Error(`${count} rows, fewer than the CSV has or another number than is said`)
console.log(`${count} rows in ${metadata.row_groups.length} groups of ${columns.map(c => c.type).join()}`)
