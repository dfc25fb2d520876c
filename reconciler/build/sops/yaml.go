package sops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

type yamlFormat struct{}

// open decrypts the documents of a YAML file. SOPS writes its metadata into the first
// or into all of them; where another document brings metadata of its own, it was
// encrypted by itself. Documents above the first that has any are plain.
func (yamlFormat) open(data []byte, k opening) ([]byte, error) {
	docs, err := documents(data)
	if err != nil {
		return nil, err
	}
	var o *opener
	for _, doc := range docs {
		m, err := takeMetadata(doc)
		if err != nil {
			return nil, err
		}
		if m != nil && (o == nil || m.MAC != o.meta.MAC) {
			if o != nil {
				if err := o.verify(); err != nil {
					return nil, err
				}
			}
			if o, err = k(m); err != nil {
				return nil, err
			}
		}
		if o == nil {
			continue
		}
		if err := o.node(nil, doc); err != nil {
			return nil, err
		}
	}
	if o == nil {
		return nil, errNotEncrypted
	}
	if err := o.verify(); err != nil {
		return nil, err
	}
	return encode(docs)
}

// documents gives the root of each document.
func documents(data []byte) ([]*yaml.Node, error) {
	var docs []*yaml.Node
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, errNotEncrypted // whoever reads it will say what is wrong with it
		}
		docs = append(docs, doc.Content...)
	}
}

// takeMetadata takes the field sops out of a document, if it is SOPS's.
func takeMetadata(doc *yaml.Node) (*metadata, error) {
	if doc.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(doc.Content); i += 2 {
		if doc.Content[i].Value != "sops" || doc.Content[i+1].Kind != yaml.MappingNode {
			continue
		}
		m := &metadata{}
		if err := doc.Content[i+1].Decode(m); err != nil {
			return nil, fmt.Errorf("reading the field sops: %w", err)
		}
		if m.MAC == "" {
			return nil, nil
		}
		doc.Content = append(doc.Content[:i:i], doc.Content[i+2:]...)
		return m, nil
	}
	return nil, nil
}

// node decrypts a value in its place.
func (o *opener) node(path []string, n *yaml.Node) error {
	if len(path) > maxDepth {
		return fmt.Errorf("values within values, more than %d deep", maxDepth)
	}
	n.HeadComment, n.LineComment, n.FootComment = "", "", "" // may be encrypted too
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			key.HeadComment, key.LineComment, key.FootComment = "", "", ""
			if err := o.node(append(path, key.Value), n.Content[i+1]); err != nil {
				return err
			}
		}
	case yaml.SequenceNode:
		return o.items(path, n)
	case yaml.ScalarNode:
		_, err := o.scalar(path, n)
		return err
	default:
		return fmt.Errorf("line %d: an alias in an encrypted file", n.Line)
	}
	return nil
}

// items decrypts those of a list, and leaves comments out.
func (o *opener) items(path []string, n *yaml.Node) error {
	kept := n.Content[:0]
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			if err := o.node(path, item); err != nil {
				return err
			}
			kept = append(kept, item)
			continue
		}
		isComment, err := o.scalar(path, item)
		if err != nil {
			return err
		}
		if !isComment {
			kept = append(kept, item)
		}
	}
	n.Content = kept
	return nil
}

func (o *opener) scalar(path []string, n *yaml.Node) (isComment bool, err error) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	var before any
	if err := n.Decode(&before); err != nil {
		return false, fmt.Errorf("reading %s: %w", place(path), err)
	}
	after, err := o.leaf(path, before)
	if err != nil || !o.encrypted(path) {
		return false, err
	}
	anchor := n.Anchor
	switch value := after.(type) {
	case comment:
		return true, nil
	case string:
		if !utf8.ValidString(value) {
			return false, fmt.Errorf("%s isn't text", place(path))
		}
		*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: value}
	case timestamp:
		*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!timestamp", Value: string(value)}
	case float:
		*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: value.text}
	case int64:
		*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(value, 10)}
	case bool:
		*n = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(value)}
	}
	n.Anchor = anchor
	return false, nil
}

func encode(docs []*yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	for _, doc := range docs {
		if err := encoder.Encode(doc); err != nil {
			return nil, fmt.Errorf("encoding what was decrypted: %w", err)
		}
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("encoding what was decrypted: %w", err)
	}
	return out.Bytes(), nil
}
