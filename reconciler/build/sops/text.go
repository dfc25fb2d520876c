package sops

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// entry is one line of a dotenv or ini file: a key and its value, or a section's head.
type entry struct {
	head    string // where key is empty
	section string
	key     string
	value   string
}

// flatMetadata puts the metadata together that stands in entries as sops's keys:
// age__list_0__map_enc for age[0].enc.
func flatMetadata(values map[string]string) (*metadata, error) {
	if values["mac"] == "" || values["lastmodified"] == "" {
		return nil, errNotEncrypted
	}
	tree := map[string]any{}
	for key, value := range values {
		value = strings.ReplaceAll(value, `\n`, "\n")
		list, rest, isList := strings.Cut(key, "__list_")
		if !isList {
			tree[key] = value
			if b, err := strconv.ParseBool(value); key == "mac_only_encrypted" && err == nil {
				tree[key] = b
			}
			continue
		}
		number, field, ok := strings.Cut(rest, "__map_")
		i, err := strconv.Atoi(number)
		if !ok || err != nil || i < 0 || i >= 1000 {
			return nil, fmt.Errorf("reading the metadata: the key %s", brief(key))
		}
		items, _ := tree[list].([]map[string]any)
		for len(items) <= i {
			items = append(items, map[string]any{})
		}
		items[i][field] = value
		tree[list] = items
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("reading the metadata: %w", err)
	}
	m := &metadata{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("reading the metadata: %w", err)
	}
	return m, nil
}

// text decrypts the values of entries and gives their plain text.
func (o *opener) text(e entry) (string, error) {
	path := []string{e.key}
	if e.section != "" {
		path = []string{e.section, e.key}
	}
	value, err := o.leaf(path, e.value)
	if err != nil {
		return "", err
	}
	switch value := value.(type) {
	case string:
		return value, nil
	case float:
		return value.text, nil
	case comment:
		return "", errors.New("a comment in the place of a value")
	}
	return fmt.Sprint(value), nil
}

type dotenvFormat struct{}

func (dotenvFormat) open(data []byte, k opening) ([]byte, error) {
	var entries []entry
	flat := map[string]string{}
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		text := string(line)
		key, value, ok := strings.Cut(text, "=")
		own, isMetadata := strings.CutPrefix(key, "sops_")
		switch {
		case text == "", text[0] == '#': // comments may be encrypted
		case !ok:
			return nil, errNotEncrypted
		case isMetadata:
			flat[own] = value
		default:
			entries = append(entries, entry{key: key, value: strings.ReplaceAll(value, `\n`, "\n")})
		}
	}
	m, err := flatMetadata(flat)
	if err != nil {
		return nil, err
	}
	o, err := k(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, e := range entries {
		value, err := o.text(e)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "%s=%s\n", e.key, strings.ReplaceAll(value, "\n", `\n`))
	}
	return out.Bytes(), o.verify()
}
