package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	// maxChunk keeps a ConfigMap, with its metadata, below the 1 MiB that the API server takes.
	maxChunk = 800 << 10
	// fullChunk is the size from which a chunk ends at the next object whose name says so. Boundaries that hang on names and
	// not on sizes stay where they are when an object changes, so that a save writes the one chunk that holds it.
	fullChunk = 160 << 10
	// boundaries is how many objects there are to one that may end a chunk.
	boundaries = 64
	// sumLength is how many hex digits of a chunk's sum stand in its name: 80 bits.
	sumLength = 20

	fieldManager   = "towline"
	indexKey       = "index.json"
	objectsKey     = "objects.json"
	headAnnotation = "towline.dev/inventory"
	firstFormat    = 1 // names alone
	formatVersion  = 2 // names and sums
)

// index is the head's table of contents: how many objects there must be, their sum, and the chunks that hold them, in
// order. Without chunks the head holds them itself.
type index struct {
	Format int      `json:"format"`
	Count  int      `json:"count"`
	Sum    string   `json:"sum"`
	Chunks []string `json:"chunks,omitempty"`
}

func (s *Store) newHead(texts []string) *corev1.ConfigMap {
	contents := index{Format: formatVersion, Sum: sum(strings.Join(texts, ""))}
	data := make(map[string]string, 2)
	for _, text := range texts {
		contents.Count += countLines(text)
		if len(texts) > 1 {
			contents.Chunks = append(contents.Chunks, s.chunkName(text))
		}
	}
	if len(texts) == 1 {
		data[objectsKey] = texts[0]
	}
	encoded, _ := json.Marshal(contents) // a struct of strings and numbers always can be
	data[indexKey] = string(encoded)
	return s.configMap(s.name, data)
}

func (s *Store) chunkName(text string) string {
	return s.name + "-" + sum(text)[:sumLength]
}

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// encode renders items as JSON arrays, one object a line, so that a person can read and grep an inventory: as one array
// while it has at most maxChunk bytes, and else as several of which each is somewhat longer than fullChunk. There is always
// at least one array.
func encode(items []Item) []string {
	lines := make([]string, len(items))
	total := 0
	for i, item := range items {
		line, _ := json.Marshal(item.line()) // a string always can be
		lines[i] = string(line)
		total += len(line) + 2
	}
	if total <= maxChunk {
		return []string{array(lines)}
	}
	var texts []string
	first, size := 0, 0
	for i, line := range lines {
		if size+len(line)+2 > maxChunk {
			texts, first, size = append(texts, array(lines[first:i])), i, 0
		}
		size += len(line) + 2
		if size >= fullChunk && crc32.ChecksumIEEE([]byte(items[i].String()))%boundaries == 0 {
			texts, first, size = append(texts, array(lines[first:i+1])), i+1, 0
		}
	}
	if first < len(lines) {
		texts = append(texts, array(lines[first:]))
	}
	return texts
}

func array(lines []string) string {
	if len(lines) == 0 {
		return "[\n]\n"
	}
	return "[\n" + strings.Join(lines, ",\n") + "\n]\n"
}

// countLines counts the objects of one array of encode: every line that isn't a bracket.
func countLines(text string) int {
	return strings.Count(text, "\n") - 2
}

func decodeIndex(head *corev1.ConfigMap) (index, error) {
	var contents index
	text, ok := head.Data[indexKey]
	if !ok {
		return contents, fmt.Errorf("%w: it has no %s", ErrCorrupt, indexKey)
	}
	if err := json.Unmarshal([]byte(text), &contents); err != nil {
		return contents, fmt.Errorf("%w: decoding %s: %w", ErrCorrupt, indexKey, err)
	}
	if contents.Format != firstFormat && contents.Format != formatVersion {
		return contents, fmt.Errorf("%w: format %d is not known, only %d and %d", ErrCorrupt, contents.Format, firstFormat, formatVersion)
	}
	return contents, nil
}

// join checks the sum and the count of the whole and returns the items.
func (i index) join(texts []string) ([]Item, error) {
	if got := sum(strings.Join(texts, "")); got != i.Sum {
		return nil, fmt.Errorf("%w: sum %.12s was saved, %.12s is stored", ErrCorrupt, i.Sum, got)
	}
	parse := parseLine
	if i.Format == firstFormat {
		parse = parseFirst
	}
	var items []Item
	for _, text := range texts {
		var lines []string
		if err := json.Unmarshal([]byte(text), &lines); err != nil {
			return nil, fmt.Errorf("%w: decoding objects: %w", ErrCorrupt, err)
		}
		for _, line := range lines {
			item, err := parse(line)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
			}
			items = append(items, item)
		}
	}
	if len(items) != i.Count {
		return nil, fmt.Errorf("%w: %d objects were saved, %d are stored", ErrCorrupt, i.Count, len(items))
	}
	return items, nil
}
