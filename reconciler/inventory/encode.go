package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	// maxChunk keeps a ConfigMap, with its metadata, below the 1 MiB that the API server takes.
	maxChunk = 800 << 10
	// sumLength is how many hex digits of a chunk's sum stand in its name: 80 bits.
	sumLength = 20

	fieldManager   = "towline"
	indexKey       = "index.json"
	objectsKey     = "objects.json"
	headAnnotation = "towline.dev/inventory"
	formatVersion  = 1
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

// encode renders references as JSON arrays of at most maxChunk bytes, one object a line, so that a person can read and
// grep an inventory. There is always at least one array.
func encode(refs []ObjectRef) []string {
	var texts []string
	var chunk strings.Builder
	for _, ref := range refs {
		line, _ := json.Marshal(ref.Version + " " + ref.String()) // a string always can be
		if chunk.Len() > 0 && chunk.Len()+len(line)+3 > maxChunk {
			texts = append(texts, chunk.String()+"\n]\n")
			chunk.Reset()
		}
		if chunk.Len() == 0 {
			chunk.WriteString("[\n")
		} else {
			chunk.WriteString(",\n")
		}
		chunk.Write(line)
	}
	if chunk.Len() == 0 {
		return append(texts, "[\n]\n")
	}
	return append(texts, chunk.String()+"\n]\n")
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
	if contents.Format != formatVersion {
		return contents, fmt.Errorf("%w: format %d is not known, only %d", ErrCorrupt, contents.Format, formatVersion)
	}
	return contents, nil
}

// join checks the sum and the count of the whole and returns the references.
func (i index) join(texts []string) ([]ObjectRef, error) {
	if got := sum(strings.Join(texts, "")); got != i.Sum {
		return nil, fmt.Errorf("%w: sum %.12s was saved, %.12s is stored", ErrCorrupt, i.Sum, got)
	}
	refs := make([]ObjectRef, 0, i.Count)
	for _, text := range texts {
		var lines []string
		if err := json.Unmarshal([]byte(text), &lines); err != nil {
			return nil, fmt.Errorf("%w: decoding objects: %w", ErrCorrupt, err)
		}
		for _, line := range lines {
			version, name, _ := strings.Cut(line, " ")
			ref, err := ParseObjectRef(name)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
			}
			ref.Version = version
			refs = append(refs, ref)
		}
	}
	if len(refs) != i.Count {
		return nil, fmt.Errorf("%w: %d objects were saved, %d are stored", ErrCorrupt, i.Count, len(refs))
	}
	return refs, nil
}
