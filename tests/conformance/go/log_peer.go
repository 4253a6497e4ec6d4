// A log's reader and writer on top of Go's golang.org/x/mod/sumdb/note and tlog, which know nothing
// of the project: tests/conformance/test_go_peers.c runs it.
//
//	log_peer check DIR    reads DIR's log with all its files, checkpoints and DIR/proofs
//	log_peer write DIR OLD NEW
//	                      writes a log of OLD entries, then of NEW, with DIR/proofs
//
// Lines of DIR/proofs: "record INDEX SIZE HASH..." and "tree OLD NEW HASH...".
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func read(name string) []byte {
	data, err := os.ReadFile(name)
	must(err)
	return data
}

func write(name string, data []byte) {
	must(os.MkdirAll(filepath.Dir(name), 0o777))
	must(os.WriteFile(name, data, 0o666))
}

// Go's paths have the height, those of tlog-tiles do not.
func tilePath(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}

func bundlePath(tile tlog.Tile) string {
	return strings.Replace(tilePath(tile), "tile/0/", "tile/entries/", 1)
}

type directory string // of a log

func (d directory) Height() int                     { return height }
func (d directory) SaveTiles([]tlog.Tile, [][]byte) {}
func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(d), tilePath(tile)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// Origin, size and root, each on its line.
func openCheckpoint(name string, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(read(name), note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		log.Fatalf("%s: no checkpoint of %s", name, verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: root}
}

func parseHashes(words []string) []tlog.Hash {
	hashes := []tlog.Hash{}
	for _, word := range words {
		hash, err := tlog.ParseHash(word)
		must(err)
		hashes = append(hashes, hash)
	}
	return hashes
}

func entriesOf(bundle []byte) [][]byte {
	var entries [][]byte
	for len(bundle) > 0 {
		size := int(binary.BigEndian.Uint16(bundle))
		entries = append(entries, bundle[2:2+size])
		bundle = bundle[2+size:]
	}
	return entries
}

// Every entry is the leaf that the checkpoint covers.
func checkEntries(dir string, tree tlog.Tree, hashes tlog.HashReader) {
	for first := int64(0); first < tree.N; first += 256 {
		tile := tlog.Tile{H: height, L: 0, N: first / 256, W: 256}
		if tree.N-first < 256 {
			tile.W = int(tree.N - first)
		}
		entries := entriesOf(read(filepath.Join(dir, bundlePath(tile))))
		if len(entries) != tile.W {
			log.Fatalf("%d entries in %s", len(entries), bundlePath(tile))
		}
		var indexes []int64
		for i := range entries {
			indexes = append(indexes, tlog.StoredHashIndex(0, first+int64(i)))
		}
		leaves, err := hashes.ReadHashes(indexes)
		must(err)
		for i, entry := range entries {
			if tlog.RecordHash(entry) != leaves[i] {
				log.Fatalf("entry %d is not the leaf", first+int64(i))
			}
		}
	}
}

func checkProof(line string, tree tlog.Tree, hashes tlog.HashReader) {
	words := strings.Fields(line)
	a, err := strconv.ParseInt(words[1], 10, 64)
	must(err)
	size, err := strconv.ParseInt(words[2], 10, 64)
	must(err)
	root, err := tlog.TreeHash(size, hashes)
	must(err)
	proof := parseHashes(words[3:])
	if words[0] == "record" {
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, a)})
		must(err)
		must(tlog.CheckRecord(proof, size, root, a, leaf[0]))
		return
	}
	old, err := tlog.TreeHash(a, hashes)
	must(err)
	must(tlog.CheckTree(proof, size, root, a, old))
}

func check(dir string) {
	verifier, err := note.NewVerifier(strings.TrimSpace(string(read(filepath.Join(dir, "vkey")))))
	must(err)
	tree := openCheckpoint(filepath.Join(dir, "checkpoint"), verifier)
	hashes := tlog.TileHashReader(tree, directory(dir)) // which checks tiles against the root
	checkEntries(dir, tree, hashes)
	kept := 0
	must(filepath.Walk(filepath.Join(dir, "checkpoints"),
		func(name string, about os.FileInfo, err error) error {
			// Beside each checkpoint lies the size of the next.
			if err != nil || about.IsDir() || strings.HasSuffix(name, ".next") {
				return err
			}
			old := openCheckpoint(name, verifier)
			kept++
			if old.N == 0 {
				return nil
			}
			proof, err := tlog.ProveTree(tree.N, old.N, hashes)
			must(err)
			return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
		}))
	proofs := strings.Split(strings.TrimSpace(string(read(filepath.Join(dir, "proofs")))), "\n")
	for _, line := range proofs {
		checkProof(line, tree, hashes)
	}
	fmt.Println(tree.N, kept, len(proofs))
}

// All hashes of a tree, as tlog numbers them.
type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, index := range indexes {
		hashes = append(hashes, m[index])
	}
	return hashes, nil
}

func entryOf(i int64) []byte {
	return bytes.Repeat([]byte(fmt.Sprintf("entry %d of Go\n", i)), int(i%5))
}

func writeTiles(dir string, old, size int64, hashes memory) {
	for _, tile := range tlog.NewTiles(height, old, size) {
		data, err := tlog.ReadTileData(tile, hashes)
		must(err)
		write(filepath.Join(dir, tilePath(tile)), data)
		if tile.L > 0 {
			continue
		}
		var bundle []byte
		for i := int64(0); i < int64(tile.W); i++ {
			entry := entryOf(tile.N*256 + i)
			bundle = append(bundle, byte(len(entry)>>8), byte(len(entry)))
			bundle = append(bundle, entry...)
		}
		write(filepath.Join(dir, bundlePath(tile)), bundle)
	}
}

func formatProof(kind string, a, size int64, proof []tlog.Hash) string {
	line := fmt.Sprintf("%s %d %d", kind, a, size)
	for _, hash := range proof {
		line += " " + base64.StdEncoding.EncodeToString(hash[:])
	}
	return line + "\n"
}

func writeLog(dir string, sizes []int64) {
	secret, public, err := note.GenerateKey(rand.Reader, "go.example/log")
	must(err)
	write(filepath.Join(dir, "vkey"), []byte(public+"\n"))
	signer, err := note.NewSigner(secret)
	must(err)
	var hashes memory
	proofs, old := "", int64(0)
	for _, size := range sizes {
		for i := old; i < size; i++ {
			more, err := tlog.StoredHashes(i, entryOf(i), hashes)
			must(err)
			hashes = append(hashes, more...)
		}
		writeTiles(dir, old, size, hashes)
		root, err := tlog.TreeHash(size, hashes)
		must(err)
		signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), size, root)},
			signer)
		must(err)
		write(filepath.Join(dir, "checkpoint"), signed)
		for i := int64(0); i < size; i += 1 + size/50 {
			proof, err := tlog.ProveRecord(size, i, hashes)
			must(err)
			proofs += formatProof("record", i, size, proof)
			between, err := tlog.ProveTree(size, i+1, hashes)
			must(err)
			proofs += formatProof("tree", i+1, size, between)
		}
		old = size
	}
	write(filepath.Join(dir, "proofs"), []byte(proofs))
}

func main() {
	log.SetFlags(0)
	if len(os.Args) == 3 && os.Args[1] == "check" {
		check(os.Args[2])
		return
	}
	if len(os.Args) != 5 || os.Args[1] != "write" {
		log.Fatal("usage: log_peer check DIR | log_peer write DIR OLD NEW")
	}
	var sizes []int64
	for _, word := range os.Args[3:] {
		size, err := strconv.ParseInt(word, 10, 64)
		must(err)
		sizes = append(sizes, size)
	}
	writeLog(os.Args[2], sizes)
}
