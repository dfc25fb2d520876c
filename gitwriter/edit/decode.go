package edit

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// decode reads all documents. The parser knows YAML 1.1 only, in name: a file that
// calls itself 1.2 is read as if it said 1.1, which has as many bytes. JSON may have
// comments.
func decode(data []byte) ([]*yaml.Node, error) {
	docs, err := decodeAll(data)
	if err == nil {
		return docs, nil
	}
	if older := bytes.ReplaceAll(data, []byte("\n%YAML 1.2"), []byte("\n%YAML 1.1")); !bytes.Equal(older, data) || startsWith12(data) {
		if startsWith12(older) {
			older[bytes.IndexByte(older, '.')+1] = '1'
		}
		return decodeAll(older)
	}
	if plain, ok := uncommented(data); ok {
		if docs, err := decodeAll(plain); err == nil {
			return docs, nil
		}
	}
	return nil, err
}

// startsWith12 tells whether a file begins with the directive %YAML 1.2.
func startsWith12(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("%YAML 1.2"))
}

// decodeAll reads all documents. The parser panics on a few inputs that it doesn't
// expect; what a repository holds must not stop the bot.
func decodeAll(data []byte) (docs []*yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			docs, err = nil, fmt.Errorf("the parser gave up: %v", r)
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		n := new(yaml.Node)
		if err := d.Decode(n); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		docs = append(docs, n)
	}
}
